"""What the holder of a card may change about themselves."""

import pytest

from tests.builders import Shop
from tests.conftest import NOON
from walletpass.database import transaction
from walletpass.loyalty.cards import Card
from walletpass.loyalty.customers import change_customer
from walletpass.loyalty.errors import Unfit


def change(shop: Shop, card: Card, name: str, language: str = "en") -> Card:
    with transaction(shop.engine) as connection:
        return change_customer(connection, shop.merchant.id, card.id, name=name, language=language, now=NOON)


def test_a_name_can_be_given_and_taken_away_again(shop: Shop) -> None:
    card = change(shop, shop.join(), " Sara ")
    assert card.customer.name == "Sara"
    assert change(shop, card, "").customer.name is None


def test_a_change_is_a_new_revision_that_phones_can_tell_by_its_second(shop: Shop) -> None:
    card = shop.join()
    changed = change(shop, card, "Sara")
    assert changed.revision == card.revision + 1
    assert changed.last_modified > card.last_modified


def test_a_change_leaves_stamps_and_ledger_alone(shop: Shop) -> None:
    card = shop.join()
    changed = change(shop, card, "Sara", "pl")
    assert (changed.stamps, changed.entries, changed.news) == (card.stamps, card.entries, card.news)


@pytest.mark.parametrize(("name", "language"), [("x" * 61, "en"), ("a\x00b", "en"), ("Sara", "xx")])
def test_what_does_not_fit_is_refused(shop: Shop, name: str, language: str) -> None:
    with pytest.raises(Unfit):
        change(shop, shop.join(), name, language)
