"""What pass.json may say: every key that Wallet knows, and the kind of value it takes.

Wallet ignores keys that it does not know; the wrong kind of value under a key that it knows breaks the pass.
Source: Apple, Wallet Passes, "Pass" and its dictionaries.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from walletpass.apple.findings import Finding, refused

CLASSIC_STYLES = ("storeCard", "coupon", "generic", "eventTicket", "boardingPass")

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_COLOUR = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.ASCII)


def is_number(value: object) -> bool:
    """A finite number; JSON's true and false are none."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def is_date(value: object) -> bool:
    """W3C date with hours and minutes, seconds if wanted, and a zone of exactly `Z` or `+HH:MM`."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_colour(value: object) -> bool:
    match = _COLOUR.fullmatch(value) if isinstance(value, str) else None
    return match is not None and all(int(channel) <= 255 for channel in match.groups())


def is_address(value: object) -> bool:
    """A web, mail or telephone address without blanks."""
    if not isinstance(value, str) or re.search(r"\s", value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path))


class Kind(NamedTuple):
    """A kind of value: its name in our messages, and how to know it."""

    words: str
    fits: Callable[[object], bool]


TEXT = Kind("a text in quotes", lambda value: isinstance(value, str))
NUMBER = Kind("a number without quotes", is_number)
BOOLEAN = Kind("true or false without quotes", lambda value: isinstance(value, bool))
LIST = Kind("a list in [ ]", lambda value: isinstance(value, list))
OBJECT = Kind("an object in { }", lambda value: isinstance(value, dict))
DATE = Kind("a date such as 2026-11-21T18:00:00+01:00", is_date)
COLOUR = Kind("a colour such as rgb(60, 36, 20)", is_colour)
ADDRESS = Kind("an address such as https://example.com/card, without blanks", is_address)
TEXTS = Kind("a list of texts", lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value))
NUMBERS = Kind("a list of numbers", lambda value: isinstance(value, list) and all(map(is_number, value)))
OBJECTS = Kind(
    "a list of objects, [{ }]", lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in value)
)
VALUE = Kind("a text or a number", lambda value: isinstance(value, str) or is_number(value))

_ADDRESSES = (
    "appLaunchURL accessibilityURL addOnURL bagPolicyURL contactVenueWebsite directionsInformationURL merchandiseURL "
    "orderFoodURL parkingInformationURL purchaseParkingURL sellURL transferURL transitInformationURL changeSeatURL "
    "entertainmentURL managementURL purchaseAdditionalBaggageURL purchaseLoungeAccessURL purchaseWifiURL "
    "registerServiceAnimalURL reportLostBagURL requestWheelchairURL trackBagsURL transitProviderWebsiteURL upgradeURL"
)

REQUIRED = ("formatVersion", "passTypeIdentifier", "teamIdentifier", "serialNumber", "organizationName", "description")

PASS: Mapping[str, Kind] = {
    **dict.fromkeys(REQUIRED, TEXT),
    "formatVersion": NUMBER,
    **dict.fromkeys((*CLASSIC_STYLES, "posterGeneric", "barcode", "nfc", "semantics"), OBJECT),
    **dict.fromkeys(("barcodes", "locations", "beacons", "relevantDates", "featuredActions"), OBJECTS),
    **dict.fromkeys(
        ("backgroundColor", "foregroundColor", "labelColor", "stripColor", "footerBackgroundColor"), COLOUR
    ),
    **dict.fromkeys(("logoText", "authenticationToken", "groupingIdentifier", "eventLogoText"), TEXT),
    **dict.fromkeys(("contactVenueEmail", "contactVenuePhoneNumber", "logoSymbolName"), TEXT),
    **dict.fromkeys(("transitProviderEmail", "transitProviderPhoneNumber"), TEXT),
    **dict.fromkeys(("suppressStripShine", "voided", "sharingProhibited"), BOOLEAN),
    **dict.fromkeys(("suppressHeaderDarkening", "useAutomaticColors"), BOOLEAN),
    **dict.fromkeys(("expirationDate", "relevantDate"), DATE),
    **dict.fromkeys(("associatedStoreIdentifiers", "auxiliaryStoreIdentifiers"), NUMBERS),
    **dict.fromkeys(_ADDRESSES.split(), ADDRESS),
    "webServiceURL": ADDRESS,
    "maxDistance": NUMBER,
    "preferredStyleSchemes": TEXTS,
}

FIELD: Mapping[str, Kind] = {
    "key": TEXT,
    "value": VALUE,
    "label": TEXT,
    "attributedValue": VALUE,
    "changeMessage": TEXT,
    "dataDetectorTypes": TEXTS,
    **dict.fromkeys(("textAlignment", "dateStyle", "timeStyle", "currencyCode", "numberStyle"), TEXT),
    **dict.fromkeys(("isRelative", "ignoresTimeZone"), BOOLEAN),
    "row": NUMBER,
    "semantics": OBJECT,
}

BARCODE: Mapping[str, Kind] = dict.fromkeys(("format", "message", "messageEncoding", "altText"), TEXT)

LOCATION: Mapping[str, Kind] = {
    **dict.fromkeys(("latitude", "longitude", "altitude"), NUMBER),
    "relevantText": TEXT,
}

BEACON: Mapping[str, Kind] = {"proximityUUID": TEXT, "major": NUMBER, "minor": NUMBER, "relevantText": TEXT}

RELEVANT_DATE: Mapping[str, Kind] = dict.fromkeys(("date", "startDate", "endDate"), DATE)

FEATURED_ACTION: Mapping[str, Kind] = {"identifier": TEXT, "type": TEXT, "url": ADDRESS}

NFC: Mapping[str, Kind] = {"message": TEXT, "encryptionPublicKey": TEXT, "requiresAuthentication": BOOLEAN}


def kind_findings(where: str, given: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Iterator[Finding]:
    """Values of the wrong kind under known keys. where: goes in front of the key, such as `barcodes[0].`"""
    for key, kind in kinds.items():
        if key in given and not kind.fits(given[key]):
            yield refused(f"{where}{key} must be {kind.words}")


def missing_findings(where: str, given: Mapping[str, Any], required: tuple[str, ...]) -> Iterator[Finding]:
    """Required keys that are not there."""
    for key in required:
        if key not in given:
            yield refused(f"{where}{key} is missing; every pass needs it" if not where else f"{where}{key} is missing")
