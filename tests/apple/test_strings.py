"""`pass.strings`, against a reader of this format by others (openstep-plist of the fonttools project)."""

import openstep_plist
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walletpass.apple.strings import BadStrings, read_strings, write_strings

AWKWARD = {
    "stamps.label": "Pieczątki",
    "terms.value": 'Say "hello"; pay = nothing\\never.\nSecond line\r\n\ttab',
    "news.value": "Köszönjük! ☕️ /* no comment */ // none either",
    "empty": "",
    "percent": "You have %@ stamps, 100 %",
}


def test_another_reader_finds_what_was_written() -> None:
    assert openstep_plist.loads(write_strings(AWKWARD).decode()) == AWKWARD


def test_it_is_utf_8_without_a_byte_order_mark() -> None:
    data = write_strings({"a": "ż"})
    assert data == '"a" = "ż";\n'.encode()


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))))
@settings(deadline=None)
def test_what_is_written_can_be_read(texts: dict[str, str]) -> None:
    assert read_strings(write_strings(texts)) == texts


def test_comments_bare_words_and_escapes_of_other_writers_are_read() -> None:
    data = rb'/* a "comment"; */ key = "one\U0020two \"three\" \\ \101"; // the end' + b'\n"b"="c";'
    assert read_strings(data) == {"key": 'one two "three" \\ A', "b": "c"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_that_phones_take_is_read(encoding: str) -> None:
    assert read_strings('"a" = "żółć";'.encode(encoding)) == {"a": "żółć"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'"a" = "b"', "entry 1 is not of the form"),
        (b'"a" = "b";\n"c" "d";', "entry 2 is not of the form"),
        (b'"a" = "say "hello"";', "entry 1 is not of the form"),
        (b'"a" = "b";\n"c" = "no end;', "line 2 cannot be read"),
        (b'"a" = "b"; "a" = "c";', "'a' occurs twice"),
        (b"= = = ;", "entry 1"),
        (b'"a" = "\xff";', "not UTF-8 at byte 7"),
        (b"\xff\xfea", "not UTF-16"),
        (b"/* no end", "line 1 cannot be read"),
    ],
)
def test_a_broken_file_says_where_it_breaks(data: bytes, words: str) -> None:
    with pytest.raises(BadStrings, match=words):
        read_strings(data)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_garbage_is_read_or_refused_and_nothing_else(data: bytes) -> None:
    try:
        assert isinstance(read_strings(data), dict)
    except BadStrings as error:
        assert str(error)
