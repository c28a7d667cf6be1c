"""The allowance of requests that all workers share."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.conftest import NOON
from tests.google.pretend import ISSUER_ID
from walletpass.database import transaction
from walletpass.google.bucket import AT_ONCE, DISTANCE, rest, take_turn

GOOGLES_LIMIT = 20
"""Requests in a second."""


def turn(engine: Engine, now: datetime = NOON, issuer_id: str = ISSUER_ID, patience: float = 60) -> timedelta | None:
    with transaction(engine) as connection:
        return take_turn(connection, issuer_id, now, patience=timedelta(seconds=patience))


def waits(engine: Engine, count: int, now: datetime = NOON) -> list[timedelta]:
    """How long each of so many requests has to wait."""
    found = [turn(engine, now) for _ in range(count)]
    return [wait for wait in found if wait is not None]


def test_a_few_requests_after_a_pause_wait_for_nothing(engine: Engine) -> None:
    assert waits(engine, AT_ONCE) == [timedelta(0)] * AT_ONCE


def test_never_more_in_a_second_than_google_allows(engine: Engine) -> None:
    moments = [NOON + wait for wait in waits(engine, 60)]
    for start in moments:
        assert sum(start <= moment < start + timedelta(seconds=1) for moment in moments) <= GOOGLES_LIMIT


def test_in_the_long_run_there_are_fifteen_a_second(sqlite_engine: Engine) -> None:
    assert waits(sqlite_engine, 150 + AT_ONCE)[-1] == pytest.approx(timedelta(seconds=10), abs=timedelta(seconds=0.1))


def test_a_pause_saves_up_no_more_than_a_few_turns(engine: Engine) -> None:
    turn(engine)
    later = NOON + timedelta(hours=1)
    assert waits(engine, AT_ONCE + 1, later)[-1] == DISTANCE


def test_who_would_wait_too_long_is_told_and_takes_no_turn(engine: Engine) -> None:
    waits(engine, AT_ONCE)
    assert turn(engine, patience=0.01) is None
    assert turn(engine) == DISTANCE


def test_nobody_has_a_turn_while_google_wants_to_be_left_alone(engine: Engine) -> None:
    until = NOON + timedelta(minutes=5)
    for end in (until, NOON + timedelta(minutes=1)):  # the longer wish holds
        with transaction(engine) as connection:
            rest(connection, ISSUER_ID, end)
    assert turn(engine) is None
    assert turn(engine, until) == timedelta(0)


def test_a_clock_that_was_years_ahead_keeps_nobody_waiting(engine: Engine) -> None:
    turn(engine, NOON + timedelta(days=1000))
    assert turn(engine) == timedelta(0)


def test_issuers_do_not_wait_for_each_other(engine: Engine) -> None:
    waits(engine, 30)
    assert turn(engine, issuer_id="3388000000000000002") == timedelta(0)


def test_workers_that_ask_at_once_get_different_turns(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as workers:
        found = list(workers.map(lambda _: turn(engine), range(40)))
    assert len(set(found)) == 40 - AT_ONCE + 1  # the first few share a wait of nothing
