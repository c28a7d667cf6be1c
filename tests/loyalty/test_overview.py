"""What a merchant sees at a glance."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from tests.builders import STAFF, Shop, open_shop
from tests.conftest import NOON
from walletpass.database import reading, transaction
from walletpass.loyalty import operations
from walletpass.loyalty.cards import Card
from walletpass.loyalty.change import Outcome
from walletpass.loyalty.overview import Figures, figures, latest_happenings

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.fixture
def shop(engine: Engine) -> Shop:
    """A café, on either database."""
    return open_shop(engine, now=NOON)


def stamp(shop: Shop, card: Card, count: int = 1, now: datetime = NOON) -> Outcome:
    with transaction(shop.engine) as connection:
        return operations.stamp(connection, shop.merchant.id, card.id, by=STAFF, now=now, count=count)


def numbers(shop: Shop, now: datetime = NOON) -> Figures:
    with reading(shop.engine) as connection:
        return figures(connection, shop.merchant.id, now, WARSAW).get(shop.program.id, Figures())


def test_a_program_without_cards_has_no_numbers(shop: Shop) -> None:
    assert numbers(shop) == Figures()


def test_closed_cards_and_their_rewards_are_not_counted(shop: Shop) -> None:
    card = shop.join()
    stamp(shop, card, 10)
    with transaction(shop.engine) as connection:
        operations.close(connection, shop.merchant.id, card.id, by=STAFF, now=NOON)
    assert (numbers(shop).cards, numbers(shop).rewards_ready) == (0, 0)


def test_stamps_of_today_begin_at_the_shops_midnight(shop: Shop) -> None:
    card = shop.join()
    stamp(shop, card, 2, datetime(2026, 11, 20, 22, 59, tzinfo=UTC))  # 23:59 in Warsaw
    stamp(shop, card, 3, datetime(2026, 11, 20, 23, 1, tzinfo=UTC))  # a minute after midnight
    assert numbers(shop, datetime(2026, 11, 20, 23, 30, tzinfo=UTC)).stamps_today == 3


def test_a_reward_does_not_make_the_stamps_of_today_fewer(shop: Shop) -> None:
    stamp(shop, shop.join(), 12)
    assert numbers(shop).stamps_today == 12


def test_stamps_taken_back_are_not_counted(shop: Shop) -> None:
    card = shop.join()
    entry = stamp(shop, card, 4).entry
    with transaction(shop.engine) as connection:
        operations.reverse(connection, shop.merchant.id, entry.id, by=STAFF, now=NOON)
    assert numbers(shop).stamps_today == 0


def test_a_redemption_that_was_undone_is_not_counted(shop: Shop) -> None:
    card = shop.join()
    stamp(shop, card, 20)
    with transaction(shop.engine) as connection:
        for undone in (False, True):
            entry = operations.redeem(connection, shop.merchant.id, card.id, by=STAFF, now=NOON).entry
            if undone:
                operations.reverse(connection, shop.merchant.id, entry.id, by=STAFF, now=NOON)
    assert (numbers(shop).redeemed_lately, numbers(shop).rewards_ready) == (1, 1)


def test_redemptions_are_counted_for_a_month(shop: Shop) -> None:
    card = shop.join()
    stamp(shop, card, 10)
    with transaction(shop.engine) as connection:
        operations.redeem(connection, shop.merchant.id, card.id, by=STAFF, now=NOON)
    assert numbers(shop, NOON + timedelta(days=29)).redeemed_lately == 1
    assert numbers(shop, NOON + timedelta(days=31)).redeemed_lately == 0


def test_happenings_come_latest_first_with_the_names_people_know(shop: Shop) -> None:
    card = shop.join(name="Sara")
    stamp(shop, card, 10, NOON + timedelta(minutes=1))
    with reading(shop.engine) as connection:
        found = latest_happenings(connection, shop.merchant.id)
    assert [(each.kind, each.reward) for each in found] == [
        ("earned", "Free coffee"),
        ("stamped", None),
        ("joined", None),
    ]
    assert {(each.code, each.customer, each.program) for each in found} == {(card.code, "Sara", "Coffee Card")}


def test_another_merchants_shop_is_not_looked_into(shop: Shop, engine: Engine) -> None:
    other = open_shop(engine, now=NOON, slug="charlie")
    stamp(other, other.join(), 10)
    assert numbers(shop) == Figures()
    with reading(engine) as connection:
        assert latest_happenings(connection, shop.merchant.id) == []
