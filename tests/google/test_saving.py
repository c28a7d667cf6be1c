"""From a click to Google's save page."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from werkzeug import Response

from tests.google.counter import EMAIL, Counter, service_account_key
from tests.google.pretend import ISSUER_ID, Call, PretendGoogle
from walletpass.google.answers import NOT_INVITED
from walletpass.google.save_link import LONGEST_TOKEN
from walletpass.google.saving import CannotSave


def claims_of(link: str) -> dict[str, Any]:
    """What a save link says, after its signature has been checked."""
    key = load_pem_private_key(service_account_key().encode(), None).public_key()
    claims: dict[str, Any] = jwt.decode(link.rsplit("/", 1)[1], key, algorithms=["RS256"], audience="google")  # type: ignore[arg-type]
    return claims


def object_in(link: str) -> dict[str, Any]:
    """The one object that a save link is about."""
    [found] = claims_of(link)["payload"]["loyaltyObjects"]
    assert isinstance(found, dict)
    return found


def unreachable(google: PretendGoogle, calls: int = 9) -> None:
    for _ in range(calls):
        google.say(503)


def test_the_class_and_the_object_are_there_before_the_link_is_given(counter: Counter) -> None:
    card = counter.join()
    counter.wallet.saving.link(card)
    assert counter.google.writes == [("POST", "loyaltyClass"), ("PATCH", "loyaltyClass"), ("POST", "loyaltyObject")]
    assert counter.object(card)["classId"] == counter.loyalty_class()["id"]


def test_the_link_names_the_object_and_nothing_else(counter: Counter) -> None:
    card = counter.join(name="Alice")
    link = counter.wallet.saving.link(card)
    assert link.startswith(f"{counter.google.url}/gp/v/save/")
    claims = claims_of(link)
    assert claims["payload"] == {"loyaltyObjects": [{"id": f"{ISSUER_ID}.{card.serial_number}"}]}
    assert (claims["iss"], claims["typ"], claims["origins"]) == (EMAIL, "savetowallet", [])
    assert claims["iat"] == int(counter.now.timestamp())


def test_the_link_is_short_enough_for_every_browser(counter: Counter) -> None:
    assert len(counter.wallet.saving.link(counter.join()).rsplit("/", 1)[1]) <= 800


def test_the_second_card_of_a_program_sends_no_class_again(counter: Counter) -> None:
    counter.save(counter.join())
    counter.google.calls.clear()
    counter.save(counter.join())
    assert counter.google.writes == [("POST", "loyaltyObject")]


def test_a_second_click_finds_the_object_and_changes_nothing(counter: Counter) -> None:
    card = counter.saved()
    before = dict(counter.object(card))
    counter.save(card)
    assert counter.object(card) == before
    counter.deliver()
    assert counter.google.writes[-1] == ("POST", "loyaltyObject")


def test_an_object_that_was_there_before_us_is_brought_up_to_date_by_the_delivery_loop(counter: Counter) -> None:
    card = counter.join()
    object_id = f"{ISSUER_ID}.{card.serial_number}"
    counter.google.objects[object_id] = {"id": object_id, "classId": "1.x", "state": "ACTIVE"}
    counter.save(card)
    counter.deliver()
    assert counter.object(card)["loyaltyPoints"]["balance"] == {"string": "0/10"}


def test_a_class_that_was_there_before_us_is_patched(counter: Counter) -> None:
    class_id = f"{ISSUER_ID}.{counter.shop.program.id}"
    counter.google.classes[class_id] = {"id": class_id, "reviewStatus": "APPROVED"}
    counter.save(counter.join())
    assert counter.loyalty_class()["programName"] == "Coffee Card"


def test_classes_that_google_has_lost_are_sent_again(counter: Counter) -> None:
    counter.saved()
    counter.google.classes.clear()
    card = counter.saved()
    assert counter.object(card)["classId"] in counter.google.classes


def test_a_link_carries_the_card_while_google_cannot_be_reached(counter: Counter) -> None:
    card = counter.join(name="Łukasz Żółć")
    counter.stamp(card, 4)
    unreachable(counter.google)
    link = counter.wallet.saving.link(counter.look_up(card))
    assert len(link.rsplit("/", 1)[1]) <= LONGEST_TOKEN
    carried = object_in(link)
    assert carried["id"] == f"{ISSUER_ID}.{card.serial_number}"
    assert carried["loyaltyPoints"]["balance"] == {"string": "4/10"}
    assert claims_of(link)["payload"]["loyaltyClasses"][0]["programName"] == "Coffee Card"


def test_a_card_that_a_link_carried_is_completed_when_google_can_be_reached_again(counter: Counter) -> None:
    card = counter.join()
    unreachable(counter.google)
    counter.wallet.saving.link(card)
    counter.google.answers.clear()
    counter.deliver()
    assert "textModulesData" in counter.object(card)
    assert counter.destination(card).due_at is None


def test_a_class_that_google_has_is_not_carried(counter: Counter) -> None:
    counter.saved()
    card = counter.join()
    unreachable(counter.google)
    assert "loyaltyClasses" not in claims_of(counter.wallet.saving.link(card))["payload"]


def test_an_object_that_google_has_is_not_carried(counter: Counter) -> None:
    card = counter.saved()
    unreachable(counter.google)
    assert object_in(counter.wallet.saving.link(card)) == {"id": f"{ISSUER_ID}.{card.serial_number}"}


def test_a_card_too_large_for_a_link_is_not_offered_while_google_cannot_be_reached(counter: Counter) -> None:
    counter.change_program(name="ż" * 60)
    unreachable(counter.google)
    with pytest.raises(CannotSave):
        counter.wallet.saving.link(counter.join(name="Łukasz"))


@pytest.mark.parametrize("reason", ["permissionDenied", "accessNotConfigured"])
def test_no_link_is_given_where_google_is_not_set_up_well(counter: Counter, reason: str) -> None:
    card = counter.join()
    counter.google.say(403, reason)
    with pytest.raises(CannotSave):
        counter.wallet.saving.link(card)


def test_what_google_refuses_at_the_first_click_is_told_and_made_good(counter: Counter) -> None:
    """There is nobody else who would: the merchant sees the troubles of cards on their way only."""
    card = counter.join()
    counter.google.say(403, "permissionDenied")
    with pytest.raises(CannotSave):
        counter.wallet.saving.link(card)
    counter.google.say(403, "permissionDenied")
    counter.deliver()
    assert counter.destination(card).trouble == NOT_INVITED
    counter.now = counter.destination(card).due_at
    counter.deliver()
    assert (counter.object(card)["state"], counter.destination(card).trouble) == ("ACTIVE", None)


def test_an_html_page_in_place_of_an_answer_counts_as_out_of_reach(counter: Counter) -> None:
    card = counter.join()

    def page(_: Call) -> Response:
        return Response("<h1>Bad gateway</h1>", 502, content_type="text/html")

    counter.google.answers += [page] * 3
    assert "balance" in json.dumps(object_in(counter.wallet.saving.link(card)))
