"""Everything that we ever send, checked against Google's own description of its interface."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest

from tests.google.counter import Counter
from tests.google.discovery import faults
from walletpass.i18n import words
from walletpass.loyalty.rules import Extra

SCHEMAS = {"loyaltyClass": "LoyaltyClass", "loyaltyObject": "LoyaltyObject"}


def without_cleared(body: Mapping[str, Any]) -> dict[str, Any]:
    """A patch may say null for any field, which clears it."""
    return {name: value for name, value in body.items() if value is not None}


@pytest.fixture
def a_long_day(counter: Counter) -> Counter:
    """All that can happen to cards has happened, so that all that we ever say has been said."""
    counter.change_program(conditions="One stamp a coffee. " * 100)
    for language, name in (("en", None), ("pl", "Łukasz"), ("hu", "Bence")):
        card = counter.saved(language=language, name=name)
        counter.stamp(card, 10)
        counter.deliver()
        counter.redeem(card)
        counter.deliver()
        counter.stamp(card)
        counter.undo(card)
        counter.rename(card, "")
        counter.deliver()
        greeting = words("Welcome! Show this card at every visit.")
        counter.wallet.publisher.send_message(counter.look_up(card), f"m-{language}", greeting, greeting)
        counter.close(card)
        counter.deliver()
    return counter


def test_every_class_object_patch_and_message_is_as_google_describes_it(a_long_day: Counter) -> None:
    wrong = []
    for call in a_long_day.google.calls:
        message = call.path.endswith("/addMessage")
        schema = "AddMessageRequest" if message else SCHEMAS[call.path.split("/")[1]]
        wrong += faults(without_cleared(call.body), schema)
    assert wrong == []
    said = {
        (call.method, call.path.split("/")[1], call.path.endswith("addMessage")) for call in a_long_day.google.calls
    }
    assert said == {
        ("POST", "loyaltyClass", False),
        ("PATCH", "loyaltyClass", False),
        ("POST", "loyaltyObject", False),
        ("PATCH", "loyaltyObject", False),
        ("POST", "loyaltyObject", True),
    }


@pytest.mark.parametrize("language", ["en", "pl", "hu"])
def test_what_a_link_carries_is_as_google_describes_it(counter: Counter, language: str) -> None:
    for _ in range(5):
        counter.google.say(503)
    link = counter.wallet.saving.link(counter.join(language=language))
    payload = jwt.decode(link.rsplit("/", 1)[1], options={"verify_signature": False}, algorithms=["RS256"])["payload"]
    assert faults(payload["loyaltyClasses"][0], "LoyaltyClass") == []
    assert faults(payload["loyaltyObjects"][0], "LoyaltyObject") == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"points": 4}, "no such field"),
        ({"state": "active"}, "old name"),
        ({"state": "RUNNING"}, "is not one of"),
        ({"loyaltyPoints": {"balance": {"int": "4"}}}, "is no integer"),
        ({"textModulesData": {"id": "x"}}, "not a list"),
        ({"barcode": "code"}, "not an object"),
        ({"version": "1"}, "deprecated"),
    ],
)
def test_the_check_finds_what_google_would_not_know(body: dict[str, Any], fault: str) -> None:
    [found] = faults(body, "LoyaltyObject")
    assert fault in found


def test_a_program_of_thirty_stamps_with_gifts_on_the_way_fits(counter: Counter) -> None:
    gifts = tuple(Extra(at, f"Gift {at}") for at in range(1, 30))
    terms = replace(counter.shop.program.terms, stamps_required=30, extras=gifts)
    counter.change_program(terms=terms)
    card = counter.saved()
    texts = [*counter.loyalty_class()["textModulesData"], *counter.object(card)["textModulesData"]]
    assert max(len(text["body"]) for text in texts) <= 500
