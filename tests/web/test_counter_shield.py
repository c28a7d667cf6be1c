"""The shield at the counter: what staff are told, and how a manager goes past it."""

import pytest
from sqlalchemy import Engine

from tests.cafe import Cafe
from tests.web.till import Till, ledger, stand_at
from walletpass.loyalty.cards import Card
from walletpass.loyalty.rules import Shield

ANYWAY = "Give 1 stamp all the same"


def guarded(engine: Engine, pause: int | None = None, scan: int | None = None, day: int | None = None) -> Cafe:
    """A café with these rules and no others."""
    return Cafe(engine, None, "http://127.0.0.1:8000", shield=Shield(pause, scan, day))


@pytest.fixture
def guarded_cafe(sqlite_engine: Engine) -> Cafe:
    """A café that wants five minutes between two stamps."""
    return guarded(sqlite_engine, pause=300)


@pytest.fixture
def sara(guarded_cafe: Cafe) -> Card:
    """A card that was stamped a minute ago."""
    card = guarded_cafe.stamp(guarded_cafe.join(name="Sara"))
    guarded_cafe.pass_time(minutes=1)
    return card


def refused(till: Till, card: Card, **typed: str) -> Till:
    """Somebody tries to stamp the card too soon."""
    till.scan(card.code)
    till.press("+1 stamp", **typed)
    assert till.status == 409
    return till


def test_a_stamp_too_soon_says_how_long_to_wait(guarded_cafe: Cafe, sara: Card) -> None:
    till = refused(stand_at(guarded_cafe), sara)
    assert "Not stamped This card was stamped a moment ago. Wait 4 min, or ask a manager." in till.text
    assert guarded_cafe.look_up(sara).stamps == 1


def test_when_only_waiting_helps_no_stamp_is_offered(guarded_cafe: Cafe, sara: Card) -> None:
    till = refused(stand_at(guarded_cafe), sara)
    assert till.buttons == []


def test_staff_are_told_what_a_manager_can_do(guarded_cafe: Cafe, sara: Card) -> None:
    till = refused(stand_at(guarded_cafe), sara)
    assert "A manager can give this stamp all the same" in till.text


def test_no_more_stamps_are_offered_than_one_scan_may_give(sqlite_engine: Engine) -> None:
    cafe = guarded(sqlite_engine, scan=2)
    till = stand_at(cafe)
    till.scan(cafe.join().code)
    assert till.buttons == ["+1 stamp", "+2 stamps"]


def test_after_too_many_at_once_fewer_are_still_offered(sqlite_engine: Engine) -> None:
    cafe = guarded(sqlite_engine, scan=1)
    till, card = stand_at(cafe), cafe.join()
    till.scan(card.code)
    till.send(f"/counter/cards/{card.id}/stamps", key=till.form("+1 stamp").fields["key"], count="3")
    assert "At most 1 stamps at once on this card." in till.text
    assert till.buttons == ["+1 stamp"]


def test_the_stamps_of_a_day_are_counted(sqlite_engine: Engine) -> None:
    cafe = guarded(sqlite_engine, day=2)
    card = cafe.stamp(cafe.join(), 2)
    till = refused(stand_at(cafe), card)
    assert "A card may get 2 stamps a day; this one has 0 left today." in till.text


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_manager_goes_past_the_shield_with_a_reason_that_is_kept(guarded_cafe: Cafe, sara: Card, role: str) -> None:
    till = refused(stand_at(guarded_cafe, "manager" if role == "manager" else "owner"), sara, note="oat milk")
    till.press(ANYWAY, override="Came back for a second cup")
    assert "1 stamp added" in till.text
    entry = ledger(guarded_cafe, sara)[-1]
    assert (entry.override, entry.by.note) == ("Came back for a second cup", "oat milk")


def test_the_same_override_sent_twice_counts_once(guarded_cafe: Cafe, sara: Card) -> None:
    till = refused(stand_at(guarded_cafe, "manager"), sara)
    form = till.form(ANYWAY)
    for _ in range(2):
        till.browser.post(form.action, data=form.press(ANYWAY, override="A second cup"))
    assert guarded_cafe.look_up(sara).stamps == 2


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_manager_has_to_give_a_reason(guarded_cafe: Cafe, sara: Card, reason: str) -> None:
    till = refused(stand_at(guarded_cafe, "manager"), sara)
    till.press(ANYWAY, override=reason)
    assert till.status == 422
    assert guarded_cafe.look_up(sara).stamps == 1


def test_a_request_made_by_hand_does_not_make_staff_managers(guarded_cafe: Cafe, sara: Card) -> None:
    till = refused(stand_at(guarded_cafe), sara)
    fields = {"count": "1", "override": "I say so", "key": "a-key-of-enough-signs"}
    till.send(f"/counter/cards/{sara.id}/stamps", **fields)
    assert till.status == 403
    assert "Not stamped This needs a manager." in till.text
    assert guarded_cafe.look_up(sara).stamps == 1


def test_a_scan_that_stamps_at_once_meets_the_shield_too(guarded_cafe: Cafe, sara: Card) -> None:
    till = stand_at(guarded_cafe)
    till.send("/counter/scans", code=sara.code, count="1", key="a-key-of-enough-signs")
    assert till.status == 409
    assert "Sara" in till.text
    assert "Wait 4 min" in till.text
