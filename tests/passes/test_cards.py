"""What a card shows: from the ledger to the face."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from tests.builders import STAFF, Shop, open_shop
from tests.conftest import NOON
from walletpass.database import reading, transaction
from walletpass.keys import Keyring
from walletpass.loyalty import operations, programs
from walletpass.loyalty.cards import Card
from walletpass.loyalty.errors import UnknownCard
from walletpass.loyalty.rules import Extra
from walletpass.passes.cards import CardFaces, named, next_reward
from walletpass.passes.face import Face, Field
from walletpass.passes.links import card_by_link_token, card_links, link_token

KEYS = Keyring(["a secret key for tests, long enough"])
FACES = CardFaces("https://cards.example.com", KEYS)


def join(shop: Shop, **details: object) -> Card:
    return shop.join(key_id=KEYS.current_id, **details)


def stamp(shop: Shop, card: Card, count: int = 1, now: datetime = NOON) -> Card:
    with transaction(shop.engine) as connection:
        return operations.stamp(connection, shop.merchant.id, card.id, by=STAFF, now=now, count=count).card


def face(shop: Shop, card: Card, now: datetime = NOON) -> Face:
    with reading(shop.engine) as connection:
        return FACES.load(connection, card, now)


def fields(one: Face) -> dict[str, Field]:
    return {field.key: field for field in (*one.header, *one.secondary, *one.back, *one.back_static)}


def speaking(one: Face) -> list[str]:
    return [field.key for field in fields(one).values() if field.change_message]


def test_the_stamp_count_stands_in_the_header(shop: Shop) -> None:
    header = face(shop, stamp(shop, join(shop), 4)).header
    assert [(field.key, field.value) for field in header] == [("stamps", "4 / 10")]


def test_after_a_stamp_the_stamp_count_speaks(shop: Shop) -> None:
    assert speaking(face(shop, stamp(shop, join(shop)))) == ["stamps"]


def test_an_earned_reward_speaks_instead_of_the_stamp_that_earned_it(shop: Shop) -> None:
    shown = face(shop, stamp(shop, join(shop), 10))
    assert speaking(shown) == ["ready"]
    assert fields(shown)["ready"].value == "Free coffee"


def test_a_redemption_is_told_by_the_news(shop: Shop) -> None:
    card = stamp(shop, join(shop), 10)
    with transaction(shop.engine) as connection:
        card = operations.redeem(connection, shop.merchant.id, card.id, by=STAFF, now=NOON).card
    assert speaking(face(shop, card)) == ["news"]
    assert fields(face(shop, card))["ready"].value == "–"


def test_a_reward_stays_the_news_for_a_minute_and_no_longer(shop: Shop) -> None:
    card = stamp(shop, join(shop), 10)
    assert speaking(face(shop, stamp(shop, card, now=NOON + timedelta(seconds=59)))) == ["ready"]
    assert speaking(face(shop, stamp(shop, card, now=NOON + timedelta(seconds=61)))) == ["stamps"]


@pytest.mark.parametrize("news", ["welcome", "stamped", "ready", "redeemed", "expired", "undone", "closed"])
def test_one_field_speaks_whatever_the_news(shop: Shop, news: str) -> None:
    assert len(speaking(face(shop, replace(join(shop), news=news)))) == 1


def test_no_key_is_used_twice_on_a_card(shop: Shop) -> None:
    shown = face(shop, stamp(shop, join(shop, name="Maja"), 10))
    keys = [field.key for field in (*shown.header, *shown.secondary, *shown.back, *shown.back_static)]
    assert len(keys) == len(set(keys))


def test_the_barcode_says_the_code_and_nothing_else(shop: Shop) -> None:
    card = join(shop)
    barcode = face(shop, card).barcode
    assert barcode.message == card.code
    assert barcode.alt_text.replace(" ", "") == card.code


def test_the_same_state_has_the_same_picture_and_another_state_another(shop: Shop) -> None:
    card = join(shop)
    assert face(shop, card).strip is face(shop, card).strip
    assert face(shop, stamp(shop, card)).strip[3] != face(shop, card).strip[3]


def test_cards_of_one_program_share_what_is_static(shop: Shop) -> None:
    one, other = face(shop, join(shop)), face(shop, stamp(shop, join(shop)))
    assert one.static_key == other.static_key
    assert one.icon is other.icon and one.back_static is other.back_static


def test_a_changed_program_is_another_static_face(shop: Shop) -> None:
    card = join(shop)
    before = face(shop, card).static_key
    with transaction(shop.engine) as connection:
        programs.update_program(connection, replace(shop.program, name="New Card"), NOON)
    assert face(shop, card).static_key != before
    assert face(shop, card).program == "New Card"


def test_a_program_may_have_colours_of_its_own(shop: Shop) -> None:
    card = join(shop)
    with transaction(shop.engine) as connection:
        design = {"template": "coffee", "colours": {"background": "#101820"}}
        programs.update_program(connection, replace(shop.program, design=design), NOON)
    assert face(shop, card).background.hex == "#101820"


def test_a_closed_card_is_void(shop: Shop) -> None:
    card = join(shop)
    with transaction(shop.engine) as connection:
        card = operations.close(connection, shop.merchant.id, card.id, by=STAFF, now=NOON).card
    assert face(shop, card).voided


def test_shops_with_a_place_are_on_the_card_and_at_most_ten(shop: Shop) -> None:
    place = face(shop, join(shop)).places[0]
    assert (place.latitude, place.longitude) == (52.2297, 21.0122)
    assert "High Street" in place.text["en"]
    many = [replace(shop.location, id=str(number)) for number in range(12)]
    assert len(FACES.face(join(shop), shop.program, shop.merchant, many, NOON).places) == 10


def test_a_card_shows_its_stamps_although_the_program_was_shortened(shop: Shop) -> None:
    card = stamp(shop, join(shop), 9)
    with transaction(shop.engine) as connection:
        shorter = replace(shop.program, terms=replace(shop.program.terms, stamps_required=6))
        programs.update_program(connection, shorter, NOON)
    assert face(shop, card).header[0].value == "9 / 6"


def test_the_next_reward_may_be_one_on_the_way(sqlite_engine: Engine) -> None:
    shop = open_shop(sqlite_engine, now=NOON, extras=(Extra(5, "Pastry"),))
    card = join(shop)
    assert next_reward(card, shop.program.terms) == (5, "Pastry")
    assert next_reward(stamp(shop, card, 5), shop.program.terms) == (5, "Free coffee")


def test_a_once_only_reward_that_was_had_is_not_promised_again(sqlite_engine: Engine) -> None:
    shop = open_shop(sqlite_engine, now=NOON, extras=(Extra(5, "Pastry", once="card"),))
    assert next_reward(stamp(shop, join(shop), 10), shop.program.terms) == (10, "Free coffee")


def test_equal_rewards_are_counted(shop: Shop) -> None:
    assert named(stamp(shop, join(shop), 20).rewards) == "Free coffee × 2"


def test_a_reward_says_until_when_in_the_language_of_the_reader(sqlite_engine: Engine) -> None:
    shop = open_shop(sqlite_engine, now=NOON, reward_days=30)
    listed = fields(face(shop, stamp(shop, join(shop), 10)))["rewards"].value
    assert isinstance(listed, dict)
    assert "December 20, 2026" in listed["en"] and "20 grudnia 2026" in listed["pl"]


def test_the_private_link_opens_the_card(shop: Shop) -> None:
    card = join(shop)
    with reading(shop.engine) as connection:
        assert card_by_link_token(connection, KEYS, link_token(KEYS, card)) == card


def test_what_is_on_the_card_for_all_to_see_opens_nothing(shop: Shop) -> None:
    card = join(shop)
    guesses = [card.code, card.serial_number, f"{card.serial_number}-", f"{card.serial_number}-{'A' * 22}", "", "é" * 9]
    with reading(shop.engine) as connection:
        for guess in [*guesses, "x" * 5000]:
            with pytest.raises(UnknownCard):
                card_by_link_token(connection, KEYS, guess)


def test_a_link_outlives_the_rotation_of_keys_but_not_the_removal_of_its_key(shop: Shop) -> None:
    card = join(shop)
    token = link_token(KEYS, card)
    with reading(shop.engine) as connection:
        rotated = Keyring(["a newer secret key for tests, longer", "a secret key for tests, long enough"])
        assert card_by_link_token(connection, rotated, token) == card
        with pytest.raises(UnknownCard):
            card_by_link_token(connection, Keyring(["a newer secret key for tests, longer"]), token)


def test_the_addresses_of_a_card_start_at_the_public_address() -> None:
    links = card_links("https://cards.example.com", "token")
    assert links.apple == "https://cards.example.com/c/token/apple.pkpass"
