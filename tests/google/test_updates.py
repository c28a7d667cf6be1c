"""Every change of a card reaches its object, rings when it should, and survives whatever Google answers."""

import json
from datetime import timedelta

import pytest
from werkzeug import Response

from tests.google.counter import Counter
from tests.google.pretend import ISSUER_ID, Call, error
from walletpass.delivery.google import FOR_NOW, LEASE, REFUSED
from walletpass.google.answers import API_OFF, KEY_REFUSED, NOT_INVITED
from walletpass.loyalty.cards import Card


def balance(counter: Counter, card: Card) -> str:
    """The stamps that Google shows."""
    shown = counter.object(card)["loyaltyPoints"]["balance"]["string"]
    assert isinstance(shown, str)
    return shown


def rings(counter: Counter) -> int:
    """How often phones have rung."""
    return len(counter.google.rung)


def test_a_stamp_changes_the_object_and_rings(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.deliver()
    assert (balance(counter, card), rings(counter)) == ("1/10", 1)


def test_stamps_in_a_row_cost_one_request(counter: Counter) -> None:
    card = counter.saved()
    counter.google.calls.clear()
    for _ in range(4):
        counter.stamp(card)
    counter.deliver()
    assert (counter.google.writes, balance(counter, card)) == ([("PATCH", "loyaltyObject")], "4/10")


def test_the_picture_changes_with_the_stamps_and_has_another_address(counter: Counter) -> None:
    card = counter.saved()
    before = counter.object(card)["heroImage"]["sourceUri"]["uri"]
    counter.stamp(card)
    counter.deliver()
    after = counter.object(card)["heroImage"]["sourceUri"]["uri"]
    assert before != after
    assert after.startswith("https://cards.bean.example/art/")


def test_a_full_card_shows_its_reward_as_second_balance(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card, 10)
    counter.deliver()
    assert counter.object(card)["secondaryLoyaltyPoints"]["balance"] == {"int": 1}


def test_a_change_that_leaves_the_numbers_alone_rings_nowhere(counter: Counter) -> None:
    card = counter.saved()
    counter.rename(card, "Alice")
    counter.deliver()
    assert (counter.object(card)["accountName"], rings(counter)) == ("Alice", 0)
    assert all("notifyPreference" not in call.body for call in counter.google.calls)


def test_a_name_that_was_taken_off_the_card_is_cleared(counter: Counter) -> None:
    card = counter.saved(name="Alice")
    counter.rename(card, "")
    counter.deliver()
    assert "accountName" not in counter.object(card)


def test_a_closed_card_moves_to_the_expired_ones(counter: Counter) -> None:
    card = counter.saved()
    counter.close(card)
    counter.deliver()
    assert counter.object(card)["state"] == "INACTIVE"


def test_a_changed_program_changes_its_class_once_and_every_object(counter: Counter) -> None:
    cards = [counter.saved() for _ in range(3)]
    counter.google.calls.clear()
    counter.change_program(name="Espresso Club", conditions="One stamp a coffee.")
    counter.deliver()
    assert counter.loyalty_class()["programName"] == "Espresso Club"
    assert counter.google.writes.count(("PATCH", "loyaltyClass")) == 1
    assert counter.google.writes.count(("PATCH", "loyaltyObject")) == len(cards)


def test_an_approved_class_is_sent_for_review_again(counter: Counter) -> None:
    counter.saved()
    counter.change_program(name="Espresso Club")
    counter.deliver()
    sent = [call.body for call in counter.google.calls if call.path.startswith("/loyaltyClass")]
    assert {body["reviewStatus"] for body in sent} == {"UNDER_REVIEW"}


def test_a_fourth_notification_in_a_day_is_sent_silently(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "walletpass.google")
    card = counter.saved()
    for _ in range(5):
        counter.stamp(card)
        counter.deliver()
    asked = [call for call in counter.google.calls if "notifyPreference" in call.body]
    assert (balance(counter, card), rings(counter), len(asked)) == ("5/10", 3, 3)
    assert "sent silently" in caplog.text


def test_a_day_later_the_phone_rings_again(counter: Counter) -> None:
    card = counter.saved()
    for _ in range(4):
        counter.stamp(card)
        counter.deliver()
    counter.now += timedelta(hours=24)
    counter.stamp(card)
    counter.deliver()
    assert rings(counter) == 4


def test_one_card_that_has_rung_enough_keeps_no_other_from_ringing(counter: Counter) -> None:
    alices, bobs = counter.saved(), counter.saved()
    for _ in range(4):
        counter.stamp(alices)
        counter.deliver()
    counter.stamp(bobs)
    counter.deliver()
    assert counter.google.rung.count(f"{ISSUER_ID}.{bobs.serial_number}") == 1


def test_what_nobody_holds_uses_up_no_notification(counter: Counter) -> None:
    card = counter.join()
    counter.wallet.saving.link(card)
    for _ in range(4):
        counter.stamp(card)
        counter.deliver()
    counter.save(card)
    counter.stamp(card)
    counter.deliver()
    assert rings(counter) == 1


def test_a_quota_that_google_counts_differently_is_met_with_silence(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.google.say(403, "quotaExceeded", "Quota exceeded for issuer")
    counter.deliver()
    assert (balance(counter, card), counter.destination(card).trouble) == ("1/10", None)


def test_an_object_that_google_has_lost_is_inserted(counter: Counter) -> None:
    card = counter.saved()
    counter.google.objects.clear()
    counter.google.classes.clear()
    counter.stamp(card)
    counter.deliver()
    assert balance(counter, card) == "1/10"


@pytest.mark.parametrize(
    "answer",
    [
        error(500),
        error(503),
        error(429, "rateLimitExceeded"),
        Response("<h1>Bad gateway</h1>", 502, content_type="text/html"),
        Response("<h1>Forbidden</h1>", 403, content_type="text/html"),
        Response("<h1>Sign in to this network</h1>", 200, content_type="text/html"),
    ],
    ids=["500", "503", "429", "html-502", "html-403", "html-200"],
)
def test_what_passes_is_tried_again_later(counter: Counter, answer: Response) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.google.answers.append(lambda _: answer)
    counter.deliver()
    waiting = counter.destination(card)
    assert (waiting.trouble, waiting.attempts) == (FOR_NOW, 1)
    counter.now = waiting.due_at
    counter.deliver()
    assert (balance(counter, card), counter.destination(card).due_at) == ("1/10", None)


def test_google_is_left_alone_for_as_long_as_it_asks(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.google.say(429, "rateLimitExceeded", Retry_After="600")
    counter.deliver()
    assert counter.destination(card).due_at >= counter.now + timedelta(seconds=600)


def test_no_card_bothers_google_while_it_wants_to_be_left_alone(counter: Counter) -> None:
    alices, bobs = counter.saved(), counter.saved()
    counter.stamp(alices)
    counter.google.say(503, Retry_After="600")
    counter.deliver()
    counter.google.calls.clear()
    counter.stamp(bobs)
    counter.deliver()
    assert counter.google.calls == []
    counter.now += timedelta(seconds=600)
    counter.deliver()
    assert balance(counter, bobs) == "1/10"


def test_an_hour_in_which_google_is_out_of_order_uses_up_no_notification(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    for _ in range(5):
        counter.google.say(503)
        counter.deliver()
        counter.now = counter.destination(card).due_at
    counter.deliver()
    assert (balance(counter, card), rings(counter)) == ("1/10", 1)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [("permissionDenied", NOT_INVITED), ("accessNotConfigured", API_OFF), ("insufficientPermissions", NOT_INVITED)],
)
def test_a_set_up_that_is_wrong_is_told_in_words(counter: Counter, reason: str, advice: str) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.google.say(403, reason)
    counter.deliver()
    assert counter.destination(card).trouble == advice


def test_a_token_that_google_no_longer_takes_is_replaced_at_once(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.google.say(401, "authError")
    counter.deliver()
    assert (balance(counter, card), counter.google.tokens) == ("1/10", 3)  # customers and workers have one each


def test_a_token_that_google_never_takes_is_told_in_words(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    for _ in range(2):
        counter.google.say(401, "authError")
    counter.deliver()
    assert counter.destination(card).trouble == KEY_REFUSED


def test_a_key_that_google_does_not_take_is_told_in_words(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    refused = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    counter.google.token_answers.append(Response(json.dumps(refused), 400, content_type="application/json"))
    counter.deliver()
    assert counter.destination(card).trouble == KEY_REFUSED


def test_a_card_that_google_refuses_keeps_no_other_back(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = counter.saved(), counter.saved()
    counter.stamp(bad)
    counter.stamp(good)

    def refuse_one(call: Call) -> Response | None:
        return error(400, "invalid", "Image cannot be loaded.") if bad.serial_number in call.path else None

    counter.google.answers += [refuse_one] * 9
    counter.deliver()
    assert (counter.destination(bad).trouble, balance(counter, good)) == (REFUSED, "1/10")
    assert "Image cannot be loaded." in caplog.text


def test_when_google_is_out_of_reach_the_rest_of_a_batch_is_spared_the_attempt(counter: Counter) -> None:
    cards = [counter.saved() for _ in range(20)]
    for card in cards:
        counter.stamp(card)
    counter.google.calls.clear()
    counter.google.answers += [lambda _: error(503)] * 99
    counter.deliver()
    assert len(counter.google.calls) < len(cards)
    assert {counter.destination(card).trouble for card in cards} == {FOR_NOW}


def test_what_a_worker_has_no_time_left_for_is_not_sent_late(counter: Counter) -> None:
    """Another worker may be at it by then, with a newer state."""
    cards = [counter.saved() for _ in range(20)]
    for card in cards:
        counter.stamp(card)
    counter.google.calls.clear()

    def come_late(_: Call) -> None:
        counter.now += LEASE

    counter.google.answers.append(come_late)
    counter.deliver()
    assert len(counter.google.calls) < len(cards)
    counter.deliver()
    assert {balance(counter, card) for card in cards} == {"1/10"}


@pytest.mark.parametrize("times", [1, 2])
def test_locations_that_an_issuer_may_not_send_keep_no_card_back(counter: Counter, times: int) -> None:
    def refuse_places(call: Call) -> Response | None:
        refused = "merchantLocations" in call.body
        return error(400, "invalidResource", "Issuer not allowlisted for Merchant Locations.") if refused else None

    counter.google.answers += [refuse_places] * 20
    for _ in range(times):
        counter.saved()
    assert len(counter.google.objects) == times
    assert len([call for call in counter.google.calls if "merchantLocations" in call.body]) == 1


def test_locations_are_on_the_class(counter: Counter) -> None:
    counter.saved()
    assert counter.loyalty_class()["merchantLocations"] == [{"latitude": 52.2297, "longitude": 21.0122}]


def test_no_other_host_is_ever_asked(counter: Counter) -> None:
    card = counter.saved()
    counter.stamp(card)
    counter.deliver()
    assert counter.google.hosts == {counter.google.url.removeprefix("http://")}
