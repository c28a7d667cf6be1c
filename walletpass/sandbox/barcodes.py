"""Barcodes of a pass as shapes: a grid of squares, for an SVG path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import zxingcpp
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

Grid = Sequence[Sequence[bool]]
"""Rows of modules; True is dark."""

_ZXING = {
    "PKBarcodeFormatPDF417": zxingcpp.BarcodeFormat.PDF417,
    "PKBarcodeFormatAztec": zxingcpp.BarcodeFormat.Aztec,
    "PKBarcodeFormatCode128": zxingcpp.BarcodeFormat.Code128,
}


@dataclass(frozen=True)
class DrawnBarcode:
    """width, height: in modules, without the quiet zone. path: the dark modules as SVG path data. text: below it."""

    width: int
    height: int
    path: str
    text: str
    is_square: bool


def draw_barcode(content: Mapping[str, Any]) -> DrawnBarcode | None:
    """The first barcode of a pass.json that can be drawn here; None when there is none."""
    for barcode in content.get("barcodes") or ([content["barcode"]] if "barcode" in content else []):
        if grid := _grid(barcode):
            width, height = len(grid[0]), len(grid)
            return DrawnBarcode(width, height, "".join(_runs(grid)), str(barcode.get("altText", "")), width == height)
    return None


def draw_qr(message: str, text: str) -> DrawnBarcode:
    """A QR code in UTF-8."""
    grid = _qr(message.encode())
    return DrawnBarcode(len(grid), len(grid), "".join(_runs(grid)), text, is_square=True)


def _grid(barcode: Mapping[str, Any]) -> Grid | None:
    message = str(barcode["message"])
    if barcode["format"] == "PKBarcodeFormatQR":
        return _qr(message.encode(str(barcode["messageEncoding"])))
    if kind := _ZXING.get(str(barcode["format"])):
        image: Any = zxingcpp.create_barcode(message, kind).to_image(add_quiet_zones=False)
        rows: Any = memoryview(image).tolist()
        return [[shade < 128 for shade in row] for row in rows]
    return None


def _qr(message: bytes) -> Grid:
    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(message)
    return code.get_matrix()


def _runs(grid: Grid) -> Iterator[str]:
    """One rectangle for every run of dark modules in a row."""
    for y, row in enumerate(grid):
        x = 0
        for dark, run in groupby(row):
            length = sum(1 for _ in run)
            if dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
