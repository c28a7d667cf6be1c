"""Cards in the API: joining, and finding a card again."""

from typing import Any

import pytest
from sqlalchemy import select, update

from tests.builders import KEY_ID, Shop
from tests.web.api.conftest import BASE_URL, Service, Till
from walletpass.database import reading, transaction
from walletpass.loyalty import tables
from walletpass.passes.links import card_by_link_token


def test_a_new_card_has_the_shape_that_programs_rely_on(any_till: Till) -> None:
    answer = any_till.post("/cards", {"program": "bean-card"})
    card = answer.body
    assert answer.status == 201
    assert {
        "id": card["id"],
        "serial_number": card["serial_number"],
        "program": "bean-card",
        "stamps": 0,
        "stamps_required": 10,
        "rewards": [],
        "revision": 1,
        "barcode": card["barcode"],
        "closed": False,
        "customer": {"name": None, "birthday": None, "email": None, "language": "en"},
        "links": card["links"],
    } == card
    assert len(card["barcode"]) == 9 and len(card["serial_number"]) == 20


def test_the_links_of_a_card_open_it(till: Till) -> None:
    links = till.join()["links"]
    token = links["web"].removeprefix(f"{BASE_URL}/c/")
    assert links == {"web": f"{BASE_URL}/c/{token}", "apple": f"{BASE_URL}/c/{token}/apple.pkpass", "google": None}
    with reading(till.shop.engine) as connection:
        assert card_by_link_token(connection, till.service.deps.keyring, token).code


def test_a_customer_may_say_as_much_as_they_like(till: Till) -> None:
    details = {"name": "Zoë", "birthday": "1990-12-31", "email": "zoe@example.org", "language": "hu"}
    card = till.join(**details)
    assert card["customer"] == details
    assert till.card(card)["customer"] == details


@pytest.mark.parametrize("customer", [None, {}, {"name": None, "birthday": None, "email": None, "language": None}])
def test_a_customer_may_say_nothing(till: Till, customer: Any) -> None:
    answer = till.post("/cards", {"program": "bean-card", "customer": customer})
    assert answer.body["customer"] == {"name": None, "birthday": None, "email": None, "language": "en"}


def test_a_customer_who_names_no_language_gets_the_merchants(till: Till) -> None:
    with transaction(till.shop.engine) as connection:
        connection.execute(update(tables.merchant).values(language="pl"))
    assert till.join()["customer"]["language"] == "pl"


def test_a_card_is_found_by_its_id_and_by_its_barcode(any_till: Till) -> None:
    card = any_till.join()
    assert any_till.get(f"/cards/{card['id']}").body == card
    assert any_till.get(f"/cards?barcode={card['barcode']}").body == card


def test_a_barcode_may_be_typed_in_groups_and_small_letters(till: Till) -> None:
    card = till.join()
    code = card["barcode"].lower()
    assert till.get(f"/cards?barcode={code[:3]}%20{code[3:6]}-{code[6:]}").body == card


def test_what_is_on_no_card_finds_none(any_till: Till) -> None:
    for barcode in ("", "222222222", "nonsense", "%00", "%FF", "x" * 200, "a&barcode=b"):
        answer = any_till.get(f"/cards?barcode={barcode}")
        assert answer.status == 404
        assert answer.body["detail"] == "This is not one of your cards. Check the code, or scan the card again."


@pytest.mark.parametrize("query", ["", "?code=222222222", f"?barcode={'x' * 201}"])
def test_finding_needs_a_barcode_of_sensible_length(till: Till, query: str) -> None:
    answer = till.get(f"/cards{query}")
    assert answer.status == 422
    assert [fault["parameter"] for fault in answer.body["errors"]] == ["barcode"]


def test_an_unknown_card_is_not_found(any_till: Till) -> None:
    for card_id in ("x", "01m7zrp7pmpaxhfvtxe1tf2pnt", "%00", "%FF", "a%2Fb", "%F0%9F%98%80", "x" * 2000):
        for path in (f"/cards/{card_id}", f"/cards/{card_id}/entries"):
            assert any_till.get(path).status == 404
        for act in ("stamps", "redemptions", "closing"):
            assert any_till.post(f"/cards/{card_id}/{act}", {}).status == 404


def test_an_unknown_program_cannot_be_joined(any_till: Till) -> None:
    for slug in ("tea-card", "\x00", "ż", "x" * 60):
        answer = any_till.post("/cards", {"program": slug})
        assert (answer.status, answer.body["detail"]) == (404, "There is no loyalty program by that name.")


@pytest.mark.parametrize(
    ("customer", "pointer"),
    [
        ({"name": "x" * 61}, "/customer/name"),
        ({"name": "two\nlines"}, "/customer/name"),
        ({"name": "a\x00b"}, "/customer/name"),
        ({"name": 7}, "/customer/name"),
        ({"birthday": "31.12.1990"}, "/customer/birthday"),
        ({"birthday": "662601600"}, "/customer/birthday"),
        ({"birthday": "1990-02-30"}, "/customer/birthday"),
        ({"birthday": 662601600}, "/customer/birthday"),
        ({"birthday": "2031-01-01"}, "/customer/birthday"),
        ({"birthday": "0001-01-01"}, "/customer/birthday"),
        ({"email": "zoe"}, "/customer/email"),
        ({"language": "tlh"}, "/customer/language"),
        ({"phone": "1"}, "/customer/phone"),
        ("Zoë", "/customer"),
    ],
)
def test_what_a_customer_cannot_be_is_refused_and_nobody_joins(till: Till, customer: Any, pointer: str) -> None:
    answer = till.post("/cards", {"program": "bean-card", "customer": customer})
    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]
    with reading(till.shop.engine) as connection:
        assert connection.execute(select(tables.card)).all() == []
        assert connection.execute(select(tables.customer)).all() == []


def test_joining_wakes_the_delivery_loop(till: Till) -> None:
    till.join()
    assert till.service.woken == 1


def test_a_card_whose_secret_key_is_gone_has_no_links_and_can_still_be_stamped(service: Service, shop: Shop) -> None:
    card, till = shop.join(key_id=KEY_ID), service.till(shop)
    assert till.get(f"/cards/{card.id}").body["links"] == {"apple": None, "google": None, "web": None}
    assert till.stamp({"id": card.id})["card"]["stamps"] == 1
