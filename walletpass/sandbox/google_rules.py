"""What Google takes in a class, an object, a patch and a message: names, types and values, refused in its own words.

Source: google-wallet 2, and https://developers.google.com/wallet/reference/rest/v1
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from walletpass.settings import is_loopback

Json = dict[str, Any]

MOST_MESSAGES = MOST_PLACES = 10

_INT64 = re.compile(r"-?\d{1,19}")
_ID = re.compile(r"(?P<issuer>\d+)\.[\w.-]+", re.ASCII)
_MODULE_ID = re.compile(r"[\w-]+", re.ASCII)
_COLOUR = re.compile(r"#([0-9a-fA-F]{3}){1,2}")
_SCHEMES = {"https", "http", "tel", "mailto", "geo"}

# A kind of value is a type, the words of an enumeration, a list of one kind, or an object of named kinds.
_TEXT_AND_LANGUAGE = {"language": str, "value": str}
_LOCALIZED = {"defaultValue": _TEXT_AND_LANGUAGE, "translatedValues": [_TEXT_AND_LANGUAGE]}
_URI = {"id": str, "uri": str, "description": str, "localizedDescription": _LOCALIZED}
_IMAGE = {"sourceUri": _URI, "privateImageId": str, "contentDescription": _LOCALIZED}
_INTERVAL = {"start": {"date": str}, "end": {"date": str}}
_TEXT = {"id": str, "header": str, "body": str, "localizedHeader": _LOCALIZED, "localizedBody": _LOCALIZED}
_MESSAGE = {**_TEXT, "displayInterval": _INTERVAL, "messageType": {"TEXT", "TEXT_AND_NOTIFY"}}
_MONEY = {"currencyCode": str, "micros": "int64"}
_BALANCE = {"string": str, "int": int, "double": float, "money": _MONEY}
_POINTS = {"label": str, "localizedLabel": _LOCALIZED, "balance": _BALANCE}
_PLACE = {"latitude": float, "longitude": float}
_FIELD = {"fieldPath": str, "dateFormat": str}
_SELECTOR = {"fields": [_FIELD]}
_ITEM = {"firstValue": _SELECTOR, "secondValue": _SELECTOR, "predefinedItem": str}
_ROW = {
    "oneItem": {"item": _ITEM},
    "twoItems": {"startItem": _ITEM, "endItem": _ITEM},
    "threeItems": {"startItem": _ITEM, "middleItem": _ITEM, "endItem": _ITEM},
}
_DETAIL = {"fieldSelector": _SELECTOR}
_TEMPLATE = {
    "cardTemplateOverride": {"cardRowTemplateInfos": [_ROW]},
    "cardBarcodeSectionDetails": {"firstTopDetail": _DETAIL, "secondTopDetail": _DETAIL, "firstBottomDetail": _DETAIL},
    "detailsTemplateOverride": {"detailsItemInfos": [{"item": _ITEM}]},
    "listTemplateOverride": {"firstRowOption": dict, "secondRowOption": dict},
}
_BARCODES = {
    *("AZTEC", "CODE_39", "CODE_128", "CODABAR", "DATA_MATRIX", "EAN_8", "EAN_13", "ITF_14", "PDF_417", "QR_CODE"),
    *("UPC_A", "TEXT_ONLY"),
}
_BARCODE = {
    "type": _BARCODES,
    "value": str,
    "alternateText": str,
    "showCodeText": _LOCALIZED,
    "renderEncoding": {"UTF_8"},
}
_BOTH = {
    "id": str,
    "heroImage": _IMAGE,
    "textModulesData": [_TEXT],
    "linksModuleData": {"uris": [_URI]},
    "imageModulesData": [{"id": str, "mainImage": _IMAGE}],
    "messages": [_MESSAGE],
    "merchantLocations": [_PLACE],
    "appLinkData": dict,
    "valueAddedModuleData": [dict],
    "notifyPreference": {"NOTIFY_ON_UPDATE"},
}
_LOCALIZABLE = ("issuerName", "programName", "accountIdLabel", "accountNameLabel", "rewardsTier", "rewardsTierLabel")

CLASS: Mapping[str, Any] = {
    **_BOTH,
    **dict.fromkeys(_LOCALIZABLE, str),
    **{f"localized{name[0].upper()}{name[1:]}": _LOCALIZED for name in _LOCALIZABLE},
    "programLogo": _IMAGE,
    "wideProgramLogo": _IMAGE,
    "hexBackgroundColor": str,
    "reviewStatus": {"DRAFT", "UNDER_REVIEW"},
    "countryCode": str,
    "homepageUri": _URI,
    "multipleDevicesAndHoldersAllowedStatus": {"MULTIPLE_HOLDERS", "ONE_USER_ALL_DEVICES", "ONE_USER_ONE_DEVICE"},
    "callbackOptions": {"url": str},
    "securityAnimation": {"animationType": {"FOIL_SHIMMER"}},
    "classTemplateInfo": _TEMPLATE,
    "viewUnlockRequirement": {"UNLOCK_NOT_REQUIRED", "UNLOCK_REQUIRED_TO_VIEW"},
    "enableSmartTap": bool,
    "redemptionIssuers": ["int64"],
}
OBJECT: Mapping[str, Any] = {
    **_BOTH,
    "classId": str,
    "state": {"ACTIVE", "COMPLETED", "EXPIRED", "INACTIVE"},
    "accountId": str,
    "accountName": str,
    "loyaltyPoints": _POINTS,
    "secondaryLoyaltyPoints": _POINTS,
    "barcode": _BARCODE,
    "validTimeInterval": _INTERVAL,
    "linkedObjectIds": [str],
    "groupingInfo": {"groupingId": str, "sortIndex": int},
    "passConstraints": {"screenshotEligibility": {"ELIGIBLE", "INELIGIBLE"}, "nfcConstraint": [str]},
    "smartTapRedemptionValue": str,
}
REQUIRED = {
    "loyaltyClass": ("id", "issuerName", "programName", "programLogo", "reviewStatus"),
    "loyaltyObject": ("id", "classId", "state"),
}
KINDS = {"loyaltyClass": CLASS, "loyaltyObject": OBJECT}


class Refused(Exception):
    """A request that Google answers with an error."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


def invalid(message: str, reason: str = "invalid") -> Refused:
    return Refused(400, reason, message)


def check_id(resource_id: object, issuers: tuple[str, ...]) -> None:
    """Raises Refused unless it is an id of one of the issuers."""
    match = _ID.fullmatch(resource_id) if isinstance(resource_id, str) else None
    if match is None:
        raise invalid(f"Invalid resource ID: {resource_id}", "invalidResource")
    if match["issuer"] not in issuers:
        raise Refused(403, "permissionDenied", "Permission denied.")


def check_sent(kind: str, body: Json) -> None:
    """Raises Refused for names, types and words that Google does not know. null clears a field and is always taken."""
    for fault in _faults(body, KINDS[kind], ""):
        raise invalid(fault)


def check_whole(kind: str, resource: Json) -> None:
    """Raises Refused for a resource that, with all that was sent so far, cannot be shown."""
    for name in REQUIRED[kind]:
        if not resource.get(name):
            raise invalid(f"Missing required field: {name}", "required")
    for fault in _senseless(resource):
        raise invalid(fault)


def check_message(message: object) -> Json:
    """The message of an addMessage request. Raises Refused."""
    if not isinstance(message, dict):
        raise invalid("Missing required field: message", "required")
    for fault in _faults(message, _MESSAGE, "message"):
        raise invalid(fault)
    if not message.get("header") and not message.get("localizedHeader"):
        raise invalid("Missing required field: message.header", "required")
    return message


def images_of(resource: Json) -> list[str]:
    """The addresses of all pictures of a resource."""
    modules = [each.get("mainImage") for each in resource.get("imageModulesData") or ()]
    images = [resource.get(name) for name in ("programLogo", "wideProgramLogo", "heroImage")]
    sources = [image.get("sourceUri") for image in (*images, *modules) if image]
    return [source.get("uri", "") for source in sources if source]


def _faults(value: Any, kind: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    if isinstance(kind, list):
        yield from _list_faults(value, kind[0], path)
    elif isinstance(kind, dict) or kind is CLASS or kind is OBJECT:
        yield from _object_faults(value, kind, path)
    elif isinstance(kind, set):
        if not isinstance(value, str) or value not in kind:
            yield f"Invalid value at '{path}' (enum), \"{value}\""
    elif not _is_of(value, kind):
        yield f"Invalid value at '{path}', {value!r}"


def _list_faults(value: Any, kind: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"Invalid value at '{path}' (repeated)"
        return
    for place, each in enumerate(value):
        yield from _faults(each, kind, f"{path}[{place}]")


def _object_faults(value: Any, kinds: Mapping[str, Any], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"Invalid value at '{path}' (object)"
        return
    for name, each in value.items():
        if name not in kinds:
            yield f"Invalid JSON payload received. Unknown name \"{name}\" at '{path}': Cannot find field."
        else:
            yield from _faults(each, kinds[name], f"{path}.{name}".lstrip("."))


def _is_of(value: Any, kind: Any) -> bool:
    if kind == "int64":
        return isinstance(value, str) and bool(_INT64.fullmatch(value))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return isinstance(value, kind)


def _senseless(resource: Json) -> Iterator[str]:
    for name in ("programLogo", "wideProgramLogo", "heroImage"):
        if (image := resource.get(name)) and ("sourceUri" in image) == ("privateImageId" in image):
            yield f"{name} must have exactly one of sourceUri and privateImageId"
    for name in ("loyaltyPoints", "secondaryLoyaltyPoints"):
        if name in resource and len(resource[name].get("balance", ())) != 1:
            yield f"{name}.balance must have exactly one value"
    for module in resource.get("textModulesData", ()):
        if not _MODULE_ID.fullmatch(module.get("id", "")):
            yield f"Invalid text module ID: {module.get('id')}"
    for place in resource.get("merchantLocations", ()):
        if abs(place.get("latitude", 180)) > 90 or abs(place.get("longitude", 360)) > 180:
            yield f"Invalid merchant location: {place}"
    yield from _too_many(resource)
    yield from _bad_addresses(resource)
    if not _COLOUR.fullmatch(resource.get("hexBackgroundColor", "#000")):
        yield f"Invalid hexBackgroundColor: {resource['hexBackgroundColor']}"
    if "barcode" in resource and not (resource["barcode"].get("type") and resource["barcode"].get("value")):
        yield "barcode must have a type and a value"


def _too_many(resource: Json) -> Iterator[str]:
    for name, most in (("messages", MOST_MESSAGES), ("merchantLocations", MOST_PLACES)):
        if len(resource.get(name, ())) > most:
            yield f"{name} must not have more than {most} entries"


def _bad_addresses(resource: Json) -> Iterator[str]:
    links = [link.get("uri", "") for link in resource.get("linksModuleData", {}).get("uris", ())]
    for uri in (*images_of(resource), *links):
        if urlsplit(uri).scheme not in _SCHEMES:
            yield f"Invalid URI: {uri}"
    callback = urlsplit(resource.get("callbackOptions", {}).get("url", "https:"))
    # The real one takes https only; here there is nothing but this machine.
    if callback.scheme != "https" and not is_loopback(callback.hostname or ""):
        yield "callbackOptions.url must be an https address"
