"""Balances can be recomputed from the ledger at any time, and the ledger can be read."""

from typing import get_args

from sqlalchemy import Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.database import reading
from walletpass.loyalty import ledger
from walletpass.loyalty.ledger import KIND_WORDS, Balance, Entry, recompute
from walletpass.loyalty.rules import Extra


def entry(number: int, kind: ledger.Kind, stamps: int = 0, reward: str | None = None, undoes: int = 0) -> Entry:
    """An entry whose id is its number."""
    return Entry(
        str(number), "card", number, kind, stamps, NOON, ledger.SYSTEM, reward, reverses_id=str(undoes) or None
    )


def test_nothing_adds_up_to_nothing() -> None:
    assert recompute([]) == Balance()


def test_stamps_add_up_and_a_reward_takes_its_stamps_off() -> None:
    entries = [entry(1, "joined"), entry(2, "bonus", 1), entry(3, "stamped", 11), entry(4, "earned", -10, "coffee")]
    assert recompute(entries) == Balance(stamps=2, round=1, rewards={"coffee": "ready"})


def test_an_extra_reward_completes_no_round() -> None:
    entries = [entry(1, "stamped", 5), entry(2, "earned", 0, "pastry")]
    assert recompute(entries) == Balance(stamps=5, round=0, rewards={"pastry": "ready"})


def test_a_reward_taken_back_gives_its_round_and_stamps_back() -> None:
    entries = [entry(1, "stamped", 10), entry(2, "earned", -10, "coffee")]
    entries += [entry(3, "reversed", -10, undoes=1), entry(4, "revoked", 10, "coffee")]
    assert recompute(entries) == Balance(stamps=0, round=0, rewards={"coffee": "revoked"})


def test_rewards_end_as_the_ledger_says() -> None:
    entries = [entry(1, "earned", 0, "one"), entry(2, "earned", 0, "two"), entry(3, "earned", 0, "three")]
    entries += [entry(4, "redeemed", 0, "one"), entry(5, "redeemed", 0, "two"), entry(6, "expired", 0, "three")]
    entries += [entry(7, "reversed", 0, "two", undoes=5)]
    assert recompute(entries).rewards == {"one": "redeemed", "two": "ready", "three": "expired"}


def test_a_closing_stands_until_it_is_undone() -> None:
    entries = [entry(1, "closed"), entry(2, "reversed", undoes=1), entry(3, "closed")]
    assert [recompute(entries[:count]).closed for count in range(4)] == [False, True, False, True]


def test_the_entries_of_a_card_are_read_as_they_were_written(engine: Engine) -> None:
    counter = open_counter(engine, extras=(Extra(5, "Pastry"),), first_stamp=True)
    stamped = counter.stamp(14)
    undone = counter.undo(stamped)
    assert counter.entries[2:] == [stamped.entry, *stamped.caused, undone.entry, *undone.caused]


def test_the_latest_entries_of_a_merchant_come_first_and_no_others(counter: Counter) -> None:
    other = Counter(counter.shop, counter.shop.join().id, NOON)
    open_shop(counter.shop.engine, now=NOON, slug="neighbour").join()
    counter.later(minutes=1)
    stamped = counter.stamp(10)
    with reading(counter.shop.engine) as connection:
        latest = ledger.latest_entries(connection, counter.shop.merchant.id, limit=3)
    assert latest == [*stamped.caused, stamped.entry, other.entries[0]]


def test_every_kind_of_entry_has_a_word_for_people() -> None:
    assert set(KIND_WORDS) == set(get_args(ledger.Kind))
