"""What staff and phones wait for reads by index, however many cards there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.loyalty.counter import Counter, open_counter
from tests.loyalty.statements import Statement, listening
from tests.loyalty.test_idempotency import stamp
from walletpass.database import reading, transaction
from walletpass.loyalty import cards, destinations, idempotency, ledger
from walletpass.loyalty.ledger import By
from walletpass.loyalty.rules import Extra, Shield


@pytest.fixture
def busy(sqlite_engine: Engine) -> Counter:
    """A card on which everything can happen."""
    counter = open_counter(
        sqlite_engine, reward_days=30, first_stamp=True, extras=(Extra(5, "Pastry"),), shield=Shield(300, 100, 100)
    )
    counter.by = By("member:ann", counter.shop.location.id)
    counter.stamp(20)
    counter.later(minutes=10)
    with transaction(sqlite_engine) as connection:
        destinations.add_destination(connection, counter.card_id, "apple", revision=1, now=counter.now)
    return counter


@contextmanager
def no_scans(engine: Engine) -> Iterator[None]:
    """No statement of the block reads a whole table or index."""
    with listening(engine) as heard:
        yield
    assert heard
    plans = {statement: plan(engine, (statement, parameters)) for statement, parameters in heard}
    scans = {statement: lines for statement, lines in plans.items() if any(line.startswith("SCAN") for line in lines)}
    assert scans == {}


def plan(engine: Engine, statement: Statement) -> list[str]:
    """How SQLite goes about it, a line for each table."""
    text, parameters = statement
    if text.startswith("INSERT"):
        return []
    one = parameters[0] if isinstance(parameters, list) else parameters
    with reading(engine) as connection:
        return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", one)]


ACTS: dict[str, Callable[[Counter], object]] = {
    "join": lambda counter: counter.shop.join(by=counter.by),
    "stamp": lambda counter: counter.stamp(10),
    "redeem": lambda counter: counter.redeem(),
    "redeem what is used": lambda counter: _refused(counter),
    "undo a stamp": lambda counter: counter.undo(counter.stamp(10)),
    "undo a redemption": lambda counter: counter.undo(counter.redeem()),
    "undo a closing": lambda counter: counter.undo(counter.close()),
    "change the program": lambda counter: counter.change_terms(reward="Free tea"),
    "send a request twice": lambda counter: [stamp(counter, "scan-1") for _ in range(2)],
}


def _refused(counter: Counter) -> None:
    redeemed = counter.redeem().entry
    with pytest.raises(Exception, match="already redeemed"):
        counter.redeem(reward_id=redeemed.reward_id)


@pytest.mark.parametrize("act", ACTS)
def test_no_act_reads_a_whole_table(busy: Counter, act: str) -> None:
    with no_scans(busy.shop.engine):
        ACTS[act](busy)


def test_the_sweep_reads_what_is_due_and_no_more(busy: Counter) -> None:
    busy.later(days=31)
    with no_scans(busy.shop.engine):
        assert busy.sweep() == 1


def test_no_page_reads_a_whole_table(busy: Counter) -> None:
    card, merchant_id = busy.card, busy.shop.merchant.id
    with no_scans(busy.shop.engine), reading(busy.shop.engine) as connection:
        cards.card_by_code(connection, merchant_id, card.code)
        cards.card_by_serial_number(connection, card.serial_number)
        cards.recent_cards(connection, merchant_id)
        ledger.entries_of(connection, card.id)
        ledger.latest_entries(connection, merchant_id)


def test_forgetting_old_answers_reads_no_others(busy: Counter) -> None:
    with no_scans(busy.shop.engine), transaction(busy.shop.engine) as connection:
        idempotency.forget_answers(connection, busy.now - timedelta(days=1))
