"""What we remember of objects at Google."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from tests.builders import STAFF, Shop, open_shop
from tests.conftest import NOON
from walletpass.database import reading, transaction
from walletpass.google.saved import KnownObject, note_holders, object_of, remember_object
from walletpass.loyalty import operations, tables
from walletpass.loyalty.cards import Card

OBJECT_ID = "3388000000000000001.card"


@pytest.fixture
def cafe(engine: Engine) -> Shop:
    return open_shop(engine, now=NOON)


def remember(shop: Shop, card: Card, revision: int, object_id: str = OBJECT_ID) -> None:
    with transaction(shop.engine) as connection:
        remember_object(connection, card.id, object_id, revision=revision, balance="0/10 0", now=NOON)


def known(shop: Shop, card: Card) -> KnownObject:
    with reading(shop.engine) as connection:
        found = object_of(connection, card.id)
    assert found is not None
    return found


def is_behind(shop: Shop) -> bool:
    with reading(shop.engine) as connection:
        return connection.execute(select(tables.destination.c.due_at)).scalar_one() is not None


def test_clicks_at_once_make_one_destination(cafe: Shop) -> None:
    card = cafe.join()
    with ThreadPoolExecutor(6) as customers:
        list(customers.map(lambda _: remember(cafe, card, card.revision), range(6)))
    with reading(cafe.engine) as connection:
        assert connection.execute(select(func.count()).select_from(tables.destination)).scalar_one() == 1


def test_an_object_that_shows_the_card_as_it_is_needs_nothing(cafe: Shop) -> None:
    card = cafe.join()
    remember(cafe, card, card.revision)
    assert not is_behind(cafe)


def test_a_stamp_between_the_click_and_the_note_of_it_is_not_lost(cafe: Shop) -> None:
    card = cafe.join()
    with transaction(cafe.engine) as connection:
        operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=NOON)
    remember(cafe, card, card.revision)
    assert is_behind(cafe)


def test_an_object_that_nobody_made_yet_is_behind_and_was_never_delivered(cafe: Shop) -> None:
    card = cafe.join()
    remember(cafe, card, 0)
    assert is_behind(cafe)
    assert not known(cafe, card).delivered


def test_holders_are_noted_for_our_objects_only(cafe: Shop) -> None:
    card = cafe.join()
    remember(cafe, card, card.revision)
    with transaction(cafe.engine) as connection:
        assert note_holders(connection, OBJECT_ID, True)
        assert not note_holders(connection, "3388000000000000001.other", True)
    assert known(cafe, card).has_users is True


def test_a_card_moves_to_another_issuer_and_starts_anew_there(cafe: Shop) -> None:
    card = cafe.join()
    remember(cafe, card, card.revision)
    remember(cafe, card, card.revision, object_id="3388000000000000002.card")
    moved = known(cafe, card)
    assert (moved.object_id, moved.delivered, moved.balance) == ("3388000000000000002.card", False, None)
    assert is_behind(cafe)
