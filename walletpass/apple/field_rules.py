"""What must be true of the fields on a pass, beyond the kind of each value.

Source: Apple, Wallet Passes, "PassFields" and "PassFieldContent".
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from walletpass.apple.findings import Finding, refused, unwise
from walletpass.apple.schema import FIELD, is_date, is_number, kind_findings, missing_findings

Texts = Mapping[str, Mapping[str, str]]
"""Language -> key -> text, as the `pass.strings` files say."""

GROUPS = ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields")
_OTHER_GROUPS = ("additionalInfoFields", "footerFields")

_MOST: Mapping[str, Mapping[str, int]] = {
    "storeCard": {"headerFields": 3, "primaryFields": 1},
    "coupon": {"headerFields": 3, "primaryFields": 1},
    "generic": {"headerFields": 3, "primaryFields": 1, "secondaryFields": 4, "auxiliaryFields": 4},
    "eventTicket": {"headerFields": 3, "primaryFields": 1, "secondaryFields": 4, "auxiliaryFields": 8},
    "boardingPass": {"headerFields": 3, "primaryFields": 2, "secondaryFields": 4, "auxiliaryFields": 5},
}
_ONE_ROW = ("storeCard", "coupon")  # their secondary and auxiliary fields share a row of four
_ALIGNMENTS = {f"PKTextAlignment{side}" for side in ("Left", "Center", "Right", "Natural")}
_DATE_STYLES = {f"PKDateStyle{style}" for style in ("None", "Short", "Medium", "Long", "Full")}
_NUMBER_STYLES = {f"PKNumberStyle{style}" for style in ("Decimal", "Percent", "Scientific", "SpellOut")}
_DETECTORS = {f"PKDataDetectorType{what}" for what in ("PhoneNumber", "Link", "Address", "CalendarEvent")}
_TRANSIT_TYPES = {f"PKTransitType{by}" for by in ("Air", "Boat", "Bus", "Generic", "Train")}


def style_findings(style: str, content: Mapping[str, Any], texts: Texts) -> Iterator[Finding]:
    """What is wrong with the fields of a pass of the style."""
    keys: Counter[str] = Counter()
    for group in (*GROUPS, *_OTHER_GROUPS):
        fields = content.get(group, [])
        if not isinstance(fields, list):
            yield refused(f"{style}.{group} must be a list of fields, [{{ }}]")
            continue
        for number, field in enumerate(fields):
            where = f"{style}.{group}[{number}]"
            if not isinstance(field, dict):
                yield refused(f"{where} must be an object in {{ }}")
                continue
            keys[str(field.get("key"))] += 1
            yield from _field_findings(where, group, field, texts)
    for key, count in keys.items():
        if count > 1:
            yield refused(f"the field key {key!r} is used {count} times; give every field of the pass its own key")
    yield from _count_findings(style, content)
    if style == "boardingPass" and str(content.get("transitType")) not in _TRANSIT_TYPES:
        yield refused(f"boardingPass.transitType must be one of {_either(_TRANSIT_TYPES)}")


def _count_findings(style: str, content: Mapping[str, Any]) -> Iterator[Finding]:
    counts = {group: len(fields) for group in GROUPS if isinstance(fields := content.get(group, []), list)}
    for group, most in _MOST.get(style, {}).items():
        if counts.get(group, 0) > most:
            yield unwise(f"{style}.{group} has {counts[group]} fields; Wallet shows {most}, so drop the rest")
    row = counts.get("secondaryFields", 0) + counts.get("auxiliaryFields", 0)
    if style in _ONE_ROW and row > 4:
        yield unwise(f"{style} has {row} secondary and auxiliary fields; Wallet shows 4 of them on one row")


def _field_findings(where: str, group: str, field: Mapping[str, Any], texts: Texts) -> Iterator[Finding]:
    yield from missing_findings(f"{where}.", field, ("key", "value"))
    yield from kind_findings(f"{where}.", field, FIELD)
    if field.get("key") == "":
        yield refused(f"{where}.key is empty; give the field a key of its own")
    yield from _moment_findings(where, field)
    yield from _number_findings(where, field)
    yield from _placing_findings(where, group, field)
    yield from _message_findings(where, field, texts)


def _moment_findings(where: str, field: Mapping[str, Any]) -> Iterator[Finding]:
    styles = [key for key in ("dateStyle", "timeStyle") if key in field]
    for key in styles:
        if isinstance(field[key], str) and field[key] not in _DATE_STYLES:
            yield refused(f"{where}.{key} must be one of {_either(_DATE_STYLES)}")
    if len(styles) == 1:
        yield refused(f"{where} has {styles[0]} alone; give dateStyle and timeStyle together or leave both out")
    if styles and not is_date(field.get("value")):
        yield refused(f"{where}.value must be a date such as 2026-11-21T18:00:00+01:00, because {styles[0]} is set")


def _number_findings(where: str, field: Mapping[str, Any]) -> Iterator[Finding]:
    if "numberStyle" in field and "currencyCode" in field:
        yield unwise(f"{where} has numberStyle and currencyCode; use one of them")
    style, currency = field.get("numberStyle"), field.get("currencyCode")
    if isinstance(style, str) and style not in _NUMBER_STYLES:
        yield refused(f"{where}.numberStyle must be one of {_either(_NUMBER_STYLES)}")
    if isinstance(currency, str) and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        yield refused(f"{where}.currencyCode must be three letters such as PLN")
    if (style is not None or currency is not None) and not is_number(field.get("value")):
        yield refused(f"{where}.value must be a number without quotes, because it is to be written as one")


def _placing_findings(where: str, group: str, field: Mapping[str, Any]) -> Iterator[Finding]:
    alignment, detectors = field.get("textAlignment"), field.get("dataDetectorTypes")
    if alignment is not None and group in ("primaryFields", "backFields"):
        yield refused(f"{where}.textAlignment is not allowed in {group}; leave it out")
    elif isinstance(alignment, str) and alignment not in _ALIGNMENTS:
        yield refused(f"{where}.textAlignment must be one of {_either(_ALIGNMENTS)}")
    if isinstance(detectors, list):
        if group != "backFields":
            yield unwise(f"{where}.dataDetectorTypes has an effect on back fields only; leave it out")
        if any(isinstance(each, str) and each not in _DETECTORS for each in detectors):
            yield refused(f"{where}.dataDetectorTypes may hold {_either(_DETECTORS)}")
    if is_number(field.get("row")) and field["row"] not in (0, 1):
        yield refused(f"{where}.row must be 0 or 1")


def _message_findings(where: str, field: Mapping[str, Any], texts: Texts) -> Iterator[Finding]:
    message = field.get("changeMessage")
    if not isinstance(message, str):
        return
    for language, said in _in_every_language(message, texts):
        if "%@" not in said:
            yield unwise(
                f"{where}.changeMessage{language} lacks %@, the place of the new value; "
                "without it the phone only says that the card has changed"
            )


def _in_every_language(text: str, texts: Texts) -> Iterator[tuple[str, str]]:
    """The text as a phone shows it: with the language in brackets where a strings file translates it."""
    translated = [(f" ({language})", known[text]) for language, known in texts.items() if text in known]
    yield from translated or [("", text)]


def _either(choices: set[str]) -> str:
    return ", ".join(sorted(choices))
