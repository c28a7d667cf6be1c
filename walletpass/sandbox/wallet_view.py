"""What Wallet draws of a pass: its front, its back, its place on the lock screen.

Nothing in a pass is believed: texts are only ever texts, colours are read as numbers, links lead to the web, to mail or
to a telephone. How many fields fit follows Apple's table of pass styles; what does not fit is not drawn.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from walletpass.passes.face import Colour
from walletpass.sandbox.barcodes import DrawnBarcode, draw_barcode
from walletpass.sandbox.lock_screen import has_expired
from walletpass.sandbox.pass_file import JsonField, PassFile, ShownPass

_BLACK, _WHITE = Colour(0, 0, 0), Colour(255, 255, 255)
_ONE_ROW = ("storeCard", "coupon")
_MOST_HEADER = 3
_MOST_IN_A_ROW = 4
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}
_DETECTORS = {
    "PKDataDetectorTypeLink": r"(?P<link>https?://[^\s<>\"]*[^\s<>\".,;:!?)])|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
    "PKDataDetectorTypePhoneNumber": r"(?P<phone>\+\d[\d \u00a0()-]{6,}\d)",
}
"""What becomes a link by itself on the back, by the name of the detector."""


class Part(NamedTuple):
    """A piece of text on the back, and the link that it is."""

    text: str
    href: str | None = None


class Picture(NamedTuple):
    """An image: the digests of its files by scale (1, 2, 3)."""

    digests: Mapping[int, str]


@dataclass(frozen=True)
class FrontField:
    """align: left, center, right or natural."""

    label: str
    value: str
    align: str


@dataclass(frozen=True)
class BackField:
    label: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class PassView:
    """A pass as it is drawn. gone: "voided" or "expired" when it is no longer good, else empty.

    rows: the fields below the strip; of store cards secondary and auxiliary ones share a row.
    """

    organization: str
    description: str
    logo_text: str
    background: Colour
    foreground: Colour
    label: Colour
    logo: Picture | None
    icon: Picture | None
    strip: Picture | None
    header: Sequence[FrontField]
    primary: Sequence[FrontField]
    rows: Sequence[Sequence[FrontField]]
    barcode: DrawnBarcode | None
    back: Sequence[BackField]
    gone: str

    @property
    def colours(self) -> str:
        """The three colours in one word: `3c2414-ffffff-e6d2be`."""
        return "-".join(colour.hex.removeprefix("#") for colour in (self.background, self.foreground, self.label))


def view_of(shown: ShownPass, now: datetime) -> PassView:
    """What Wallet draws of the pass now."""
    content = shown.file.pass_json
    foreground = _colour(content.get("foregroundColor")) or _BLACK
    return PassView(
        organization=shown.organization,
        description=shown.text(str(content["description"])),
        logo_text=shown.text(str(content.get("logoText", ""))),
        background=_colour(content.get("backgroundColor")) or _WHITE,
        foreground=foreground,
        label=_colour(content.get("labelColor")) or foreground,
        logo=_picture(shown, "logo"),
        icon=_picture(shown, "icon"),
        strip=_picture(shown, "strip"),
        header=_front(shown, "headerFields")[:_MOST_HEADER],
        primary=_front(shown, "primaryFields")[: 2 if shown.file.style == "boardingPass" else 1],
        rows=_rows(shown),
        barcode=draw_barcode(content),
        back=[_back(shown, field) for field in shown.file.group("backFields")],
        gone="voided" if content.get("voided") else "expired" if has_expired(shown, now) else "",
    )


def image_of(file: PassFile, digest: str) -> bytes | None:
    """The picture with the digest; nothing else of a pass is given away."""
    paths = (path for path, known in file.digests.items() if known == digest and path.endswith(".png"))
    return next((file.files[path] for path in paths), None)


def _picture(shown: ShownPass, name: str) -> Picture | None:
    paths = shown.images(name)
    return Picture({scale: shown.file.digests[path] for scale, path in paths.items()}) if paths else None


def _colour(written: object) -> Colour | None:
    numbers = re.findall(r"\d{1,3}", str(written or ""))
    return Colour(*map(int, numbers)) if len(numbers) == 3 else None


def _front(shown: ShownPass, group: str) -> list[FrontField]:
    return [
        FrontField(
            shown.label(field),
            shown.value(field),
            str(field.get("textAlignment", "")).removeprefix("PKTextAlignment").lower() or "natural",
        )
        for field in shown.file.group(group)
    ]


def _rows(shown: ShownPass) -> list[list[FrontField]]:
    secondary, auxiliary = (_front(shown, group) for group in ("secondaryFields", "auxiliaryFields"))
    rows = [secondary + auxiliary] if shown.file.style in _ONE_ROW else [secondary, auxiliary]
    return [row[:_MOST_IN_A_ROW] for row in rows if row]


def _back(shown: ShownPass, field: JsonField) -> BackField:
    if "attributedValue" in field:
        reader = _LinkReader()
        reader.feed(shown.linked_value(field))
        reader.close()
        return BackField(shown.label(field), reader.parts)
    detectors = field.get("dataDetectorTypes", _DETECTORS)
    patterns = [pattern for name, pattern in _DETECTORS.items() if name in detectors]
    return BackField(shown.label(field), list(_detected(shown.value(field), "|".join(patterns))))


def _detected(text: str, pattern: str) -> Iterator[Part]:
    """The text with what can be tapped as parts of their own."""
    end = 0
    for match in re.finditer(pattern, text) if pattern else ():
        yield Part(text[end : match.start()])
        yield Part(match.group(), _href(match))
        end = match.end()
    yield Part(text[end:])


def _href(match: re.Match[str]) -> str:
    kind, found = match.lastgroup, match.group()
    if kind == "phone":
        return "tel:" + re.sub(r"[^+\d]", "", found)
    return f"mailto:{found}" if kind == "mail" else found


class _LinkReader(HTMLParser):
    """Reads an attributedValue, of which Wallet honours `<a href>` and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Part] = []
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            href = dict(attrs).get("href") or ""
            self._href = href if urlsplit(href).scheme in _LINK_SCHEMES else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        self.parts.append(Part(data, self._href))
