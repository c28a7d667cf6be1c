"""The quota of notifications, counted for each object."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.builders import Shop, open_shop
from tests.conftest import NOON
from walletpass.database import transaction
from walletpass.google.notices import DAY, MOST, Notice, count_in, count_out
from walletpass.google.saved import object_of, remember_object


@pytest.fixture
def cafe(engine: Engine) -> Shop:
    return open_shop(engine, now=NOON)


def an_object(shop: Shop, name: str) -> str:
    """The destination of a new card's object."""
    card = shop.join()
    with transaction(shop.engine) as connection:
        remember_object(connection, card.id, f"1.{name}", revision=1, balance="0/10 0", now=NOON)
        known = object_of(connection, card.id)
    assert known is not None
    return known.destination_id


def ring(shop: Shop, destination_id: str, after: timedelta = timedelta(0), call: str | None = None) -> Notice | None:
    with transaction(shop.engine) as connection:
        return count_in(connection, destination_id, NOON + after, call=call)


def give_back(shop: Shop, notice: Notice | None) -> None:
    assert notice is not None
    with transaction(shop.engine) as connection:
        count_out(connection, notice)


def test_three_calls_may_ring_in_a_day_and_no_more(cafe: Shop) -> None:
    alices = an_object(cafe, "alice")
    assert [ring(cafe, alices) is not None for _ in range(5)] == [True, True, True, False, False]


def test_a_call_counts_for_24_hours_to_the_moment(cafe: Shop) -> None:
    alices = an_object(cafe, "alice")
    for _ in range(MOST):
        ring(cafe, alices)
    assert ring(cafe, alices, DAY - timedelta(milliseconds=1)) is None
    assert ring(cafe, alices, DAY) is not None


def test_objects_are_counted_apart(cafe: Shop) -> None:
    alices, bobs = an_object(cafe, "alice"), an_object(cafe, "bob")
    for _ in range(MOST):
        ring(cafe, alices)
    assert ring(cafe, bobs) is not None


def test_a_call_that_rang_nowhere_is_given_back(cafe: Shop) -> None:
    alices = an_object(cafe, "alice")
    notices = [ring(cafe, alices) for _ in range(MOST)]
    give_back(cafe, notices[0])
    assert ring(cafe, alices) is not None


def test_a_call_that_can_ring_once_only_counts_once_and_as_of_its_last_attempt(cafe: Shop) -> None:
    alices, later = an_object(cafe, "alice"), timedelta(hours=5)
    for _ in range(MOST):
        ring(cafe, alices, call="a stamp")
    ring(cafe, alices, later, call="a stamp")
    assert [ring(cafe, alices, later) is not None for _ in range(MOST)] == [True, True, False]
    assert ring(cafe, alices, DAY) is None


def test_what_may_have_rung_before_counts_although_the_next_attempt_is_refused(cafe: Shop) -> None:
    alices = an_object(cafe, "alice")
    for _ in range(2):
        notice = ring(cafe, alices, call="a stamp")
    give_back(cafe, notice)
    assert [ring(cafe, alices) is not None for _ in range(MOST)] == [True, True, False]


def test_workers_that_ask_at_once_share_the_quota(cafe: Shop) -> None:
    alices = an_object(cafe, "alice")
    with ThreadPoolExecutor(8) as workers:
        allowed = list(workers.map(lambda _: ring(cafe, alices), range(16)))
    assert len([one for one in allowed if one]) == MOST
