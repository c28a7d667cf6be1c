"""What Google takes and shows, checked before anything is sent: all faults at once, in words.

Source: google-wallet 1, 2.1 to 2.5: limits of validation, and the recommended lengths, after which Wallet shows an
ellipsis.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

LONGEST_HEADER = 35
LONGEST_BODY = 500
MOST_TEXTS = 10
MOST_PLACES = 10
MOST_MESSAGES = 10

RESOURCE_ID = re.compile(r"\d+\.[A-Za-z0-9._-]{1,63}")
MODULE_ID = re.compile(r"[A-Za-z0-9_-]+")
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
SCHEMES = {"https", "http", "tel", "mailto", "geo"}
STATES = {"ACTIVE", "COMPLETED", "EXPIRED", "INACTIVE"}

SHOWN = {
    "issuerName": 20,
    "programName": 20,
    "accountName": 20,
    "accountNameLabel": 15,
    "loyaltyPoints.label": 9,
    "secondaryLoyaltyPoints.label": 9,
    "loyaltyPoints.balance.string": 7,
}
"""Letters of a field that Wallet shows."""


class UnfitForGoogle(Exception):
    """A class or an object that Google would refuse; str(error) says all that is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def check_class(body: Mapping[str, Any]) -> None:
    """Nothing when Google takes the class. Raises UnfitForGoogle."""
    _refuse([*_missing(body, "issuerName", "programName"), *_class_faults(body), *_common_faults(body)])


def check_object(body: Mapping[str, Any]) -> None:
    """Nothing when Google takes the object. Raises UnfitForGoogle."""
    _refuse([*_object_faults(body), *_common_faults(body)])


def check_places(body: Mapping[str, Any]) -> None:
    """Nothing when Google takes the locations. Raises UnfitForGoogle."""
    _refuse(list(_place_faults(body["merchantLocations"])))


def cut_short(body: Mapping[str, Any]) -> list[str]:
    """What Wallet would show the beginning of only."""
    found = ((path, _at(body, path), most) for path, most in SHOWN.items())
    return [
        f"{path} “{text}” has {len(text)} letters; Google Wallet shows about {most}"
        for path, text, most in found
        if isinstance(text, str) and len(text) > most
    ]


def _refuse(faults: list[str]) -> None:
    if faults:
        raise UnfitForGoogle(faults)


def _common_faults(body: Mapping[str, Any]) -> Iterator[str]:
    if not RESOURCE_ID.fullmatch(body["id"]):
        yield f"the id {body['id']!r} must be the issuer id, a dot, and up to 63 letters, digits, dots, _ or -"
    modules = body.get("textModulesData", ())
    if len(modules) > MOST_TEXTS:
        yield f"{len(modules)} texts; Google Wallet shows {MOST_TEXTS}, leave out the others"
    for module in modules:
        if not MODULE_ID.fullmatch(module["id"]):
            yield f"the id {module['id']!r} of a text may hold only letters, digits, _ and -"
    for uri in _addresses(body):
        if urlsplit(uri).scheme not in SCHEMES or len(uri.split()) != 1:
            yield f"{uri!r} is no address; write it like https://example.com, without blanks"


def _class_faults(body: Mapping[str, Any]) -> Iterator[str]:
    if not COLOUR.fullmatch(body["hexBackgroundColor"]):
        yield f"{body['hexBackgroundColor']!r} is no colour; write it like #3c2414"
    callback = body.get("callbackOptions")
    if callback and urlsplit(callback["url"]).scheme != "https":
        yield "Google calls back over https only; leave out the callback, or set WALLETPASS_BASE_URL to https"


def _object_faults(body: Mapping[str, Any]) -> Iterator[str]:
    if body["state"] not in STATES:
        yield f"the state {body['state']!r} is not one of {', '.join(sorted(STATES))}"
    if not body["barcode"]["value"]:
        yield "the barcode is empty"
    for name in ("loyaltyPoints", "secondaryLoyaltyPoints"):
        if len(body[name]["balance"]) != 1:
            yield f"{name} needs exactly one balance"


def _place_faults(found: list[Mapping[str, float]]) -> Iterator[str]:
    if len(found) > MOST_PLACES:
        yield f"{len(found)} locations; Google takes {MOST_PLACES}, leave out the others"
    for place in found:
        if abs(place["latitude"]) > 90 or abs(place["longitude"]) > 180:
            yield f"there is no place at {place['latitude']}, {place['longitude']}; latitude first, both in degrees"


def _missing(body: Mapping[str, Any], *names: str) -> Iterator[str]:
    return (f"{name} is empty" for name in names if not body[name].strip())


def _addresses(body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("programLogo", "heroImage"):
        if image := body.get(name):
            yield image["sourceUri"]["uri"]
    for link in body.get("linksModuleData", {}).get("uris", ()):
        yield link["uri"]


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body
