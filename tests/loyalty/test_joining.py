"""Customers join: nothing is demanded of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.builders import KEY_ID, open_shop
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.database import reading
from walletpass.loyalty import cards, ledger
from walletpass.loyalty.errors import Unfit, UnknownCard, UnknownLocation
from walletpass.loyalty.ids import group_code
from walletpass.loyalty.ledger import CUSTOMER, By
from walletpass.loyalty.rules import Extra


def test_a_new_card_is_empty_and_says_welcome(counter: Counter) -> None:
    card = counter.card
    assert (card.stamps, card.round, card.rewards, card.news, card.revision) == (0, 0, (), "welcome", 1)
    assert (card.created_at, card.last_modified, card.key_id) == (NOON, int(NOON.timestamp()), KEY_ID)


def test_the_ledger_begins_with_the_joining(counter: Counter) -> None:
    assert [(entry.number, entry.kind, entry.stamps, entry.by) for entry in counter.entries] == [
        (1, "joined", 0, CUSTOMER)
    ]


def test_a_customer_may_stay_anonymous(counter: Counter) -> None:
    customer = counter.card.customer
    assert (customer.name, customer.birthday, customer.email, customer.language) == (None, None, None, "en")


def test_what_a_customer_tells_is_kept(engine: Engine) -> None:
    shop = open_shop(engine, now=NOON)
    card = shop.join(name=" Zsófia ", birthday=date(1990, 2, 28), email="zsofia@example.org", language="hu")
    with reading(engine) as connection:
        customer = cards.card_by_id(connection, shop.merchant.id, card.id).customer
    assert (customer.name, customer.birthday) == ("Zsófia", date(1990, 2, 28))
    assert (customer.email, customer.language) == ("zsofia@example.org", "hu")


def test_an_empty_field_of_the_form_is_not_an_answer(counter: Counter) -> None:
    customer = counter.shop.join(name="  ", email="").customer
    assert (customer.name, customer.email) == (None, None)


def test_the_first_stamp_is_on_the_card_where_the_program_gives_one(engine: Engine) -> None:
    counter = open_counter(engine, first_stamp=True)
    bonus = counter.entries[1]
    assert (counter.card.stamps, counter.card.news) == (1, "welcome")
    assert (bonus.kind, bonus.stamps, bonus.cause_id) == ("bonus", 1, counter.entries[0].id)


def test_the_first_stamp_is_not_a_visit(sqlite_engine: Engine) -> None:
    assert open_counter(sqlite_engine, first_stamp=True).card.last_stamped_at is None


def test_the_first_stamp_may_earn_a_reward(sqlite_engine: Engine) -> None:
    assert open_counter(sqlite_engine, first_stamp=True, extras=(Extra(1, "Biscuit"),)).ready == ["Biscuit"]


def test_staff_may_add_a_customer_and_the_ledger_says_who_did(counter: Counter) -> None:
    by = By("member:ann", counter.shop.location.id)
    card = counter.shop.join(by=by)
    with reading(counter.shop.engine) as connection:
        assert [entry.by for entry in ledger.entries_of(connection, card.id)] == [by]


def test_every_card_has_names_of_its_own(counter: Counter) -> None:
    joined = [counter.shop.join() for _ in range(20)]
    for name in ("id", "serial_number", "code"):
        assert len({getattr(card, name) for card in joined}) == 20


def test_a_card_is_found_by_what_the_barcode_says_and_by_what_people_type(counter: Counter) -> None:
    code = counter.card.code
    with reading(counter.shop.engine) as connection:
        for text in (code, group_code(code), code.lower(), f" {code[:3]}-{code[3:6]}-{code[6:]}\n"):
            assert cards.card_by_code(connection, counter.shop.merchant.id, text) == counter.card


def test_a_barcode_of_another_merchant_is_unknown(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    with reading(counter.shop.engine) as connection, pytest.raises(UnknownCard):
        cards.card_by_code(connection, neighbour.merchant.id, counter.card.code)


@pytest.mark.parametrize("garbage", ["", "\0", "https://example.org/evil", "\ud800", "ß" * 9, "A" * 100_000])
def test_what_is_no_barcode_of_ours_is_an_unknown_card(counter: Counter, garbage: str) -> None:
    with reading(counter.shop.engine) as connection, pytest.raises(UnknownCard):
        cards.card_by_code(connection, counter.shop.merchant.id, garbage)


def test_a_card_is_found_by_its_serial_number(counter: Counter) -> None:
    with reading(counter.shop.engine) as connection:
        assert cards.card_by_serial_number(connection, counter.card.serial_number) == counter.card


@pytest.mark.parametrize("garbage", ["", "\0", "\ud800", "no-such-serial-number"])
def test_garbage_is_an_unknown_serial_number(engine: Engine, garbage: str) -> None:
    with reading(engine) as connection, pytest.raises(UnknownCard):
        cards.card_by_serial_number(connection, garbage)


@pytest.mark.parametrize(
    "details",
    [
        {"language": "tlh"},
        {"language": ""},
        {"name": "n" * 61},
        {"name": "two\nlines"},
        {"name": "NUL\0"},
        {"name": "\ud800"},
        {"email": "not an address"},
        {"email": "a@" + "b" * 300},
        {"birthday": date(1899, 12, 31)},
        {"birthday": NOON.date() + timedelta(days=2)},
    ],
)
def test_details_that_cannot_be_kept_are_refused_and_nobody_joins(counter: Counter, details: dict[str, Any]) -> None:
    with pytest.raises(Unfit) as refused:
        counter.shop.join(**details)
    assert [refused.value.field] == list(details)
    with reading(counter.shop.engine) as connection:
        assert len(cards.recent_cards(connection, counter.shop.merchant.id)) == 1


def test_nobody_joins_at_the_location_of_another_merchant(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    with pytest.raises(UnknownLocation):
        counter.shop.join(by=By("member:ann", neighbour.location.id))


def test_the_cards_that_changed_last_come_first(counter: Counter) -> None:
    first, second = counter.card_id, counter.shop.join().id
    open_shop(counter.shop.engine, now=NOON, slug="neighbour").join()
    counter.later(hours=1)
    counter.stamp()
    with reading(counter.shop.engine) as connection:
        recent = cards.recent_cards(connection, counter.shop.merchant.id)
    assert [card.id for card in recent] == [first, second]
    assert recent[0] == counter.card
