"""The language of a page: asked for in the address, known from whom the page is for, or the browser's own."""

from collections.abc import Mapping
from datetime import datetime

from babel.dates import format_date, format_datetime
from flask import Flask, g, request

from walletpass.i18n import DEFAULT_LANGUAGE, LANGUAGES, Words, translate, translate_plural, translations

NAMES = {"en": "English", "pl": "Polski", "hu": "Magyar"}
"""What each language calls itself."""

MOMENTS = {"en": "d MMM, HH:mm", "pl": "d MMM, HH:mm", "hu": "MMM d., HH:mm"}
"""How each language writes a day and its time, short; babel's own short form has a year, and only figures."""


def speak_languages(app: Flask) -> None:
    """Give the templates `_`, `ngettext`, `page_language()`, `language_names`; as filters `spoken`, `day`, `moment`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(page_language=page_language, language_names=NAMES)
    app.jinja_env.filters.update(spoken=spoken, day=day, moment=moment)


def speak(language: str) -> None:
    """Make this the language of the page now being answered, unless its address asks for another."""
    g.language = language


def page_language() -> str:
    """The language of the page now being answered."""
    asked = request.args.get("language")
    if asked in LANGUAGES:
        return asked
    known: str | None = g.get("language")
    return known or request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def say(message: str, **values: object) -> str:
    """The message, marked with N_, in the language of the page."""
    return translate(page_language(), message, **values)


def plural(singular: str, plural: str, n: int, **values: object) -> str:
    """The form for the number n of a message, both forms plain literals, in the language of the page."""
    return translate_plural(page_language(), singular, plural, n, **values)


def spoken(value: Words | str | int | datetime) -> str:
    """The value of a field of a face, in the language of the page."""
    if isinstance(value, Mapping):
        return value[page_language()]
    return day(value) if isinstance(value, datetime) else str(value)


def day(at: datetime) -> str:
    """The day of a moment, written out. at: on the clock to go by, such as the shop's."""
    return format_date(at, "long", locale=page_language())


def moment(at: datetime) -> str:
    """Day and time of a moment, short. at: on the clock to go by, such as the shop's."""
    return format_datetime(at, MOMENTS[page_language()], locale=page_language())


def _gettext(message: str) -> str:
    return str(translations(page_language()).ugettext(message))


def _ngettext(singular: str, plural: str, n: int) -> str:
    return str(translations(page_language()).ungettext(singular, plural, n))
