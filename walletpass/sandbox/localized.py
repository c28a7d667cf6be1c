"""Texts of a pass as Google Wallet chooses them: in the language of the phone if there is one, else the default."""

from collections.abc import Mapping
from typing import Any


def localized(given: Mapping[str, Any], name: str, language: str) -> str:
    """The text of that name: `localizedX` goes before `X`."""
    return words(given.get(f"localized{name[0].upper()}{name[1:]}"), language) or str(given.get(name, ""))


def words(given: Mapping[str, Any] | None, language: str) -> str:
    """A LocalizedString in the language; empty when there is none."""
    if not given:
        return ""
    default: Mapping[str, str] = given.get("defaultValue", {})
    for each in (*given.get("translatedValues", ()), default):
        if each.get("language", "").partition("-")[0] == language:
            return str(each.get("value", ""))
    return str(default.get("value", ""))
