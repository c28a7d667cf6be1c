"""Undoing at the counter: by whoever did it within a minute, later by a manager."""

import pytest

from tests.builders import open_shop
from tests.cafe import Cafe
from tests.conftest import NOON
from tests.web.till import Till, ledger, stand_at
from walletpass.loyalty.cards import Card


@pytest.fixture
def till(cafe: Cafe) -> Till:
    """Alice of the staff, at the counter."""
    return stand_at(cafe)


@pytest.fixture
def sara(cafe: Cafe) -> Card:
    """A card with nine stamps."""
    return cafe.stamp(cafe.join(name="Sara"), 9)


def stamped(till: Till, card: Card, button: str = "+2 stamps") -> Till:
    """A card has just been stamped."""
    till.scan(card.code)
    till.press(button)
    return till


def test_one_press_takes_stamps_back_and_the_reward_with_them(cafe: Cafe, till: Till, sara: Card) -> None:
    stamped(till, sara).press("Undo")
    card = cafe.look_up(sara)
    assert (card.stamps, card.ready(cafe.now)) == (9, [])
    assert "Undone 2 stamps taken back." in till.text


def test_after_undoing_the_right_number_is_one_press_away(till: Till, sara: Card) -> None:
    stamped(till, sara).press("Undo")
    assert till.buttons == ["+1 stamp", "+2 stamps", "+3 stamps"]


def test_an_undoing_is_itself_not_undone(cafe: Cafe, till: Till, sara: Card) -> None:
    stamped(till, sara).press("Undo")
    assert [entry.kind for entry in ledger(cafe, sara)] == ["stamped", "stamped", "reversed", "revoked"]
    assert "Undo" not in till.buttons


def test_one_press_gives_a_redeemed_reward_back(cafe: Cafe, till: Till, sara: Card) -> None:
    stamped(till, sara).press("Redeem")
    till.press("Undo")
    assert "Undone Free coffee can be redeemed again." in till.text
    assert [reward.name for reward in cafe.look_up(sara).ready(cafe.now)] == ["Free coffee"]


def test_undo_pressed_twice_undoes_once(cafe: Cafe, till: Till, sara: Card) -> None:
    form = stamped(till, sara).form("Undo")
    answers = [till.browser.post(form.action, data=form.press("Undo")) for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert [entry.kind for entry in ledger(cafe, sara)].count("reversed") == 1


def test_what_is_undone_on_one_counter_cannot_be_undone_on_another(till: Till, sara: Card) -> None:
    form = stamped(till, sara).form("Undo")
    till.browser.post(form.action, data=form.press("Undo"))
    till.answer = till.browser.post(form.action, data=form.press("Undo", key="another-key-of-enough-signs"))
    assert till.status == 409
    assert "Not undone This was already undone." in till.text


def test_a_stamp_behind_a_redeemed_reward_stays(till: Till, sara: Card) -> None:
    form = stamped(till, sara).form("Undo")
    till.press("Redeem")
    till.answer = till.browser.post(form.action, data=form.press("Undo"))
    assert till.status == 409
    assert "Undo the redemption first." in till.text


def test_the_result_of_a_stamp_that_was_undone_says_so(till: Till, sara: Card) -> None:
    result = stamped(till, sara).answer.request
    till.press("Undo")
    till.open(f"{result.path}?{result.query_string.decode()}")
    assert "Undone 2 stamps taken back." in till.text


def test_staff_have_a_minute(cafe: Cafe, till: Till, sara: Card) -> None:
    stamped(till, sara)
    cafe.pass_time(seconds=60)
    till.press("Undo")
    assert cafe.look_up(sara).stamps == 9


def test_after_a_minute_staff_need_a_manager(cafe: Cafe, till: Till, sara: Card) -> None:
    result = stamped(till, sara).answer.request
    cafe.pass_time(seconds=61)
    till.press("Undo")
    assert till.status == 403
    assert "Only whoever did this can undo it, and only within a minute. Ask a manager." in till.text
    assert cafe.look_up(sara).stamps == 1
    till.open(f"{result.path}?{result.query_string.decode()}")
    assert "Undo" not in till.buttons


def test_staff_cannot_undo_what_a_colleague_did(cafe: Cafe, till: Till, sara: Card) -> None:
    form = stamped(till, sara).form("Undo")
    bob = stand_at(cafe, name="Bob")
    bob.send(form.action, key=form.fields["key"])
    assert bob.status == 403
    assert cafe.look_up(sara).stamps == 1


def test_a_manager_can_undo_what_staff_did_long_ago(cafe: Cafe, till: Till, sara: Card) -> None:
    result = stamped(till, sara).answer.request
    boss = stand_at(cafe, "manager", name="Bob")
    cafe.pass_time(days=3)
    boss.open(f"{result.path}?{result.query_string.decode()}")
    boss.press("Undo")
    assert cafe.look_up(sara).stamps == 9


def test_what_happened_at_another_merchant_cannot_be_undone(cafe: Cafe, till: Till) -> None:
    card = cafe.stamp(open_shop(cafe.deps.engine, now=NOON, slug="other").join())
    (entry,) = ledger(cafe, card)
    till.send(f"/counter/entries/{entry.id}/reversal", key="a-key-of-enough-signs")
    assert till.status == 404
    assert cafe.look_up(card).stamps == 1


@pytest.mark.parametrize("entry_id", ["nonsense", "x" * 5000, "%00", "źdźbło"])
def test_an_entry_that_never_was_cannot_be_undone(till: Till, entry_id: str) -> None:
    till.send(f"/counter/entries/{entry_id}/reversal", key="a-key-of-enough-signs")
    assert till.status == 404


def test_a_result_belongs_to_its_card(cafe: Cafe, till: Till, sara: Card) -> None:
    entry = ledger(cafe, sara)[0]
    till.open(f"/counter/cards/{cafe.join().id}?done={entry.id}")
    assert till.status == 404
