"""From a face to Google's words: the loyalty class that a program is, the loyalty object that a card is, and messages.

All functions here are pure. Balances are absolute values, so that sending one twice changes nothing.
Source: https://developers.google.com/wallet/reference/rest/v1/loyaltyclass and .../loyaltyobject; the fields and their
types are checked in tests against Google's discovery document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from babel.dates import format_date

from walletpass.google.limits import LONGEST_BODY, LONGEST_HEADER
from walletpass.i18n import DEFAULT_LANGUAGE, LANGUAGES, N_, Words, same, words
from walletpass.passes.face import Face, Field

Json = dict[str, Any]

NOTIFY = {"notifyPreference": "NOTIFY_ON_UPDATE"}
"""Beside a changed balance in one request, phones that hold the object tell their owners of it."""

_OPTIONAL = ("accountName", "validTimeInterval")
"""Of an object: what a card may lose again."""


@dataclass(frozen=True)
class Names:
    """What Google knows a program and a card by; nothing of it tells who the customer is."""

    class_id: str
    object_id: str


@dataclass(frozen=True)
class Pictures:
    """Where Google finds a card's pictures: public addresses, another one for every other picture."""

    logo: str
    hero: str


def names(issuer_id: str, program_id: str, serial_number: str) -> Names:
    """The ids of a card's class and object."""
    return Names(f"{issuer_id}.{program_id}", f"{issuer_id}.{serial_number}")


def loyalty_class(face: Face, class_id: str, pictures: Pictures, callback_url: str | None) -> Json:
    """The class that all cards of the face's program have in common. callback_url: where Google tells of saves."""
    body = lean_class(face, class_id, pictures)
    body["programLogo"]["contentDescription"] = _localized(same(face.organization))
    body |= {
        **_text("accountNameLabel", words(N_("Name")), DEFAULT_LANGUAGE),
        "textModulesData": [_text_module(field, DEFAULT_LANGUAGE) for field in face.back_static],
        "classTemplateInfo": _TEMPLATE,
    }
    if callback_url is not None:
        body["callbackOptions"] = {"url": callback_url}
    return body


def lean_class(face: Face, class_id: str, pictures: Pictures) -> Json:
    """As little of the class as Google takes."""
    return {
        "id": class_id,
        "issuerName": face.organization,
        "programName": face.program,
        "programLogo": {"sourceUri": {"uri": pictures.logo}},
        "hexBackgroundColor": face.background.hex,
        "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
        # Google reviews by itself and makes it APPROVED; sending that back would be refused.
        "reviewStatus": "UNDER_REVIEW",
    }


def places(face: Face) -> Json:
    """Where the cards come to mind, as a patch of the class of its own: some issuers may not send it."""
    found = [{"latitude": place.latitude, "longitude": place.longitude} for place in face.places]
    return {"merchantLocations": found, "reviewStatus": "UNDER_REVIEW"}


def loyalty_object(face: Face, given: Names, pictures: Pictures, now: datetime) -> Json:
    """The object that the card is."""
    body = lean_object(face, given, pictures, now)
    description = words(N_("%(stamps)s of %(required)s stamps"), stamps=face.stamps, required=face.stamps_required)
    body["heroImage"]["contentDescription"] = _localized(description, face.language)
    body["loyaltyPoints"] |= _text("label", words(_STAMPS), face.language)
    body["secondaryLoyaltyPoints"] |= _text("label", words(_REWARDS), face.language)
    texts = [field for field in (*face.secondary, *face.back) if field.key != "name" and field.link is None]
    body |= {
        "textModulesData": [_text_module(field, face.language) for field in texts],
        "linksModuleData": {"uris": [_link(face)]},
    }
    if name := next((field.value for field in face.secondary if field.key == "name"), None):
        body["accountName"] = name
    if face.expires_at is not None:
        body["validTimeInterval"] = {"end": {"date": _date(face.expires_at)}}
    return body


def lean_object(face: Face, given: Names, pictures: Pictures, now: datetime) -> Json:
    """As little of the object as makes a card of it, in the customer's language only."""
    return {
        "id": given.object_id,
        "classId": given.class_id,
        "state": _state(face, now),
        "loyaltyPoints": {
            "label": words(_STAMPS)[face.language],
            "balance": {"string": f"{face.stamps}/{face.stamps_required}"},
        },
        "secondaryLoyaltyPoints": {"label": words(_REWARDS)[face.language], "balance": {"int": face.rewards_ready}},
        "barcode": {"type": "QR_CODE", "value": face.barcode.message, "alternateText": face.barcode.alt_text},
        "heroImage": {"sourceUri": {"uri": pictures.hero}},
    }


def as_patch(body: Mapping[str, Any]) -> Json:
    """The object as a change of an older one: what it no longer has is cleared."""
    return {**dict.fromkeys(_OPTIONAL), **body}


def balance_of(body: Mapping[str, Any]) -> str:
    """The numbers whose change makes phones ring, as one text to compare."""
    return f"{body['loyaltyPoints']['balance']['string']} {body['secondaryLoyaltyPoints']['balance']['int']}"


def message(message_id: str, header: Words, body: Words, language: str, *, notify: bool) -> Json:
    """A message on the object; notify: with a notification. message_id: never used before, or nothing rings."""
    return {
        "message": {
            "id": message_id,
            **_text("header", _cut(header, LONGEST_HEADER), language),
            **_text("body", body, language),
            "messageType": "TEXT_AND_NOTIFY" if notify else "TEXT",
        }
    }


_STAMPS, _REWARDS = N_("Stamps"), N_("Rewards")

# Two rows on the card: the two balances, then the next reward. Without it Google shows the first balance alone.
_TEMPLATE: Json = {
    "cardTemplateOverride": {
        "cardRowTemplateInfos": [
            {
                "twoItems": {
                    "startItem": {"firstValue": {"fields": [{"fieldPath": "object.loyaltyPoints.balance"}]}},
                    "endItem": {"firstValue": {"fields": [{"fieldPath": "object.secondaryLoyaltyPoints.balance"}]}},
                }
            },
            {
                "oneItem": {
                    "item": {"firstValue": {"fields": [{"fieldPath": "object.textModulesData['reward']"}]}},
                }
            },
        ]
    }
}


def _state(face: Face, now: datetime) -> str:
    if face.voided:
        return "INACTIVE"
    return "EXPIRED" if face.expires_at is not None and face.expires_at <= now else "ACTIVE"


def _text_module(field: Field, language: str) -> Json:
    return {
        "id": field.key,
        **_text("header", _cut(field.label, LONGEST_HEADER), language),
        **_text("body", _cut(_worded(field.value), LONGEST_BODY), language),
    }


def _link(face: Face) -> Json:
    return {"id": "card", "uri": face.web_url, **_text("description", words(N_("Open my card")), face.language)}


def _text(name: str, text: Words, language: str) -> Json:
    """A text field, and beside it the same in all languages unless they say the same."""
    plain = {name: text[language]}
    if len(set(text.values())) == 1:
        return plain
    return {**plain, f"localized{name[0].upper()}{name[1:]}": _localized(text, language)}


def _localized(text: Words, language: str = DEFAULT_LANGUAGE) -> Json:
    """The text in all languages; Wallet shows the given one to those who speak none of them."""
    others = [one for one in LANGUAGES if one != language and text[one] != text[language]]
    value: Json = {"defaultValue": {"language": language, "value": text[language]}}
    if others:
        value["translatedValues"] = [{"language": one, "value": text[one]} for one in others]
    return value


def _worded(value: Words | str | int | datetime) -> Words:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, datetime):
        return {language: format_date(value, "long", locale=language) for language in LANGUAGES}
    return same(str(value))


def _cut(text: Words, longest: int) -> Words:
    return {language: shortened(each, longest) for language, each in text.items()}


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning with an ellipsis, no longer than that."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
