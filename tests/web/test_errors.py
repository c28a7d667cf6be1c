"""Every error has one HTTP status, the same for programs and for people."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conftest import NOON
from walletpass.accounts.errors import EmailTaken, Forbidden, KeyNeeded, NoSuchKey, TooManyAttempts, WrongSignIn
from walletpass.loyalty.errors import (
    KeyReused,
    LoyaltyError,
    NothingToRedeem,
    StampedTooSoon,
    TooManyAtOnce,
    Unfit,
    UnknownCard,
)
from walletpass.web.errors import retry_after, retry_at, status_of


def all_kinds(kind: type[LoyaltyError] = LoyaltyError) -> Iterator[type[LoyaltyError]]:
    """Every kind of error that there is."""
    for child in kind.__subclasses__():
        yield child
        yield from all_kinds(child)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (UnknownCard, 404),
        (NoSuchKey, 404),
        (NothingToRedeem, 409),
        (StampedTooSoon, 409),
        (EmailTaken, 409),
        (Unfit, 422),
        (KeyReused, 422),
        (KeyNeeded, 401),
        (Forbidden, 403),
        (WrongSignIn, 403),
        (TooManyAttempts, 429),
    ],
)
def test_an_error_has_its_status(kind: type[LoyaltyError], status: int) -> None:
    assert status_of(kind) == status


def test_no_error_of_ours_is_a_fault_of_the_server() -> None:
    assert {kind for kind in all_kinds() if not 400 <= status_of(kind) < 500} == set()


def test_a_refusal_that_time_heals_says_when() -> None:
    later = NOON + timedelta(minutes=5)
    assert retry_at(StampedTooSoon(later, wait="5 min")) == later
    assert retry_at(TooManyAttempts(later, "5 min")) == later


def test_a_refusal_that_time_does_not_heal_says_nothing() -> None:
    assert retry_at(TooManyAtOnce(None, limit=5)) is None
    assert retry_at(UnknownCard()) is None


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (timedelta(seconds=90), "90"),
        (timedelta(seconds=89, milliseconds=1), "90"),
        (timedelta(milliseconds=1), "1"),
        (timedelta(0), "1"),
        (timedelta(seconds=-5), "1"),
    ],
)
def test_the_wait_is_whole_seconds_and_never_too_short(wait: timedelta, seconds: str) -> None:
    assert retry_after(NOON + wait, NOON) == seconds
