"""Texts are checked before they are kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.texts import email_or_none, is_name, line, line_or_none, paragraphs

any_text = st.text(st.characters(codec=None))


@given(any_text)
def test_a_line_that_is_fit_can_be_kept_by_every_database(text: str) -> None:
    try:
        kept = line("name", text, 40)
    except Unfit:
        return
    assert 1 <= len(kept) <= 40
    assert not set("\0\n\r\v\f\x85\u2028\u2029") & set(kept)
    assert kept.encode().decode() == kept


@given(any_text)
def test_paragraphs_that_are_fit_can_be_kept_by_every_database(text: str) -> None:
    try:
        kept = paragraphs("terms", text, 40)
    except Unfit:
        return
    assert "\0" not in kept
    assert kept.encode().decode() == kept


@pytest.mark.parametrize("text", ["Zażółć gęślą jaźń", "őű", "👩‍🍳 Bäckerei", "קפה", "喫茶店"])
def test_people_write_in_any_script(text: str) -> None:
    assert line("name", text) == text


def test_blanks_around_a_line_are_taken_off() -> None:
    assert line("name", "  Bean Bar \t") == "Bean Bar"


@pytest.mark.parametrize("text", [None, "", " \n "])
def test_a_line_may_be_left_out(text: str | None) -> None:
    assert line_or_none("name", text) is None


def test_line_ends_of_any_kind_become_one_kind() -> None:
    assert paragraphs("terms", "one\r\ntwo\rthree\n", 40) == "one\ntwo\nthree"


@pytest.mark.parametrize("address", ["ann@example.org", " o'neil+cards@sub.example.co.uk ", "żaneta@przykład.pl"])
def test_addresses_of_all_kinds_are_fine(address: str) -> None:
    assert email_or_none("email", address) == address.strip()


@pytest.mark.parametrize("address", ["ann", "ann@", "@example.org", "ann@example@org", "ann smith@example.org"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Unfit) as refused:
        email_or_none("email", address)
    assert refused.value.field == "email"


@given(any_text)
def test_only_plain_signs_name_anything(text: str) -> None:
    if is_name(text):
        assert all(" " <= sign <= "~" for sign in text)


def test_a_name_has_at_most_two_hundred_signs() -> None:
    assert (is_name("n" * 200), is_name("n" * 201), is_name("")) == (True, False, False)
