"""What a pretend Android phone shows, ready to be drawn, in the phone's own language.

The look follows Google's default template of loyalty cards; rows of a class's own template take the place of its rows.
Nothing in a pass is believed: texts are only ever texts, and links lead to the web, to mail or to a telephone.
Source: google-wallet 2.3 and 2.5.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from babel.dates import format_skeleton

from walletpass.i18n import N_, translate
from walletpass.passes.contrast import contrast
from walletpass.passes.face import Colour
from walletpass.sandbox.android import AndroidPhone, SavedPass
from walletpass.sandbox.barcodes import DrawnBarcode, draw_qr
from walletpass.sandbox.google_rules import Json
from walletpass.sandbox.localized import localized, words
from walletpass.sandbox.phone_view import SHOWN_NOTIFICATIONS, LockScreenLine, ShownAlert, shown_alert, shown_line

_DARK, _LIGHT = Colour(32, 33, 36), Colour(255, 255, 255)
_PLAIN = Colour(241, 243, 244)
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}
_MODULE = re.compile(r"(class|object)\.textModulesData\['([\w-]+)'\]")
_DEFAULT_PATHS = ("object.loyaltyPoints.balance", "object.secondaryLoyaltyPoints.balance")


class Labels(NamedTuple):
    """The words of Google Wallet itself."""

    wallet: str
    no_passes: str
    details: str
    back: str
    messages: str
    refresh: str
    remove: str
    over: str
    clear: str


class Picture(NamedTuple):
    digest: str
    alt: str


class Item(NamedTuple):
    """A value on the card with its label."""

    label: str
    value: str


class Text(NamedTuple):
    label: str
    text: str


class Link(NamedTuple):
    text: str
    href: str


@dataclass(frozen=True)
class CardView:
    """A pass in Google Wallet. colours: background, text and soft text in one word: `3c2414-ffffff-d8d3d0`.

    is_over: whether it is among the expired passes.
    """

    id: str
    issuer: str
    program: str
    colours: str
    logo: Picture | None
    hero: Picture | None
    rows: Sequence[Sequence[Item]]
    barcode: DrawnBarcode | None
    is_over: bool
    messages: Sequence[Text]
    texts: Sequence[Text]
    links: Sequence[Link]


@dataclass(frozen=True)
class AndroidView:
    """One phone. number: its place on the page, from 1."""

    number: int
    name: str
    account: str
    language: str
    time: str
    day: str
    airplane_mode: bool
    alert: ShownAlert | None
    notifications: Sequence[LockScreenLine]
    passes: Sequence[CardView]
    labels: Labels
    kind: str = "android"


def android_view(number: int, phone: AndroidPhone) -> AndroidView:
    """The phone as it looks now."""
    now, region, state = phone.now(), phone.region, phone.state
    return AndroidView(
        number=number,
        name=phone.name,
        account=phone.account,
        language=region.language,
        time=f"{now:%H:%M}",
        day=format_skeleton("MMMEd", now, locale=region.locale),
        airplane_mode=state.airplane_mode,
        alert=shown_alert(state.alert, region),
        notifications=[shown_line(each, None, now, region) for each in state.notifications[:SHOWN_NOTIFICATIONS]],
        passes=[card_view(each, region.language, now) for each in state.passes],
        labels=_labels(region.language),
    )


def card_view(held: SavedPass, language: str, now: datetime) -> CardView:
    """The pass in that language."""
    shown = _Shown(held, language)
    return CardView(
        id=held.id,
        issuer=localized(held.loyalty_class, "issuerName", language),
        program=localized(held.loyalty_class, "programName", language),
        colours=_colours(held.loyalty_class.get("hexBackgroundColor")),
        logo=shown.picture(held.loyalty_class.get("programLogo")),
        hero=shown.picture(held.object.get("heroImage") or held.loyalty_class.get("heroImage")),
        rows=list(shown.rows()),
        barcode=_barcode(held.object),
        is_over=_is_over(held.object, now),
        messages=[shown.text(each) for each in reversed([*shown.listed("messages")])],
        texts=[*shown.account(), *(shown.text(each) for each in shown.listed("textModulesData"))],
        links=list(shown.links()),
    )


class _Shown:
    """One pass in one language."""

    def __init__(self, held: SavedPass, language: str) -> None:
        self._held, self._language = held, language
        self._parts = {"object": held.object, "class": held.loyalty_class}

    def listed(self, name: str) -> Iterator[Json]:
        """What both the object and its class have of that name."""
        return (each for part in self._parts.values() for each in part.get(name, ()))

    def picture(self, image: Json | None) -> Picture | None:
        digest = self._held.images.get((image or {}).get("sourceUri", {}).get("uri", ""))
        return Picture(digest, words((image or {}).get("contentDescription"), self._language)) if digest else None

    def text(self, module: Json) -> Text:
        return Text(localized(module, "header", self._language), localized(module, "body", self._language))

    def account(self) -> Iterator[Text]:
        """Whose card it is; never on its face."""
        for name, label in (("accountName", "accountNameLabel"), ("accountId", "accountIdLabel")):
            if value := self._held.object.get(name):
                ours = translate(self._language, N_("Member name") if name == "accountName" else N_("Member ID"))
                yield Text(localized(self._held.loyalty_class, label, self._language) or ours, str(value))

    def links(self) -> Iterator[Link]:
        """What can be tapped; addresses of other kinds are left out."""
        for part in self._parts.values():
            for link in part.get("linksModuleData", {}).get("uris", ()):
                if urlsplit(link["uri"]).scheme in _LINK_SCHEMES:
                    yield Link(localized(link, "description", self._language) or link["uri"], link["uri"])

    def rows(self) -> Iterator[list[Item]]:
        """The rows on the card; one with nothing in it is not there."""
        for paths in self._paths():
            if row := [item for path in paths if (item := self._item(path))]:
                yield row

    def _paths(self) -> Iterator[Sequence[str]]:
        template = self._held.loyalty_class.get("classTemplateInfo", {}).get("cardTemplateOverride")
        if template is None:
            yield _DEFAULT_PATHS
            return
        for info in template.get("cardRowTemplateInfos", ()):
            items: Json = next(iter(info.values()), {})
            yield [_first_path(item) for item in items.values()]

    def _item(self, path: str) -> Item | None:
        if match := _MODULE.fullmatch(path):
            modules = self._parts[match[1]].get("textModulesData", ())
            found = next((each for each in modules if each.get("id") == match[2]), None)
            return Item(*self.text(found)) if found else None
        part, _, rest = path.partition(".")
        name = rest.removesuffix(".balance")
        points = self._parts.get(part, {}).get(name)
        if not isinstance(points, dict) or "balance" not in points:
            return None
        return Item(localized(points, "label", self._language), _balance(points["balance"]))


def _first_path(item: Json) -> str:
    fields = item.get("firstValue", {}).get("fields", [])
    return str(fields[0].get("fieldPath", "")) if fields else ""


def _balance(balance: Json) -> str:
    [value] = balance.values()
    if isinstance(value, dict):  # money
        return f"{int(value['micros']) / 1_000_000:.2f} {value['currencyCode']}"
    return str(value)


def _barcode(loyalty_object: Json) -> DrawnBarcode | None:
    code = loyalty_object.get("barcode", {})
    if code.get("type") != "QR_CODE":
        return None
    below = code.get("alternateText") or loyalty_object.get("accountId") or code["value"]
    return draw_qr(str(code["value"]), str(below))


def _is_over(loyalty_object: Json, now: datetime) -> bool:
    end = loyalty_object.get("validTimeInterval", {}).get("end", {}).get("date")
    return loyalty_object["state"] != "ACTIVE" or (end is not None and _moment(end, now) <= now)


def _moment(written: str, now: datetime) -> datetime:
    """A moment as a pass writes it; without an offset it is meant on the phone's own clock."""
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def _colours(written: Any) -> str:
    """Google chooses the text's colour by itself."""
    ground = _colour(written)
    text = max((_LIGHT, _DARK), key=lambda each: contrast(each, ground))
    soft = Colour(*((4 * a + b) // 5 for a, b in zip(_rgb(text), _rgb(ground), strict=True)))
    return "-".join(each.hex.removeprefix("#") for each in (ground, text, soft))


def _colour(written: Any) -> Colour:
    try:
        return Colour.parse(str(written))
    except ValueError:
        return _PLAIN


def _rgb(colour: Colour) -> tuple[int, int, int]:
    return colour.red, colour.green, colour.blue


def _labels(language: str) -> Labels:
    return Labels(
        *(
            translate(language, text)
            for text in (
                N_("Wallet"),
                N_("No passes yet"),
                N_("Details"),
                N_("Back"),
                N_("Messages"),
                N_("Refresh"),
                N_("Remove pass"),
                N_("Expired"),
                N_("Clear all"),
            )
        )
    )
