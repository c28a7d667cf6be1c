"""The places where a card lives know when they are behind."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Row, select, update

from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.database import reading, transaction
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import GAP, GATHER, add_destination, behind, remove_destination


def add(counter: Counter, revision: int = 1) -> str:
    with transaction(counter.shop.engine) as connection:
        return add_destination(connection, counter.card_id, "apple", revision=revision, now=counter.now)


def destination(counter: Counter, destination_id: str) -> Row[Any]:
    query = select(tables.destination).where(tables.destination.c.id == destination_id)
    with reading(counter.shop.engine) as connection:
        return connection.execute(query).one()


def put(counter: Counter, destination_id: str, **values: object) -> None:
    """What the delivery loop does."""
    change = update(tables.destination).where(tables.destination.c.id == destination_id).values(**values)
    with transaction(counter.shop.engine) as connection:
        connection.execute(change)


def test_a_new_destination_that_shows_the_latest_revision_is_up_to_date(engine: Engine) -> None:
    counter = open_counter(engine)
    row = destination(counter, add(counter))
    assert (row.wanted_revision, row.delivered_revision, row.due_at, row.created_at) == (1, 1, None, NOON)


def test_a_new_destination_that_shows_an_older_revision_is_behind(engine: Engine) -> None:
    counter = open_counter(engine)
    counter.stamp()
    row = destination(counter, add(counter, revision=1))
    assert (row.wanted_revision, row.delivered_revision, row.due_at) == (2, 1, NOON + GATHER)


@pytest.mark.parametrize("act", ["stamp", "redeem", "close", "undo", "sweep"])
def test_every_change_of_a_card_leaves_its_destinations_behind(sqlite_engine: Engine, act: str) -> None:
    counter = open_counter(sqlite_engine, reward_days=30)
    counter.stamp(10)
    stamped = counter.stamp()
    found = add(counter, counter.card.revision)
    if act == "sweep":
        counter.later(days=30)
    getattr(counter, act)(*([stamped] if act == "undo" else []))
    row = destination(counter, found)
    assert (row.wanted_revision, row.due_at) == (counter.card.revision, counter.now + GATHER)
    assert row.delivered_revision == counter.card.revision - 1


def test_all_destinations_of_a_card_are_told_and_none_of_another(counter: Counter) -> None:
    phone, watch = add(counter), add(counter)
    elsewhere = add(Counter(counter.shop, counter.shop.join().id, NOON))
    counter.stamp()
    assert [destination(counter, each).wanted_revision for each in (phone, watch, elsewhere)] == [2, 2, 1]


def test_a_burst_of_stamps_is_due_once_and_soon(counter: Counter) -> None:
    found = add(counter)
    for _ in range(10):
        counter.stamp()
        counter.now += timedelta(milliseconds=5)
    row = destination(counter, found)
    assert (row.due_at, row.wanted_revision) == (NOON + GATHER, 11)


def test_the_next_change_waits_until_a_second_after_the_last_delivery(engine: Engine) -> None:
    counter = open_counter(engine)
    found = add(counter)
    put(counter, found, delivered_at=NOON)
    counter.stamp()
    assert destination(counter, found).due_at == NOON + GAP


def test_a_retry_that_is_planned_keeps_its_time(counter: Counter) -> None:
    found, planned = add(counter), NOON + timedelta(minutes=10)
    put(counter, found, due_at=planned)
    counter.stamp()
    assert destination(counter, found).due_at == planned


def test_a_destination_that_is_gone_is_told_nothing(counter: Counter) -> None:
    found = add(counter)
    with transaction(counter.shop.engine) as connection:
        remove_destination(connection, found)
    counter.stamp()
    with reading(counter.shop.engine) as connection:
        assert behind(connection) == (0, None)


def test_operators_see_how_many_are_behind_and_since_when(engine: Engine) -> None:
    counter = open_counter(engine)
    add(counter), add(counter)
    counter.stamp()
    expected: tuple[int, datetime | None] = (2, NOON + GATHER)
    with reading(engine) as connection:
        assert behind(connection) == expected
