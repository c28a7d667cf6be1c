"""Films for a fake camera: a phone that shows a card is held over the counter, never quite still."""

from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageEnhance
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage
from qrcode.main import QRCode

from walletpass.loyalty.ids import group_code
from walletpass.passes.artwork import strip
from walletpass.passes.design import load_design
from walletpass.passes.stamps import Progress

SIZE = (640, 480)
FRAMES_PER_SECOND = 15
TABLE = (121, 96, 74)
BEZEL = (18, 18, 20)


def film(path: Path, code: str) -> None:
    """A film of two seconds, as YUV4MPEG2, which Chromium plays to its pages over and over: table, phone, table."""
    random = Random(code)
    phone = front(code)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(2 * FRAMES_PER_SECOND):
            shown = phone if number >= FRAMES_PER_SECOND // 3 else None
            file.write(b"FRAME\n" + _planes(_frame(shown, random)))


def front(code: str) -> Image.Image:
    """A phone with the front of a pass on its screen."""
    design = load_design("coffee")
    screen = Image.new("RGB", (375, 470), design.colours.background.rgb)
    pen = ImageDraw.Draw(screen)
    pen.text((16, 20), "Bean Bar", fill=design.colours.foreground.rgb, font_size=22)
    pen.text((290, 20), "3 / 10", fill=design.colours.foreground.rgb, font_size=22)
    stamps = Image.open(BytesIO(strip(design, Progress(stamps=3, stamps_required=10))[1])).convert("RGB")
    screen.paste(stamps, (0, 60))
    pen.rectangle((95, 230, 280, 450), fill="white")
    screen.paste(_qr(code).resize((180, 180)), (98, 234))
    pen.text((125, 418), group_code(code), fill="black", font_size=20)
    phone = Image.new("RGB", (411, 506), BEZEL)
    phone.paste(screen, (18, 18))
    return phone


def _qr(code: str) -> Image.Image:
    drawing: QRCode[PilImage] = QRCode(error_correction=ERROR_CORRECT_M, border=4, image_factory=PilImage)
    drawing.add_data(code)
    picture: Image.Image = drawing.make_image().get_image()
    return picture.convert("RGB")


def _frame(phone: Image.Image | None, random: Random) -> Image.Image:
    """What the camera sees: tilted by an unsteady hand, a little dark, with grain."""
    picture = Image.new("RGB", SIZE, TABLE)
    if phone:
        held = phone.resize((350, 431)).rotate(random.uniform(5, 11), Image.Resampling.BICUBIC, True, fillcolor=TABLE)
        picture.paste(held, (120 + random.randint(-4, 4), -30 + random.randint(-4, 4)))
    grain = Image.frombytes("L", SIZE, random.randbytes(SIZE[0] * SIZE[1])).convert("RGB")
    return ImageEnhance.Brightness(Image.blend(picture, grain, 0.08)).enhance(0.7)


def _planes(picture: Image.Image) -> bytes:
    """Luma, then the two chroma planes at half the size."""
    y, cb, cr = picture.convert("YCbCr").split()
    half = (SIZE[0] // 2, SIZE[1] // 2)
    return y.tobytes() + cb.resize(half).tobytes() + cr.resize(half).tobytes()
