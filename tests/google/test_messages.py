"""Messages on a card in Google Wallet."""

import pytest

from tests.google.counter import Counter
from walletpass.google.publishing import Sent
from walletpass.i18n import same
from walletpass.loyalty.cards import Card


def send(counter: Counter, card: Card, number: int = 1) -> Sent:
    """A message to the holder of the card."""
    publisher = counter.wallet.publisher
    return publisher.send_message(counter.look_up(card), f"m-{number}", same("Bean Bar"), same("Open on Sunday"))


def test_a_message_rings_and_stays_on_the_card(counter: Counter) -> None:
    card = counter.saved()
    assert not send(counter, card).silent
    [message] = counter.object(card)["messages"]
    assert (message["id"], message["body"], message["messageType"]) == ("m-1", "Open on Sunday", "TEXT_AND_NOTIFY")
    assert len(counter.google.rung) == 1


def test_stamps_and_messages_share_the_notifications_of_a_day(counter: Counter) -> None:
    card = counter.saved()
    for _ in range(2):
        counter.stamp(card)
        counter.deliver()
    assert [send(counter, card, number).silent for number in range(3)] == [False, True, True]
    assert len(counter.google.rung) == 3


def test_a_message_that_google_would_not_ring_for_is_left_on_the_card_silently(counter: Counter) -> None:
    card = counter.saved()
    counter.google.say(403, "quotaExceeded", "Quota exceeded when adding TEXT_AND_NOTIFY message")
    assert send(counter, card).silent
    assert [message["messageType"] for message in counter.object(card)["messages"]] == ["TEXT"]


@pytest.mark.parametrize("number", [11, 25])
def test_there_is_always_room_for_one_more(counter: Counter, number: int) -> None:
    card = counter.saved()
    for each in range(number):
        send(counter, card, each)
    assert counter.object(card)["messages"][-1]["id"] == f"m-{number - 1}"
