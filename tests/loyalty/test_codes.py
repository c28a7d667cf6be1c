"""The codes that staff scan or type."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletpass.loyalty.ids import (
    CODE_ALPHABET,
    CODE_LENGTH,
    MistypedCode,
    group_code,
    new_code,
    new_id,
    new_serial_number,
    read_code,
)

codes = st.builds(new_code)


@given(codes, st.sampled_from([str.upper, str.lower, group_code, lambda code: code.replace("", "-")]))
def test_a_code_is_read_in_any_case_and_grouping(code: str, write: object) -> None:
    assert callable(write)
    assert read_code(write(code)) == code


@given(codes, st.integers(0, CODE_LENGTH - 1), st.sampled_from(CODE_ALPHABET))
def test_every_single_wrong_sign_is_caught(code: str, place: int, sign: str) -> None:
    mistyped = code[:place] + sign + code[place + 1 :]
    if mistyped != code:
        with pytest.raises(MistypedCode):
            read_code(mistyped)


@given(codes, st.integers(0, CODE_LENGTH - 2))
def test_every_swap_of_two_neighbours_is_caught(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(MistypedCode):
            read_code(swapped)


@given(st.text())
def test_any_text_at_all_is_a_code_or_mistyped(text: str) -> None:
    with suppress(MistypedCode):
        assert len(read_code(text)) == CODE_LENGTH


def test_a_code_has_no_signs_that_look_alike() -> None:
    assert not set("01ILO") & set(CODE_ALPHABET)


def test_a_code_is_read_aloud_in_three_groups() -> None:
    assert [len(group) for group in group_code(new_code()).split()] == [3, 3, 3]


def test_later_ids_sort_later() -> None:
    ids = [new_id() for _ in range(2000)]
    assert all(earlier < later for earlier, later in pairwise(ids))


def test_a_serial_number_has_eighty_random_bits_in_plain_signs() -> None:
    numbers = {new_serial_number() for _ in range(100)}
    assert len(numbers) == 100
    assert all(len(number) == 20 and set(number) <= set("0123456789abcdef") for number in numbers)
