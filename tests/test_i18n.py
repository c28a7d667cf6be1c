"""The catalogue speaks every language completely."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment

from tests.catalogue import PACKAGE, TRANSLATED, catalogue_of, forms, untranslated, used
from walletpass.i18n import LANGUAGES, translate, translate_plural, words

PLACE = re.compile(r"%(?:\((\w+)\)s|@)")
NUMBERS = {"n", "num"}
LOOSE_LETTER = re.compile(r"\b[aiouwz] ", re.IGNORECASE)
NO_PLACE = re.compile(r"%(?!\(\w+\)s|@)")

LITERALS = {"N_": 1, "plural": 2}
"""How many of the first things in the brackets are read by the extractor, and must be plain literals for that."""

SPOKEN_ATTRIBUTES = {"alt", "title", "placeholder", "aria-label", "label"}
SAME_EVERYWHERE = {"walletpass", "· walletpass", "OK", "i", "ms", "ABC DEF GH2"}
FILLED_IN = "¤"
CLASSES = re.compile(r"{% block (?:body_class|arrangement) %}.*?{% endblock %}")

in_every_language = pytest.mark.parametrize("language", TRANSLATED)


@pytest.fixture(scope="module")
def marked() -> Catalog:
    return used()


@in_every_language
def test_every_text_is_translated(language: str, marked: Catalog) -> None:
    translated = catalogue_of(language)
    unknown = [message.id for message in marked if message.id and message.id not in translated]
    assert (unknown, [message.id for message in untranslated(translated)]) == ([], [])


@in_every_language
def test_no_translation_is_left_over_or_unsure(language: str, marked: Catalog) -> None:
    messages = [message for message in catalogue_of(language) if message.id]
    assert [message.id for message in messages if message.fuzzy or message.id not in marked] == []


@in_every_language
def test_a_text_that_counts_has_all_forms_of_the_language(language: str, marked: Catalog) -> None:
    translated = catalogue_of(language)
    counting = [message.id for message in marked if isinstance(message.id, tuple)]
    assert [one for one in counting if len(forms(translated[one])) != translated.num_plurals] == []


@in_every_language
def test_every_form_fills_the_same_places(language: str) -> None:
    wrong = [form for message in catalogue_of(language) if message.id for form in _with_other_places(message)]
    assert wrong == []


@in_every_language
def test_a_percent_sign_always_fills_a_place(language: str) -> None:
    """Any other would break the page that shows the text."""
    said = [form for message in catalogue_of(language) if message.id for form in forms(message)]
    assert [form for form in said if NO_PLACE.search(form)] == []


@in_every_language
def test_quotes_are_the_languages_own(language: str) -> None:
    """Polish and Hungarian both open „ and close ”."""
    said = [form for message in catalogue_of(language) if message.id for form in forms(message)]
    assert [form for form in said if "“" in form or form.count("„") != form.count("”")] == []


def test_no_polish_line_ends_on_a_single_letter() -> None:
    """A no-break space ties it to the next word, as Polish typesetters do."""
    said = [form for message in catalogue_of("pl") if message.id for form in forms(message)]
    assert [form for form in said if LOOSE_LETTER.search(form)] == []


def test_polish_counts_in_three_ways_and_hungarian_in_one() -> None:
    counted = {
        language: [translate_plural(language, "%(n)s stamp", "%(n)s stamps", n) for n in (1, 2, 5, 12, 22)]
        for language in TRANSLATED
    }
    assert counted == {
        "pl": ["1 pieczątka", "2 pieczątki", "5 pieczątek", "12 pieczątek", "22 pieczątki"],
        "hu": ["1 pecsét", "2 pecsét", "5 pecsét", "12 pecsét", "22 pecsét"],
    }


def test_all_languages_come_at_once() -> None:
    assert words("Stamps") == {"en": "Stamps", "pl": "Pieczątki", "hu": "Pecsétek"}
    assert set(words("Stamps")) == set(LANGUAGES)


def test_an_unknown_language_reads_english() -> None:
    assert translate("tlh", "Stamps") == "Stamps"


def test_no_text_is_marked_in_pieces() -> None:
    """What is put together first would never be found in the catalogue."""
    wrong = [
        f"{path.name}:{call.lineno}"
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        for given in call.args[: LITERALS.get(call.func.id, 0)]
        if not isinstance(given, ast.Constant)
    ]
    assert wrong == []


@pytest.mark.parametrize("template", sorted(PACKAGE.rglob("templates/**/*.html")), ids=lambda path: str(path.name))
def test_no_template_says_anything_that_is_not_marked(template: Path) -> None:
    said = _Said()
    tokens = Environment().lex(CLASSES.sub("", template.read_text()))
    html = "".join(text if kind == "data" else FILLED_IN for _, kind, text in tokens)
    said.feed(html.replace(f"<{FILLED_IN}", "<h"))
    assert [text for text in said.texts if text not in SAME_EVERYWHERE] == []


class _Said(HTMLParser):
    """Collects what people read or hear of a page. texts: those with letters in them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts += [part.strip() for part in data.split(FILLED_IN) if any(map(str.isalpha, part))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES:
                self.handle_data(value or "")


def _with_other_places(message: Message) -> list[str]:
    """The forms that fill other places than the original. The form for one may leave the number out."""
    original = message.id[-1] if isinstance(message.id, tuple | list) else message.id
    expected, first = set(PLACE.findall(original)), forms(message)[0]
    for_one = expected - NUMBERS if isinstance(message.id, tuple | list) else expected
    return [
        form
        for form in forms(message)
        if (filled := set(PLACE.findall(form))) != expected and not (form is first and filled == for_one)
    ]
