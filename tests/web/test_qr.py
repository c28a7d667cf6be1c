"""QR codes that other readers can read."""

from io import BytesIO

import pytest
import resvg_py
import zxingcpp
from PIL import Image

from walletpass.web.qr import QUIET_ZONE, qr_svg


@pytest.mark.parametrize("text", ["H8J2JU4SK", "https://cards.bean.example/join/bean-coffee", "zażółć gęślą"])
def test_a_reader_that_we_did_not_write_reads_the_text(text: str) -> None:
    picture = Image.open(BytesIO(resvg_py.svg_to_bytes(svg_string=qr_svg(text, "code"), width=400)))
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == text


def test_there_is_white_around_the_code_also_on_a_dark_page() -> None:
    picture = Image.open(BytesIO(resvg_py.svg_to_bytes(svg_string=qr_svg("H8J2JU4SK", "code"), zoom=10)))
    edge = picture.convert("RGBA").crop((0, 0, picture.width, QUIET_ZONE * 10))
    assert edge.getcolors() == [(edge.width * edge.height, (255, 255, 255, 255))]


def test_the_title_cannot_smuggle_markup_in() -> None:
    assert "<b>" not in qr_svg("text", "</title><b>")
