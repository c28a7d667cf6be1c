"""A pass as a phone holds it: what was in the .pkpass file, and its texts in the language of the phone."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from html import unescape
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent, format_scientific

from walletpass.apple.field_rules import GROUPS
from walletpass.apple.schema import CLASSIC_STYLES
from walletpass.apple.strings import read_strings
from walletpass.apple.verification import Report
from walletpass.i18n import DEFAULT_LANGUAGE

JsonField = Mapping[str, Any]

_TAG = re.compile(r"<[^>]*>")
_STRINGS = re.compile(r"(?P<language>[^/]+)\.lproj/pass\.strings")
_NUMBER_FORMATS = {"PKNumberStylePercent": format_percent, "PKNumberStyleScientific": format_scientific}


@dataclass(frozen=True)
class Region:
    """The language and the time zone of a phone."""

    language: str
    zone: tzinfo = UTC

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.language, sep="-")


@dataclass(frozen=True)
class PassFile:
    """The content of a .pkpass that was found good.

    files: all files by path. digests: the manifest; equal for files of equal content.
    """

    pass_json: Mapping[str, Any]
    files: Mapping[str, bytes]
    digests: Mapping[str, str]

    @property
    def pass_type_identifier(self) -> str:
        return str(self.pass_json["passTypeIdentifier"])

    @property
    def serial_number(self) -> str:
        return str(self.pass_json["serialNumber"])

    @property
    def web_service_url(self) -> str | None:
        """Where the pass is updated from; None when it never is."""
        return self.pass_json.get("webServiceURL")

    @property
    def authentication_token(self) -> str:
        return str(self.pass_json.get("authenticationToken", ""))

    @property
    def style(self) -> str:
        """`storeCard` and so on."""
        return next(style for style in CLASSIC_STYLES if style in self.pass_json)

    @cached_property
    def fields(self) -> Mapping[str, JsonField]:
        """All fields by key, front and back."""
        return {str(field["key"]): field for group in GROUPS for field in self.group(group)}

    def group(self, name: str) -> list[JsonField]:
        """The fields of one group, such as `headerFields`."""
        return list(self.pass_json[self.style].get(name, ()))

    @cached_property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """What the `pass.strings` files say: language -> key -> text."""
        found = ((_STRINGS.fullmatch(path), data) for path, data in self.files.items())
        return {match["language"]: read_strings(data) for match, data in found if match}


def read_pass_file(report: Report) -> PassFile:
    """The content of a file that verification has found good."""
    return PassFile(report.pass_json, report.files, json.loads(report.files["manifest.json"]))


@dataclass(frozen=True)
class ShownPass:
    """A pass as its owner reads it."""

    file: PassFile
    region: Region

    def text(self, written: str) -> str:
        """The text in the phone's language; one that equals no key of `pass.strings` is shown as it is."""
        return self._texts.get(written, written)

    @property
    def organization(self) -> str:
        return self.text(str(self.file.pass_json["organizationName"]))

    def label(self, field: JsonField) -> str:
        return self.text(str(field.get("label", "")))

    def value(self, field: JsonField) -> str:
        """The value as it is shown: an attributed one goes first, and its tags are not for reading."""
        if "attributedValue" in field:
            return unescape(_TAG.sub("", self._formatted(field, field["attributedValue"])))
        return self._formatted(field, field["value"])

    def linked_value(self, field: JsonField) -> str:
        """The value with its tags, of which Wallet honours `<a href>` alone. Not fit for a page as it is."""
        return self._formatted(field, field["attributedValue"])

    def images(self, name: str) -> Mapping[int, str]:
        """The paths of an image by scale (1, 2, 3). Those at the root win over those of a language."""
        for folder in ("", *(f"{language}.lproj/" for language in self._languages)):
            paths = {scale: f"{folder}{name}{f'@{scale}x' if scale > 1 else ''}.png" for scale in (1, 2, 3)}
            if found := {scale: path for scale, path in paths.items() if path in self.file.files}:
                return found
        return {}

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return self.file.texts[self._languages[0]] if self._languages else {}

    @cached_property
    def _languages(self) -> list[str]:
        """The one language of the pass that the phone chooses: with only Spanish there, everybody sees Spanish."""
        available = sorted({path.split(".lproj/")[0] for path in self.file.files if ".lproj/" in path})
        return next(([each] for each in _choices(self.region.language, available) if each in available), [])

    def _formatted(self, field: JsonField, value: str | float) -> str:
        if "dateStyle" in field or "timeStyle" in field:
            return self._moment(field, datetime.fromisoformat(str(value)))
        if isinstance(value, str):
            return self.text(value)
        if currency := field.get("currencyCode"):
            return str(format_currency(value, currency, locale=self.region.locale))
        # Nobody here can spell numbers out, so PKNumberStyleSpellOut stays in digits.
        write = _NUMBER_FORMATS.get(str(field.get("numberStyle")), format_decimal)
        return str(write(value, locale=self.region.locale))

    def _moment(self, field: JsonField, moment: datetime) -> str:
        local = moment if field.get("ignoresTimeZone") else moment.astimezone(self.region.zone)
        day, time = (_babel_style(field.get(key)) for key in ("dateStyle", "timeStyle"))
        locale = self.region.locale
        if not day:
            return format_time(local.time(), time or "short", locale=locale)
        if not time:
            return format_date(local, day, locale=locale)
        if day == time:
            return format_datetime(local.replace(tzinfo=None), day, locale=locale)
        return f"{format_date(local, day, locale=locale)} {format_time(local.time(), time, locale=locale)}"


def _choices(language: str, available: list[str]) -> Iterator[str]:
    """The languages of a pass, best first: the phone's own, its other regions, English, any."""
    own = language.partition("-")[0]
    yield language
    yield own
    yield from (each for each in available if each.partition("-")[0] == own)
    yield DEFAULT_LANGUAGE
    yield from available


def _babel_style(style: object) -> Any:
    """`PKDateStyleMedium` -> "medium"; None for `PKDateStyleNone`."""
    name = str(style or "None").removeprefix("PKDateStyle").lower()
    return None if name == "none" else name
