"""The language of a page: asked for in the address, known from whom the page is for, or the browser's own."""

from flask import Flask, g, request

from walletpass.i18n import DEFAULT_LANGUAGE, LANGUAGES, translate, translations

NAMES = {"en": "English", "pl": "Polski", "hu": "Magyar"}
"""What each language calls itself."""


def speak_languages(app: Flask) -> None:
    """Give the templates `_`, `ngettext`, `page_language()` and `language_names`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(page_language=page_language, language_names=NAMES)


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


def _gettext(message: str) -> str:
    return str(translations(page_language()).ugettext(message))


def _ngettext(singular: str, plural: str, n: int) -> str:
    return str(translations(page_language()).ungettext(singular, plural, n))
