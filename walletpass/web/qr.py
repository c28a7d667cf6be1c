"""QR codes as SVG: sharp at any size, small enough to stand in the page itself."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

QUIET_ZONE = 4
"""Modules of white around the code; scanners need them (ISO/IEC 18004)."""


def qr_svg(text: str, title: str) -> Markup:
    """The text as a QR code, black on white whatever the colours around it; `title` says what it is."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text)
    modules = code.get_matrix()
    return Markup(
        '<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" role="img" '
        'shape-rendering="crispEdges"><title>{1}</title><path fill="#fff" d="M0 0h{0}v{0}H0z"/>'
        '<path fill="#000" d="{2}"/></svg>'
    ).format(len(modules), title, "".join(_runs(modules)))


def _runs(modules: Sequence[Sequence[bool]]) -> Iterator[str]:
    """One rectangle for every run of dark modules in a row."""
    for y, row in enumerate(modules):
        x = 0
        for dark, run in groupby(row):
            length = sum(1 for _ in run)
            if dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
