"""What a stamp does."""

from sqlalchemy import Engine

from tests.builders import STAFF, open_shop
from tests.conftest import NOON
from walletpass.database import transaction
from walletpass.loyalty import operations


def test_stamps_over_the_brim_are_one_reward_and_the_rest(engine: Engine) -> None:
    shop = open_shop(engine, now=NOON)
    card = shop.join()
    with transaction(engine) as connection:
        operations.stamp(connection, shop.merchant.id, card.id, by=STAFF, now=NOON, count=9)
        card = operations.stamp(connection, shop.merchant.id, card.id, by=STAFF, now=NOON, count=3).card
    assert (card.stamps, len(card.ready(NOON))) == (2, 1)
