"""Reading cards from pictures: what a camera sees of a phone, and what strangers send."""

import struct
from collections.abc import Callable
from io import BytesIO
from random import Random

import pytest
from PIL import Image, ImageEnhance, ImageFilter
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage
from qrcode.main import QRCode
from werkzeug.test import TestResponse

from tests.cafe import Cafe
from tests.web.till import Till, stand_at
from walletpass.loyalty.ids import new_code
from walletpass.web.scanning import LARGEST_FRAME, MOST_PIXELS, UnreadableFrame, look

TABLE = (116, 92, 70)


def qr(text: str, size: int) -> Image.Image:
    """A QR code as a pass shows it."""
    code: QRCode[PilImage] = QRCode(error_correction=ERROR_CORRECT_M, border=4, image_factory=PilImage)
    code.add_data(text)
    drawn: Image.Image = code.make_image().get_image()
    return drawn.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)


def seen(text: str, size: int = 300, tilt: float = 0) -> Image.Image:
    """A camera's picture with the code of that size somewhere in it."""
    picture = Image.new("RGB", (640, 640), TABLE)
    code = qr(text, size).rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)
    picture.paste(code, ((640 - code.width) // 2, (640 - code.height) // 3))
    return picture


def jpeg(picture: Image.Image, quality: int = 60) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def noisy(picture: Image.Image) -> Image.Image:
    """The grain of a cheap camera in the evening."""
    grain = Image.frombytes("L", picture.size, Random(7).randbytes(picture.width * picture.height))
    return Image.blend(picture, grain.convert("RGB"), 0.12)


def askew(picture: Image.Image) -> Image.Image:
    """Held at an angle: the far side is smaller."""
    return picture.transform(
        picture.size, Image.Transform.QUAD, (-90, -60, 30, 700, 610, 700, 730, -60), Image.Resampling.BICUBIC
    )


CONDITIONS: dict[str, Callable[[str], Image.Image]] = {
    "straight": seen,
    "small": lambda text: seen(text, size=110),
    "large": lambda text: seen(text, size=600),
    "tilted": lambda text: seen(text, tilt=12),
    "on its head": lambda text: seen(text, tilt=178),
    "at 45 degrees": lambda text: seen(text, tilt=45),
    "at an angle": lambda text: askew(seen(text)),
    "dim": lambda text: ImageEnhance.Brightness(seen(text)).enhance(0.25),
    "pale": lambda text: ImageEnhance.Contrast(seen(text)).enhance(0.25),
    "blurred": lambda text: seen(text).filter(ImageFilter.GaussianBlur(3)),
    "noisy": lambda text: noisy(seen(text)),
    "mirrored": lambda text: seen(text).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "dark and tilted and noisy": lambda text: noisy(ImageEnhance.Brightness(seen(text, tilt=-20)).enhance(0.35)),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_card_is_read(condition: str) -> None:
    code = new_code()
    assert look(jpeg(CONDITIONS[condition](code))).code == code


def test_a_picture_without_a_code_shows_nothing() -> None:
    sight = look(jpeg(noisy(Image.new("RGB", (640, 480), TABLE))))
    assert (sight.code, sight.other) == (None, False)


@pytest.mark.parametrize("text", ["https://example.com/join", "ABCDEFGHJ", "hello"])
def test_another_qr_code_is_no_card(text: str) -> None:
    sight = look(jpeg(seen(text)))
    assert (sight.code, sight.other) == (None, True)


def test_the_card_is_found_beside_the_poster_on_the_counter() -> None:
    code = new_code()
    picture = seen(code, size=200)
    picture.paste(qr("https://example.com/join/coffee", 180), (10, 440))
    assert look(jpeg(picture)).code == code


def png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def as_if(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    file = jpeg(Image.new("L", (16, 16)))
    start = file.index(b"\xff\xc0") + 5
    return file[:start] + struct.pack(">HH", height, width) + file[start + 4 :]


GARBAGE = {
    "nothing": b"",
    "a word": b"hello",
    "zeros": bytes(1000),
    "half a picture": jpeg(seen("ABC"))[:4000],
    "the beginning of one": b"\xff\xd8\xff\xe0",
    "another format": png(Image.new("L", (20, 20))),
    "a bomb": as_if(65_000, 65_000),
    "a small bomb": as_if(5000, MOST_PIXELS // 5000 + 1),
}


@pytest.mark.parametrize("frame", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_picture_of_a_camera_is_refused(frame: bytes) -> None:
    with pytest.raises(UnreadableFrame):
        look(frame)


# Over HTTP


@pytest.fixture
def till(cafe: Cafe) -> Till:
    """Alice of the staff, at the counter."""
    return stand_at(cafe)


def send(till: Till, frame: bytes) -> TestResponse:
    """What the counter's script does with a picture."""
    token = till.form("Find").fields["csrf_token"]
    return till.browser.post("/counter/frames", data=frame, headers={"X-CSRFToken": token})


def test_the_counter_gets_the_code_of_a_card(till: Till) -> None:
    code = new_code()
    answer = send(till, jpeg(seen(code)))
    assert (answer.status_code, answer.json) == (200, {"code": code, "other": False})


def test_the_counter_gets_nothing_for_a_picture_without_a_card(till: Till) -> None:
    answer = send(till, jpeg(Image.new("RGB", (640, 640), TABLE)))
    assert (answer.status_code, answer.json) == (200, {"code": None, "other": False})


def test_a_picture_may_be_larger_than_a_form(till: Till) -> None:
    picture = Image.frombytes("RGB", (400, 400), Random(7).randbytes(400 * 400 * 3))
    frame = jpeg(picture, quality=85)
    assert 64 * 1024 < len(frame) < LARGEST_FRAME
    assert send(till, frame).status_code == 200


def test_a_picture_that_is_too_large_is_not_even_read(till: Till) -> None:
    assert send(till, bytes(LARGEST_FRAME + 1)).status_code == 413


@pytest.mark.parametrize("frame", GARBAGE.values(), ids=GARBAGE)
def test_the_counter_says_what_it_cannot_read(till: Till, frame: bytes) -> None:
    answer = send(till, frame)
    assert answer.status_code == 422
    assert answer.json == {"error": "This is no picture from a camera. Send a JPEG of at most 4 million pixels."}


def test_nobody_has_pictures_read_without_signing_in(cafe: Cafe, till: Till) -> None:
    stranger = cafe.browser()
    token = Till.form(till, "Find").fields["csrf_token"]
    session = till.browser.get_cookie("walletpass-session")
    assert session
    stranger.set_cookie(session.key, session.value)
    answer = stranger.post("/counter/frames", data=jpeg(seen("ABC")), headers={"X-CSRFToken": token})
    assert answer.status_code == 401


def test_a_page_elsewhere_cannot_send_pictures(till: Till) -> None:
    assert till.browser.post("/counter/frames", data=jpeg(seen("ABC"))).status_code == 403
