"""From a face to pass.json, split in two: what all cards of a program share, and what one card says.

Texts that differ between languages go into `pass.strings`; pass.json then holds their keys, such as `stamps.label`.
Source: Apple, Wallet Passes, "Pass", "PassFields", "PassFieldContent", "Creating the source for a pass".
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from itertools import chain
from json.encoder import encode_basestring
from typing import NamedTuple
from zlib import crc32

from walletpass.apple.strings import write_strings
from walletpass.i18n import DEFAULT_LANGUAGE, LANGUAGES, Words
from walletpass.keys import Keyring
from walletpass.passes.face import Face, Field

Texts = tuple[tuple[str, tuple[str, ...]], ...]
"""Texts of a pass that differ between languages: each a key and the text in each of LANGUAGES."""

LABELS_KEPT = 1024
LINK_SCHEMES = ("https://", "http://", "mailto:", "tel:")

_quote = encode_basestring  # a text as JSON, letters beyond ASCII as they are
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Issuer:
    """In whose name passes are issued, and where phones ask for updates."""

    pass_type_identifier: str
    team_identifier: str
    web_service_url: str


class WrittenField(NamedTuple):
    """A field in JSON, the texts that differ between languages, and what is wrong with it."""

    json: bytes
    texts: Texts
    faults: Sequence[str]


@dataclass(frozen=True)
class Shared:
    """What the pass.json of all cards of a program has in common, already written.

    opening: the object's beginning, up to the last shared key.
    back, back_keys, faults: the shared back fields in JSON, their keys, and what is wrong with them.
    strings: the shared part of `pass.strings` in each of LANGUAGES; empty when no text differs.
    """

    opening: bytes
    back: list[bytes]
    back_keys: frozenset[str]
    faults: list[str]
    strings: tuple[bytes, ...]


class WrittenFields(NamedTuple):
    """The fields of one card, group by group."""

    header: Sequence[WrittenField]
    secondary: Sequence[WrittenField]
    back: Sequence[WrittenField]

    @property
    def texts(self) -> Texts:
        return tuple([text for field in self._all() for text in field.texts])

    @property
    def faults(self) -> list[str]:
        return [fault for field in self._all() for fault in field.faults]

    def _all(self) -> list[WrittenField]:
        return [*self.header, *self.secondary, *self.back]


def authentication_token(keyring: Keyring, key_id: str | None, pass_type_identifier: str, serial_number: str) -> str:
    """The secret that a pass shows to the web service: 64 hexadecimal digits, the same for ever. Never log it.

    Raises walletpass.keys.RetiredKey.
    """
    return keyring.derive("apple authentication token", pass_type_identifier, serial_number, key_id=key_id).hex()


def shared(face: Face, issuer: Issuer) -> Shared:
    """The shared part of the face's pass.json. Raises UnicodeEncodeError, see `write_strings`."""
    texts: dict[str, tuple[str, ...]] = {}
    head = {
        "formatVersion": 1,
        "passTypeIdentifier": issuer.pass_type_identifier,
        "teamIdentifier": issuer.team_identifier,
        "organizationName": face.organization,
        "description": _localised("description", face.description, texts),
        "logoText": face.organization,
        "backgroundColor": face.background.rgb,
        "foregroundColor": face.foreground.rgb,
        "labelColor": face.label.rgb,
        "suppressStripShine": True,
        "sharingProhibited": True,
        "webServiceURL": issuer.web_service_url,
    }
    if face.places:
        head["locations"] = [
            {
                "latitude": place.latitude,
                "longitude": place.longitude,
                "relevantText": _localised(f"places.{number}", place.text, texts),
            }
            for number, place in enumerate(face.places)
        ]
    back = [write_field(field) for field in face.back_static]
    return Shared(
        opening=_encode(head).removesuffix("}").encode(),
        back=[field.json for field in back],
        back_keys=frozenset(field.key for field in face.back_static),
        faults=[fault for field in back for fault in field.faults],
        strings=strings_in_every_language((*texts.items(), *chain.from_iterable(field.texts for field in back))),
    )


def write_field(field: Field) -> WrittenField:
    """The field as Wallet wants it."""
    key, value, more = field.key, field.value, ""
    opening, label_texts = _opening(key, _variants(field.label))
    texts: dict[str, tuple[str, ...]] = {}
    if isinstance(value, datetime):
        shown, more = _quote(_date(value)), ',"dateStyle":"PKDateStyleMedium","timeStyle":"PKDateStyleNone"'
    elif isinstance(value, int):
        shown, more = str(value), ',"numberStyle":"PKNumberStyleDecimal"'
    else:
        shown = _quote(value if isinstance(value, str) else _changing(key, _variants(value), texts))
        if field.link:
            more = f',"attributedValue":{_quote(_localised(f"{key}.link", _linked(value, field.link), texts))}'
    if field.change_message is not None:
        more += f',"changeMessage":{_quote(_localised(f"{key}.message", field.change_message, texts))}'
    return WrittenField(f"{opening}{shown}{more}}}".encode(), (*label_texts, *texts.items()), _faults(field))


@lru_cache(LABELS_KEPT)
def _opening(key: str, label: tuple[str, ...]) -> tuple[str, Texts]:
    """A field's JSON up to its value, and the label's text when it differs between languages."""
    texts: dict[str, tuple[str, ...]] = {}
    shown = _key_or_text(f"{key}.label", label, texts)
    return f'{{"key":{_quote(key)},"label":{_quote(shown)},"value":', tuple(texts.items())


def write_fields(face: Face, write: Callable[[Field], WrittenField] = write_field) -> WrittenFields:
    """The card's own fields. write: how one is written; a renderer remembers those that it has written before."""
    return WrittenFields(
        [write(field) for field in face.header],
        [write(field) for field in face.secondary],
        [write(field) for field in face.back],
    )


def pass_json(face: Face, shared: Shared, fields: WrittenFields, token: str) -> bytes:
    """The whole pass.json of a face, with its authentication token."""
    expiration = f',"expirationDate":"{_date(face.expires_at)}"' if face.expires_at is not None else ""
    voided = ',"voided":true' if face.voided else ""
    own = (
        f',"serialNumber":{_quote(face.serial_number)},"authenticationToken":"{token}"{expiration}{voided},'
        f'"barcodes":[{{"format":"PKBarcodeFormatQR","message":{_quote(face.barcode.message)},'
        f'"messageEncoding":"iso-8859-1","altText":{_quote(face.barcode.alt_text)}}}],"storeCard":{{"headerFields":['
    )
    return b"".join(
        (
            shared.opening,
            own.encode(),
            b",".join([field.json for field in fields.header]),
            b'],"secondaryFields":[',
            b",".join([field.json for field in fields.secondary]),
            b'],"backFields":[',
            b",".join([field.json for field in fields.back] + shared.back),
            b"]}}",
        )
    )


def strings_in_every_language(texts: Texts) -> tuple[bytes, ...]:
    """The lines of `pass.strings` in each of LANGUAGES. Raises UnicodeEncodeError, see `write_strings`."""
    return tuple(write_strings({key: variants[place] for key, variants in texts}) for place in range(len(LANGUAGES)))


def _localised(key: str, text: Words | str, texts: dict[str, tuple[str, ...]]) -> str:
    """What pass.json says for the text: itself when it is the same in all languages, otherwise its key."""
    return text if isinstance(text, str) else _key_or_text(key, _variants(text), texts)


def _changing(key: str, variants: tuple[str, ...], texts: dict[str, tuple[str, ...]]) -> str:
    """A value that may differ between languages, under a key that changes with it.

    Whether phones compare what pass.json says or what they show is not documented; this way both have changed.
    """
    return _key_or_text(f"{key}.value.{crc32(repr(variants).encode('utf-8', 'surrogatepass')):08x}", variants, texts)


def _key_or_text(key: str, variants: tuple[str, ...], texts: dict[str, tuple[str, ...]]) -> str:
    if variants.count(variants[0]) == len(variants):
        return variants[0]
    texts[key] = variants
    return key


def _variants(text: Words) -> tuple[str, ...]:
    """The text in each of LANGUAGES, in English where one is missing."""
    return tuple([text.get(language) or text[DEFAULT_LANGUAGE] for language in LANGUAGES])


def _linked(value: Words | str, link: str) -> Words | str:
    """The value as a link. Wallet honours `<a href>` and nothing else."""
    if isinstance(value, str):
        return _anchor(value, link)
    return {language: _anchor(text, link) for language, text in value.items()}


def _anchor(text: str, link: str) -> str:
    href = escape(link)
    return f"<a href='{href}'>{href if text == link else escape(text)}</a>"


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _faults(field: Field) -> list[str]:
    faults = []
    if field.change_message is not None and not all("%@" in text for text in field.change_message.values()):
        faults.append(f"the change message of {field.key!r} lacks %@, the place of the new value")
    if field.link is not None and (not field.link.startswith(LINK_SCHEMES) or len(field.link.split()) != 1):
        faults.append(f"the link of {field.key!r} must be an address such as https://example.com, without blanks")
    return faults
