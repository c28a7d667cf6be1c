"""No order of open transactions hides a change behind a tag that was given, shown on PostgreSQL.

On SQLite there is one writer at a time, so changes become visible in the order in which they are made.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from threading import Event

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from tests.apple_service import ALICES_PHONE, ALICES_TOKEN
from tests.builders import STAFF, Shop, open_shop
from tests.conftest import NOON
from walletpass.apple import registrations
from walletpass.apple.updates import updated_since
from walletpass.database import reading, transaction
from walletpass.loyalty import operations
from walletpass.loyalty.cards import Card, card_by_id
from walletpass.loyalty.destinations import behind

PASS_TYPE = "pass.com.example.stamps"
CARDS = 3


class WatchfulPhone:
    """Asks for the list, fetches what is on it, and remembers which revision of each card it has."""

    def __init__(self, engine: Engine, identifier: str, cards: Sequence[Card]) -> None:
        self._engine, self._identifier, self._cards = engine, identifier, cards
        self._tag: str | None = None
        self.revisions: dict[str, int] = {}

    def register(self, card: Card) -> None:
        with transaction(self._engine) as connection:
            registrations.register(connection, self._identifier, PASS_TYPE, card.id, ALICES_TOKEN, NOON)

    def look(self) -> None:
        if updates := updated_since(self._engine, self._identifier, PASS_TYPE, self._tag):
            self._tag = updates.last_updated
            for card in self._cards:
                if card.serial_number in updates.serial_numbers:
                    self.revisions[card.id] = committed_revision(self._engine, card)


def committed_revision(engine: Engine, card: Card) -> int:
    with reading(engine) as connection:
        return card_by_id(connection, card.merchant_id, card.id).revision


def stamp(connection: Connection, card: Card) -> None:
    operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=NOON)


def stamp_card(engine: Engine, card: Card) -> None:
    with transaction(engine) as connection:
        stamp(connection, card)


@pytest.fixture
def shop(postgres_engine: Engine) -> Shop:
    return open_shop(postgres_engine, now=NOON)


@pytest.fixture
def cards(shop: Shop) -> list[Card]:
    return [shop.join() for _ in range(CARDS)]


@pytest.fixture
def phone(shop: Shop, cards: list[Card]) -> WatchfulPhone:
    phone = WatchfulPhone(shop.engine, ALICES_PHONE, cards)
    for card in cards:
        phone.register(card)
    phone.look()
    return phone


def test_a_change_that_was_made_first_and_committed_last_is_not_hidden(
    shop: Shop, cards: list[Card], phone: WatchfulPhone
) -> None:
    first, second, _ = cards
    with transaction(shop.engine) as slow:
        stamp(slow, first)
        with transaction(shop.engine) as quick:
            stamp(quick, second)
        phone.look()
        assert phone.revisions[second.id] == second.revision + 1
        assert phone.revisions[first.id] == first.revision
    phone.look()
    assert phone.revisions[first.id] == first.revision + 1


def test_a_list_does_not_wait_for_a_stamp_that_is_being_made(
    shop: Shop, cards: list[Card], phone: WatchfulPhone
) -> None:
    first, second, _ = cards
    stamp_card(shop.engine, second)
    with transaction(shop.engine) as open_transaction:
        stamp(open_transaction, first)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(phone.look).result(timeout=30)
    assert phone.revisions[second.id] == second.revision + 1


def test_a_registration_waits_for_a_stamp_that_is_being_made(shop: Shop) -> None:
    card = shop.join()
    phone = WatchfulPhone(shop.engine, ALICES_PHONE, [card])
    with ThreadPoolExecutor(1) as thread:
        with transaction(shop.engine) as connection:
            stamp(connection, card)
            registering = thread.submit(phone.register, card)
            wait([registering], timeout=0.3)  # without the wait for the card it would be done by now
        registering.result(timeout=30)
    phone.look()
    assert phone.revisions[card.id] == card.revision + 1


def test_a_stamp_waits_for_a_registration_that_is_being_made(shop: Shop) -> None:
    card = shop.join()
    with ThreadPoolExecutor(1) as thread:
        with transaction(shop.engine) as connection:
            registrations.register(connection, ALICES_PHONE, PASS_TYPE, card.id, ALICES_TOKEN, NOON)
            stamping = thread.submit(stamp_card, shop.engine, card)
            wait([stamping], timeout=0.3)  # without the wait for the card it would be done by now
        stamping.result(timeout=30)
    with reading(shop.engine) as connection:
        assert behind(connection)[0] == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["stamp", "commit", "roll back"]), st.integers(0, CARDS - 1)),
        st.just(("look", 0)),
    ),
    max_size=25,
)


@example([("stamp", 0), ("stamp", 1), ("commit", 1), ("look", 0), ("commit", 0)])
@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_transactions_end_the_phone_has_everything_in_the_end(
    shop: Shop, steps: list[tuple[str, int]]
) -> None:
    cards = [shop.join() for _ in range(CARDS)]
    phone = WatchfulPhone(shop.engine, cards[0].id, cards)
    for card in cards:
        phone.register(card)
    with Interleaving(shop.engine, cards) as interleaving:
        for step, number in steps:
            if step == "look":
                phone.look()
            else:
                interleaving.take(step, number)
    phone.look()
    assert phone.revisions == {card.id: committed_revision(shop.engine, card) for card in cards}


class Interleaving:
    """Transactions that stamp cards, at most one on each card, all open at the same time."""

    def __init__(self, engine: Engine, cards: Sequence[Card]) -> None:
        self._engine, self._cards = engine, cards
        self._open: dict[int, Connection] = {}
        self._all = ExitStack()

    def __enter__(self) -> "Interleaving":
        return self

    def __exit__(self, *_: object) -> None:
        for number in list(self._open):
            self.take("commit", number)
        self._all.close()

    def take(self, step: str, number: int) -> None:
        """Go one step; one that is impossible now is left out."""
        if step == "stamp":
            stamp(self._transaction(number), self._cards[number])
        elif number in self._open:
            connection = self._open.pop(number)
            connection.commit() if step == "commit" else connection.rollback()

    def _transaction(self, number: int) -> Connection:
        if number not in self._open:
            self._open[number] = self._all.enter_context(self._engine.connect())
        return self._open[number]


def test_phones_that_look_all_the_time_have_everything_in_the_end(engine: Engine) -> None:
    shop = open_shop(engine, now=NOON)
    cards = [shop.join() for _ in range(CARDS)]
    phones = [WatchfulPhone(engine, f"phone-{number}", cards) for number in range(2)]
    for phone in phones:
        for card in cards:
            phone.register(card)
    done = Event()

    def staff(card: Card) -> None:
        for _ in range(15):
            stamp_card(engine, card)

    def look(phone: WatchfulPhone) -> None:
        while not done.is_set():
            phone.look()

    with ThreadPoolExecutor(CARDS + len(phones)) as threads:
        looking = [threads.submit(look, phone) for phone in phones]
        for stamping in [threads.submit(staff, card) for card in cards]:
            stamping.result(timeout=120)
        done.set()
        for each in looking:
            each.result(timeout=120)
    for phone in phones:
        phone.look()
        assert phone.revisions == {card.id: card.revision + 15 for card in cards}
