"""Everything for which Wallet would refuse a pass, or show less of it than was meant, found before Wallet does.

All of it at once, in words that say what to do. Signature, manifest and container are `verification`'s work.
Source: Apple, Wallet Passes, "Pass", "Building a pass", "Creating the source for a pass".
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from walletpass.apple import schema
from walletpass.apple.field_rules import Texts, style_findings
from walletpass.apple.findings import Finding, refused, unwise
from walletpass.apple.images import image_findings
from walletpass.apple.schema import CLASSIC_STYLES, is_number, kind_findings, missing_findings
from walletpass.apple.strings import BadStrings, read_strings
from walletpass.settings import is_loopback

WEIGHT_BUDGET = 300_000
"""Bytes of content in one pass. Apple names no limit; heavier passes make updates slow."""

MOST_LOCATIONS = 10
SHORTEST_TOKEN = 16
SERIAL_NUMBER = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)

_LPROJ = re.compile(r"(?P<language>[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)\.lproj")
_OLD_FORMATS = ("QR", "PDF417", "Aztec", "Code128")
_NEW_FORMATS = ("Code39", "Codabar", "EAN13", "I2of5")
_FORMATS = {f"PKBarcodeFormat{name}" for name in (*_OLD_FORMATS, *_NEW_FORMATS)}


def faults(pass_json: Mapping[str, Any], files: Mapping[str, bytes]) -> list[str]:
    """All that is wrong with a pass, in words; nothing when it is fit to be signed.

    files: the other files of the bundle by path, without manifest and signature.
    """
    return [finding.words for finding in findings(pass_json, files)]


def findings(pass_json: Mapping[str, Any], files: Mapping[str, bytes]) -> list[Finding]:
    """The same, each with the degree of its gravity."""
    texts, about_strings = _read_texts(files)
    styles = [style for style in CLASSIC_STYLES if style in pass_json]
    found = [
        *missing_findings("", pass_json, schema.REQUIRED),
        *kind_findings("", pass_json, schema.PASS),
        *_identity_findings(pass_json),
        *_style_findings(pass_json, styles, texts),
        *_web_service_findings(pass_json),
        *_barcode_findings(pass_json),
        *_relevance_findings(pass_json),
        *_rarer_findings(pass_json),
        *about_strings,
        *image_findings(files, styles[0] if styles else ""),
    ]
    weight = sum(map(len, files.values()))
    if weight > WEIGHT_BUDGET:
        found.append(too_heavy(weight))
    return found


def too_heavy(weight: int) -> Finding:
    return unwise(
        f"the pass weighs {weight // 1000} kB and should stay under {WEIGHT_BUDGET // 1000} kB, "
        "or updates become slow; use pictures with fewer colours or less noise"
    )


def _identity_findings(given: Mapping[str, Any]) -> Iterator[Finding]:
    if is_number(given.get("formatVersion")) and given["formatVersion"] != 1:
        yield refused("formatVersion must be 1")
    pass_type, team, serial = (given.get(key) for key in ("passTypeIdentifier", "teamIdentifier", "serialNumber"))
    if isinstance(pass_type, str) and not pass_type.startswith("pass."):
        yield refused("passTypeIdentifier must begin with pass. and equal the UID of the pass certificate")
    if isinstance(team, str) and len(team) != 10:
        yield refused("teamIdentifier must have 10 characters and equal the OU of the pass certificate")
    if serial == "":
        yield refused("serialNumber is empty; give every card its own")
    elif isinstance(serial, str) and not SERIAL_NUMBER.fullmatch(serial):
        yield unwise("serialNumber becomes part of web addresses; use only letters, digits, dot, hyphen and underscore")
    for key in ("organizationName", "description"):
        if isinstance(given.get(key), str) and not given[key].strip():
            yield unwise(f"{key} is empty; phones show it or read it aloud")


def _style_findings(given: Mapping[str, Any], styles: list[str], texts: Texts) -> Iterator[Finding]:
    if not styles and "posterGeneric" not in given:
        yield refused(f"the style is missing; add one of {', '.join(CLASSIC_STYLES)}")
    if len(styles) > 1:
        yield refused(f"a pass has one style, but this one has {' and '.join(styles)}; keep one")
    for style in styles:
        if isinstance(given[style], dict):
            yield from style_findings(style, given[style], texts)


def _web_service_findings(given: Mapping[str, Any]) -> Iterator[Finding]:
    address, token = given.get("webServiceURL"), given.get("authenticationToken")
    if (address is None) != (token is None):
        missing = "webServiceURL" if address is None else "authenticationToken"
        yield refused(f"{missing} is missing; webServiceURL and authenticationToken go together")
    if isinstance(token, str) and len(token) < SHORTEST_TOKEN:
        yield refused(f"authenticationToken must have at least {SHORTEST_TOKEN} characters")
    if schema.is_address(address):
        yield from _address_findings(str(address))


def _address_findings(address: str) -> Iterator[Finding]:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        yield refused("webServiceURL must begin with https:// (phones refuse plain http)")
    if not parts.hostname:
        yield refused("webServiceURL has no host name; write it like https://cards.example.com/apple")
    if parts.query or parts.fragment:
        yield unwise("webServiceURL must have no ? and no #; phones append /v1/... to it")


def _barcode_findings(given: Mapping[str, Any]) -> Iterator[Finding]:
    barcodes = given.get("barcodes")
    for number, barcode in enumerate(barcodes if isinstance(barcodes, list) else []):
        yield from _one_barcode_findings(f"barcodes[{number}]", barcode)
    if "barcode" in given:
        yield from _one_barcode_findings("barcode", given["barcode"])


def _one_barcode_findings(where: str, barcode: object) -> Iterator[Finding]:
    if not isinstance(barcode, dict):
        return
    yield from missing_findings(f"{where}.", barcode, ("format", "message", "messageEncoding"))
    yield from kind_findings(f"{where}.", barcode, schema.BARCODE)
    message, encoding, form = (barcode.get(key) for key in ("message", "messageEncoding", "format"))
    if isinstance(form, str) and form not in _FORMATS:
        yield refused(f"{where}.format must be one of {', '.join(sorted(_FORMATS))}")
    if message == "":
        yield refused(f"{where}.message is empty; a barcode needs something to say")
    if isinstance(message, str) and isinstance(encoding, str) and not _can_encode(message, encoding):
        yield refused(f"{where}.message cannot be written in {encoding!r}; use plain letters, or utf-8")


def _can_encode(message: str, encoding: str) -> bool:
    try:
        message.encode(encoding)
    except (LookupError, ValueError):
        return False
    return True


def _relevance_findings(given: Mapping[str, Any]) -> Iterator[Finding]:
    places, beacons = (_objects(given.get(key)) for key in ("locations", "beacons"))
    for name, found in (("locations", places), ("beacons", beacons)):
        if len(found) > MOST_LOCATIONS:
            yield refused(f"{name} has {len(found)} entries; Wallet takes {MOST_LOCATIONS} at most")
    for number, place in enumerate(places):
        yield from _place_findings(f"locations[{number}].", place)
    for number, beacon in enumerate(beacons):
        yield from _beacon_findings(f"beacons[{number}].", beacon)
    for number, date in enumerate(_objects(given.get("relevantDates"))):
        yield from kind_findings(f"relevantDates[{number}].", date, schema.RELEVANT_DATE)
    if is_number(given.get("maxDistance")) and given["maxDistance"] <= 0:
        yield refused("maxDistance must be more than 0 metres")


def _place_findings(where: str, place: Mapping[str, Any]) -> Iterator[Finding]:
    yield from missing_findings(where, place, ("latitude", "longitude"))
    yield from kind_findings(where, place, schema.LOCATION)
    for key, most in (("latitude", 90), ("longitude", 180)):
        if is_number(place.get(key)) and abs(place[key]) > most:
            yield refused(f"{where}{key} must lie between -{most} and {most} degrees")


def _beacon_findings(where: str, beacon: Mapping[str, Any]) -> Iterator[Finding]:
    yield from missing_findings(where, beacon, ("proximityUUID",))
    yield from kind_findings(where, beacon, schema.BEACON)
    if isinstance(beacon.get("proximityUUID"), str) and not _is_uuid(beacon["proximityUUID"]):
        yield refused(f"{where}proximityUUID must be a UUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    for key in ("major", "minor"):
        if is_number(beacon.get(key)) and not (0 <= beacon[key] <= 0xFFFF and beacon[key] == int(beacon[key])):
            yield refused(f"{where}{key} must be a whole number between 0 and 65535")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _rarer_findings(given: Mapping[str, Any]) -> Iterator[Finding]:
    actions = _objects(given.get("featuredActions"))
    if len(actions) > 2:
        yield unwise(f"featuredActions has {len(actions)} entries; Wallet shows 2")
    for number, action in enumerate(actions):
        yield from missing_findings(f"featuredActions[{number}].", action, tuple(schema.FEATURED_ACTION))
        yield from kind_findings(f"featuredActions[{number}].", action, schema.FEATURED_ACTION)
    if "appLaunchURL" in given and "associatedStoreIdentifiers" not in given:
        yield unwise("appLaunchURL works only together with associatedStoreIdentifiers")
    if "groupingIdentifier" in given and not {"boardingPass", "eventTicket"} & set(given):
        yield unwise("groupingIdentifier works on boarding passes and event tickets only; leave it out")
    if isinstance(nfc := given.get("nfc"), dict):
        yield from missing_findings("nfc.", nfc, ("message", "encryptionPublicKey"))
        yield from kind_findings("nfc.", nfc, schema.NFC)
        if isinstance(nfc.get("message"), str) and len(nfc["message"].encode("utf-8", "replace")) > 64:
            yield unwise("nfc.message is longer than 64 bytes and would be cut")


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _read_texts(files: Mapping[str, bytes]) -> tuple[Texts, list[Finding]]:
    """The texts of all languages, and what is wrong with their files."""
    texts: dict[str, dict[str, str]] = {}
    found: list[Finding] = []
    for path, data in files.items():
        folder, slash, name = path.rpartition("/")
        match = _LPROJ.fullmatch(folder)
        if slash and not match:
            found.append(refused(f"{path}: files lie at the top or in folders such as en.lproj; move it there"))
        if name != "pass.strings" or not match:
            continue
        try:
            texts[match["language"]] = read_strings(data)
        except BadStrings as error:
            found.append(refused(f"{path}: {error}"))
        if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
            found.append(unwise(f"{path}: save it as UTF-8 without a byte order mark; some readers lose it otherwise"))
    return texts, [*found, *_missing_texts(texts)]


def _missing_texts(texts: Texts) -> Iterator[Finding]:
    every = {key for known in texts.values() for key in known}
    for language, known in texts.items():
        if missing := sorted(every - set(known)):
            yield refused(
                f"{language}.lproj/pass.strings lacks {', '.join(missing)}; every language needs the same keys"
            )
