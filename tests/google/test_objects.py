"""What a face becomes in Google's words."""

from datetime import timedelta
from typing import Any

import pytest

from tests.apple.builders import LINK, a_face, in_three
from tests.conftest import NOON
from walletpass.google.limits import UnfitForGoogle, check_class, check_object, check_places, cut_short
from walletpass.google.objects import (
    Pictures,
    as_patch,
    balance_of,
    lean_object,
    loyalty_class,
    loyalty_object,
    message,
    names,
    places,
    shortened,
)
from walletpass.i18n import same
from walletpass.passes.face import Face, Field, Place

PICTURES = Pictures("https://cards.example.com/art/p/round-1.png", "https://cards.example.com/art/p/hero-4-1.png")
NAMES = names("3388000000000000001", "01program", "7f3a91c04d")
CALLBACK = "https://cards.example.com/google/callback"


def an_object(face: Face | None = None) -> dict[str, Any]:
    return loyalty_object(face or a_face(), NAMES, PICTURES, NOON)


def a_class(face: Face | None = None) -> dict[str, Any]:
    return loyalty_class(face or a_face(), NAMES.class_id, PICTURES, CALLBACK)


def text(body: dict[str, Any], name: str) -> dict[str, Any]:
    """One of the texts of a class or an object."""
    return next(each for each in body["textModulesData"] if each["id"] == name)


def test_stamps_are_the_balance_and_rewards_the_second_one() -> None:
    body = an_object(a_face(stamps=4, rewards_ready=2))
    assert body["loyaltyPoints"]["balance"] == {"string": "4/10"}
    assert body["secondaryLoyaltyPoints"]["balance"] == {"int": 2}


def test_labels_come_in_every_language_with_the_customers_as_fallback() -> None:
    field = Field("reward", in_three("Next reward"), "Free coffee")
    module = text(an_object(a_face(language="hu", secondary=(field,))), "reward")
    assert module["header"] == in_three("Next reward")["hu"]
    assert module["localizedHeader"]["defaultValue"]["language"] == "hu"
    assert {each["language"] for each in module["localizedHeader"]["translatedValues"]} == {"en", "pl"}


def test_what_is_the_same_in_all_languages_is_said_once() -> None:
    assert "localizedBody" not in text(an_object(), "reward")


def test_the_code_is_the_one_that_the_counter_scans_with_its_text_below() -> None:
    barcode = an_object()["barcode"]
    assert barcode == {"type": "QR_CODE", "value": "ABCDEFGHJ", "alternateText": "ABC DEF GHJ"}


def test_the_private_page_of_the_card_is_a_link() -> None:
    [link] = an_object()["linksModuleData"]["uris"]
    assert link["uri"] == LINK
    assert len(link["description"]) <= 20


def test_nothing_about_the_customer_is_in_an_id() -> None:
    body = an_object(a_face(secondary=(Field("name", in_three("Name"), "Alice"),)))
    assert body["accountName"] == "Alice"
    assert "Alice" not in body["id"] + body["classId"]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ACTIVE"),
        ({"voided": True}, "INACTIVE"),
        ({"expires_at": NOON}, "EXPIRED"),
        ({"expires_at": NOON + timedelta(seconds=1)}, "ACTIVE"),
        ({"expires_at": NOON, "voided": True}, "INACTIVE"),
    ],
)
def test_closed_and_expired_cards_have_a_state_of_their_own(changes: dict[str, Any], state: str) -> None:
    assert an_object(a_face(**changes))["state"] == state


def test_the_end_of_a_card_is_told_in_utc() -> None:
    assert an_object(a_face(expires_at=NOON))["validTimeInterval"] == {"end": {"date": "2026-11-20T12:00:00+00:00"}}


def test_what_a_card_no_longer_has_is_cleared_by_a_patch() -> None:
    patch = as_patch(an_object())
    assert (patch["accountName"], patch["validTimeInterval"]) == (None, None)


def test_the_class_belongs_to_one_person_on_all_devices_and_is_sent_for_review() -> None:
    body = a_class()
    assert body["multipleDevicesAndHoldersAllowedStatus"] == "ONE_USER_ALL_DEVICES"
    assert body["reviewStatus"] == "UNDER_REVIEW"
    assert body["hexBackgroundColor"] == "#3c2414"
    assert body["callbackOptions"] == {"url": CALLBACK}


def test_a_class_without_https_asks_for_no_callback() -> None:
    assert "callbackOptions" not in loyalty_class(a_face(), NAMES.class_id, PICTURES, None)


def test_the_card_face_shows_texts_that_the_object_has() -> None:
    rows = str(a_class()["classTemplateInfo"])
    assert "object.textModulesData['reward']" in rows
    assert text(an_object(), "reward")


def test_terms_too_long_for_a_phone_end_in_an_ellipsis() -> None:
    body = text(a_class(a_face(back_static=(Field("terms", in_three("Terms"), "Stamp. " * 200),))), "terms")["body"]
    assert (len(body) <= 500, body[-1]) == (True, "…")


@pytest.mark.parametrize(("given", "longest", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a bcd", 3, "a…")])
def test_a_text_is_shortened_only_when_it_must_be(given: str, longest: int, shown: str) -> None:
    assert shortened(given, longest) == shown


def test_the_balance_to_compare_changes_with_either_number() -> None:
    faces = a_face(), a_face(stamps=5), a_face(rewards_ready=1)
    assert len({balance_of(an_object(face)) for face in faces}) == 3
    assert balance_of(an_object()) == balance_of(lean_object(a_face(), NAMES, PICTURES, NOON))


@pytest.mark.parametrize(("notify", "kind"), [(True, "TEXT_AND_NOTIFY"), (False, "TEXT")])
def test_a_message_rings_or_not(notify: bool, kind: str) -> None:
    body = message("m-1", in_three("News"), same("Open on Sunday"), "pl", notify=notify)["message"]
    assert (body["messageType"], body["header"], body["id"]) == (kind, in_three("News")["pl"], "m-1")


def test_what_we_make_is_what_google_takes() -> None:
    check_class(a_class())
    check_object(an_object())
    check_places(places(a_face()))


def test_all_faults_of_a_class_are_told_at_once() -> None:
    body = {**a_class(), "id": "cards/1", "programName": " ", "hexBackgroundColor": "brown"}
    with pytest.raises(UnfitForGoogle) as raised:
        check_class(body)
    assert len(raised.value.faults) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "3388.a b"}, "the id"),
        ({"id": "card"}, "the id"),
        ({"state": "active"}, "the state"),
        ({"barcode": {"type": "QR_CODE", "value": ""}}, "the barcode is empty"),
        ({"loyaltyPoints": {"balance": {"string": "4/10", "int": 4}}}, "exactly one balance"),
        ({"heroImage": {"sourceUri": {"uri": "art/1.png"}}}, "is no address"),
        ({"linksModuleData": {"uris": [{"uri": "https://a.example/ b"}]}}, "is no address"),
        ({"textModulesData": [{"id": "next.reward"}]}, "the id 'next.reward' of a text"),
        ({"textModulesData": [{"id": f"t{number}"} for number in range(11)]}, "11 texts"),
    ],
)
def test_what_google_would_refuse_in_an_object_is_told_before(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UnfitForGoogle, match=words):
        check_object({**an_object(), **changes})


def test_a_callback_over_plain_http_is_told_before() -> None:
    with pytest.raises(UnfitForGoogle, match="https only"):
        check_class({**a_class(), "callbackOptions": {"url": "http://cards.example.com/google/callback"}})


@pytest.mark.parametrize("spots", [[(91, 0)], [(0, 181)], [(0, 0)] * 11])
def test_places_that_google_would_refuse_are_told_before(spots: list[tuple[float, float]]) -> None:
    face = a_face(places=tuple(Place(north, east, in_three("Near")) for north, east in spots))
    with pytest.raises(UnfitForGoogle):
        check_places(places(face))


def test_what_phones_show_the_beginning_of_is_told() -> None:
    [found] = cut_short(a_class(a_face(program="The Grand Coffee Lovers' Club")))
    assert found.startswith("programName")
    assert cut_short(an_object()) == []
