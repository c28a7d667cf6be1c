"""The translation catalogue: every text that users see, in every language that we speak."""

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = ("en", "pl", "hu")
DEFAULT_LANGUAGE = "en"

Words = Mapping[str, str]
"""One text in several languages: language code -> text."""


def N_(message: str) -> str:
    """Mark a text for the catalogue where it is written; it is translated where it is shown."""
    return message


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of one language; English, the language of the sources, for any other.

    The `.po` files are read as they are, so no compiled catalogue can be older than its text.
    """
    path = Path(__file__).parent / "translations" / f"{language}.po"
    if language not in LANGUAGES or not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def translate(language: str, message: str, **values: object) -> str:
    """The message in the given language, with `%(name)s` places filled."""
    text = str(translations(language).ugettext(message))
    return text % values if values else text


def translate_plural(language: str, singular: str, plural: str, n: int, **values: object) -> str:
    """The form of the message that fits the number n in the given language, with `%(n)s` and other places filled."""
    return str(translations(language).ungettext(singular, plural, n)) % {"n": n, **values}


def words(message: str, **values: object) -> Words:
    """The message in all languages at once."""
    return {language: translate(language, message, **values) for language in LANGUAGES}


def same(text: str) -> Words:
    """A text of the merchant's own, the same in every language."""
    return dict.fromkeys(LANGUAGES, text)
