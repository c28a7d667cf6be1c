"""The catalogue speaks every language completely."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from walletpass import i18n
from walletpass.i18n import LANGUAGES, translate, translate_plural, words

PACKAGE = Path(i18n.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "translate_plural": (2, 3)}
PLACES = re.compile(r"%(?:\((\w+)\))?[@sd]")


def used() -> Catalog:
    """All texts that are marked anywhere in the package."""
    catalogue = Catalog()
    for file, line, message, _, _ in extract_from_dir(
        PACKAGE, METHODS, options_map={"**.html": {"silent": "false"}}, keywords=KEYWORDS
    ):
        catalogue.add(message, locations=[(file, line)])
    return catalogue


def catalogue(language: str) -> Catalog:
    """The translations into one language."""
    return read_po(BytesIO((PACKAGE / "translations" / f"{language}.po").read_bytes()), locale=language)


def forms(message: Message) -> Iterator[str]:
    """Every form of a translation."""
    yield from (message.string if isinstance(message.string, tuple | list) else (message.string,))


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_is_translated(language: str) -> None:
    translated = catalogue(language)
    missing = [m.id for m in used() if m.id and not ((found := translated.get(m.id)) and all(forms(found)))]
    assert missing == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_translation_is_left_over_or_unsure(language: str) -> None:
    known = used()
    left_over = [m.id for m in catalogue(language) if m.id and (m.fuzzy or known.get(m.id) is None)]
    assert left_over == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_form_fills_the_same_places(language: str) -> None:
    wrong = []
    for message in catalogue(language):
        if message.id:
            original = message.id[-1] if isinstance(message.id, tuple | list) else message.id
            expected = set(PLACES.findall(original))
            wrong += [form for form in forms(message) if set(PLACES.findall(form)) - {"n"} != expected - {"n"}]
    assert wrong == []


def test_polish_counts_in_three_ways_and_hungarian_in_one() -> None:
    assert catalogue("pl").num_plurals == 3
    assert catalogue("hu").num_plurals in (1, 2)
    stamps = [
        translate_plural("pl", "%(n)s stamp: %(reward)s", "%(n)s stamps: %(reward)s", n, reward="x") for n in (1, 2, 5)
    ]
    assert len({re.sub(r"\d", "", line) for line in stamps}) == 3


def test_all_languages_come_at_once() -> None:
    assert set(words("Stamps")) == set(LANGUAGES)
    assert len(set(words("Stamps").values())) == len(LANGUAGES)


def test_an_unknown_language_reads_english() -> None:
    assert translate("tlh", "Stamps") == "Stamps"


def test_no_text_is_marked_in_pieces() -> None:
    """N_ takes one literal: what is put together first would never be found in the catalogue."""
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_"
        if not isinstance(node.args[0], ast.Constant)
    ]
    assert wrong == []
