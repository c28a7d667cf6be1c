"""Stamping, redeeming, closing and undoing through the API."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.builders import open_shop
from tests.conftest import NOON
from tests.web.api.conftest import Service, Till
from walletpass.database import reading
from walletpass.loyalty import tables
from walletpass.loyalty.rules import Shield


@pytest.fixture
def shielded(sqlite_engine: Engine) -> Till:
    """A manager's till in a shop with the shield that every new program has."""
    service = Service(sqlite_engine)
    return service.till(open_shop(sqlite_engine, now=NOON, shield=Shield()))


def test_a_stamp_answers_with_its_entry_and_the_card(any_till: Till) -> None:
    card = any_till.join()
    answer = any_till.post(f"/cards/{card['id']}/stamps", {"location": any_till.shop.location.id, "note": "oat milk"})
    entry = answer.body["entry"]
    assert answer.status == 201
    assert {
        "id": entry["id"],
        "card": card["id"],
        "number": 2,
        "kind": "stamped",
        "stamps": 1,
        "at": "2026-11-20T12:00:00Z",
        "reward": None,
        "cause": None,
        "reverses": None,
        "location": any_till.shop.location.id,
        "actor": entry["actor"],
        "note": "oat milk",
        "override": None,
    } == entry
    assert entry["actor"].startswith("key:")
    assert answer.body["card"] == {**card, "stamps": 1, "revision": 2}
    assert any_till.card(card) == answer.body["card"]


@pytest.mark.parametrize("body", [None, {}, {"count": 1, "location": None, "note": None, "override": None}])
def test_a_stamp_needs_no_details(till: Till, body: Any) -> None:
    assert till.post(f"/cards/{till.join()['id']}/stamps", body).body["card"]["stamps"] == 1


def test_stamps_over_the_brim_carry_on(till: Till) -> None:
    card = till.join()
    till.stamp(card, 9)
    change = till.stamp(card, 3)
    reward = change["card"]["rewards"][0]
    assert change["card"]["stamps"] == 2
    assert reward == {"id": reward["id"], "name": "Free coffee", "expires_at": None}
    assert [(entry["kind"], entry["reward"], entry["cause"]) for entry in change["caused"]] == [
        ("earned", reward["id"], change["entry"]["id"])
    ]


def test_a_reward_says_when_it_expires(sqlite_engine: Engine) -> None:
    till = Service(sqlite_engine).till(open_shop(sqlite_engine, now=NOON, reward_days=30))
    assert till.stamp(till.join(), 10)["card"]["rewards"][0]["expires_at"] == "2026-12-20T12:00:00Z"


def test_every_write_wakes_the_delivery_loop_and_no_read_does(till: Till) -> None:
    card = till.join()
    till.stamp(card)
    assert till.service.woken == 2
    till.card(card)
    assert till.service.woken == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"count": 0}, "/count"),
        ({"count": 101}, "/count"),
        ({"count": -1}, "/count"),
        ({"count": 10**30}, "/count"),
        ({"count": 1.5}, "/count"),
        ({"count": True}, "/count"),
        ({"count": "1"}, "/count"),
        ({"count": None}, "/count"),
        ({"location": 7}, "/location"),
        ({"location": ""}, "/location"),
        ({"note": "x" * 501}, "/note"),
        ({"note": "a\x00"}, "/note"),
        ({"override": ""}, "/override"),
        ({"override": "x" * 501}, "/override"),
        ({"stamps": 2}, "/stamps"),
        ({"a/b~c": 2}, "/a~1b~0c"),
        ([], ""),
        ("1", ""),
    ],
)
def test_what_is_no_stamp_is_refused_and_changes_nothing(till: Till, body: Any, pointer: str) -> None:
    card = till.join()
    answer = till.post(f"/cards/{card['id']}/stamps", body)
    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]
    assert till.card(card) == card


def test_nothing_happens_at_an_unknown_location(any_till: Till) -> None:
    card = any_till.join()
    for location in ("nowhere", "\x00", "ż"):
        for act in ("stamps", "redemptions", "closing"):
            answer = any_till.post(f"/cards/{card['id']}/{act}", {"location": location})
            assert (answer.status, answer.body["title"]) == (404, "Unknown location")
    assert any_till.card(card) == card


def test_the_shield_refuses_a_second_stamp_at_once_and_says_when(shielded: Till) -> None:
    card = shielded.join()
    shielded.stamp(card)
    shielded.service.pass_time(seconds=30.5)
    answer = shielded.post(f"/cards/{card['id']}/stamps")
    assert answer.status == 409
    assert answer.body["rule"] == "pause_seconds"
    assert answer.body["retry_at"] == "2026-11-20T12:05:00Z"
    assert answer.headers["Retry-After"] == "270"
    assert answer.body["detail"] == "This card was stamped a moment ago. Wait 5 min, or ask a manager."


def test_the_shield_lets_a_stamp_through_when_it_said(shielded: Till) -> None:
    card = shielded.join()
    shielded.stamp(card)
    shielded.service.pass_time(minutes=5)
    assert shielded.stamp(card)["card"]["stamps"] == 2


def test_too_many_stamps_at_once_are_refused_and_waiting_does_not_help(shielded: Till) -> None:
    answer = shielded.post(f"/cards/{shielded.join()['id']}/stamps", {"count": 6})
    assert (answer.status, answer.body["rule"], answer.body["retry_at"]) == (409, "per_scan", None)
    assert "Retry-After" not in answer.headers


def test_too_many_stamps_a_day_are_refused_until_the_shops_midnight(shielded: Till) -> None:
    card = shielded.join()
    shielded.stamp(card, 5)
    shielded.service.pass_time(minutes=10)
    answer = shielded.post(f"/cards/{card['id']}/stamps", {"count": 4})
    assert (answer.status, answer.body["rule"]) == (409, "per_day")
    assert answer.body["retry_at"] == "2026-11-20T23:00:00Z"


def test_a_manager_goes_past_the_shield_with_a_reason_that_stays_on_record(shielded: Till) -> None:
    card = shielded.join()
    shielded.stamp(card)
    answer = shielded.post(f"/cards/{card['id']}/stamps", {"count": 20, "override": "Birthday party"})
    assert answer.status == 201
    assert answer.body["entry"]["override"] == "Birthday party"
    recorded = shielded.get(f"/cards/{card['id']}/entries").body["entries"]
    assert answer.body["entry"] in recorded


def test_staff_do_not_go_past_the_shield(shielded: Till) -> None:
    card = shielded.join()
    staff = shielded.service.till(shielded.shop, "staff")
    answer = staff.post(f"/cards/{card['id']}/stamps", {"override": "I want to"})
    assert answer.status == 403
    assert staff.card(card)["stamps"] == 0


def test_a_redemption_uses_the_reward_that_was_named(any_till: Till) -> None:
    card = any_till.join()
    first, second = any_till.stamp(card, 20)["card"]["rewards"]
    answer = any_till.post(f"/cards/{card['id']}/redemptions", {"reward": second["id"]})
    assert answer.status == 201
    assert (answer.body["entry"]["kind"], answer.body["entry"]["reward"]) == ("redeemed", second["id"])
    assert answer.body["card"]["rewards"] == [first]


def test_a_redemption_without_a_name_uses_the_reward_that_expires_first(till: Till) -> None:
    card = till.join()
    second = till.stamp(card, 20)["card"]["rewards"][1]
    assert till.post(f"/cards/{card['id']}/redemptions").body["card"]["rewards"] == [second]


def test_there_is_nothing_to_redeem_on_a_new_card(any_till: Till) -> None:
    answer = any_till.post(f"/cards/{any_till.join()['id']}/redemptions", {})
    assert (answer.status, answer.body["detail"]) == (409, "This card has no reward to redeem yet.")


def test_a_reward_is_redeemed_once(till: Till) -> None:
    card = till.join()
    [reward] = till.stamp(card, 10)["card"]["rewards"]
    till.post(f"/cards/{card['id']}/redemptions", {"reward": reward["id"]})
    answer = till.post(f"/cards/{card['id']}/redemptions", {"reward": reward["id"]})
    assert (answer.status, answer.body["title"]) == (409, "Reward already redeemed")


def test_a_reward_that_has_expired_is_refused(sqlite_engine: Engine) -> None:
    till = Service(sqlite_engine).till(open_shop(sqlite_engine, now=NOON, reward_days=1))
    card = till.join()
    [reward] = till.stamp(card, 10)["card"]["rewards"]
    till.service.pass_time(days=1)
    answer = till.post(f"/cards/{card['id']}/redemptions", {"reward": reward["id"]})
    assert (answer.status, answer.body["title"]) == (409, "Reward expired")


def test_an_unknown_reward_is_not_found(any_till: Till) -> None:
    card = any_till.join()
    any_till.stamp(card, 10)
    for reward in ("x", "\x00", "ż"):
        answer = any_till.post(f"/cards/{card['id']}/redemptions", {"reward": reward})
        assert (answer.status, answer.body["title"]) == (404, "Unknown reward")


def test_another_cards_reward_is_not_found(till: Till) -> None:
    [reward] = till.stamp(till.join(), 10)["card"]["rewards"]
    assert till.post(f"/cards/{till.join()['id']}/redemptions", {"reward": reward["id"]}).status == 404


def test_a_reversal_undoes_a_stamp_with_what_came_of_it(any_till: Till) -> None:
    card = any_till.join()
    change = any_till.stamp(card, 10)
    answer = any_till.post(f"/entries/{change['entry']['id']}/reversal")
    assert answer.status == 201
    assert (answer.body["entry"]["kind"], answer.body["entry"]["reverses"]) == ("reversed", change["entry"]["id"])
    assert answer.body["card"] == {**card, "revision": 3}


def test_a_second_reversal_is_a_conflict(any_till: Till) -> None:
    entry = any_till.stamp(any_till.join())["entry"]
    any_till.post(f"/entries/{entry['id']}/reversal", {})
    answer = any_till.post(f"/entries/{entry['id']}/reversal", {})
    assert (answer.status, answer.body["title"]) == (409, "Already reversed")


def test_an_entry_that_came_of_another_is_not_undone_by_itself(till: Till) -> None:
    [earned] = till.stamp(till.join(), 10)["caused"]
    answer = till.post(f"/entries/{earned['id']}/reversal")
    assert (answer.status, answer.body["title"]) == (409, "Not reversible")


def test_stamps_whose_reward_was_used_are_not_undone(till: Till) -> None:
    card = till.join()
    entry = till.stamp(card, 10)["entry"]
    till.post(f"/cards/{card['id']}/redemptions")
    answer = till.post(f"/entries/{entry['id']}/reversal")
    assert (answer.status, answer.body["title"]) == (409, "Reward in the way")


def test_an_unknown_entry_is_not_found(any_till: Till) -> None:
    for entry_id in ("x", "%00", "%FF", "ż", "x" * 2000):
        assert any_till.post(f"/entries/{entry_id}/reversal").status == 404


def test_a_closed_card_takes_no_stamp_and_gives_no_reward(till: Till) -> None:
    card = till.join()
    till.stamp(card, 10)
    closed = till.post(f"/cards/{card['id']}/closing", {"note": "Lost"})
    assert (closed.status, closed.body["card"]["closed"]) == (201, True)
    for act in ("stamps", "redemptions", "closing"):
        answer = till.post(f"/cards/{card['id']}/{act}")
        assert (answer.status, answer.body["title"]) == (409, "Card closed")


def test_a_closing_can_be_undone(till: Till) -> None:
    card = till.join()
    closed = till.post(f"/cards/{card['id']}/closing").body
    assert not till.post(f"/entries/{closed['entry']['id']}/reversal").body["card"]["closed"]


def test_the_ledger_of_a_card_is_told_in_order(any_till: Till) -> None:
    card = any_till.join()
    any_till.stamp(card, 10)
    any_till.post(f"/cards/{card['id']}/redemptions")
    entries = any_till.get(f"/cards/{card['id']}/entries").body["entries"]
    assert [(entry["number"], entry["kind"]) for entry in entries] == [
        (1, "joined"),
        (2, "stamped"),
        (3, "earned"),
        (4, "redeemed"),
    ]


def test_a_refused_stamp_leaves_no_trace(shielded: Till) -> None:
    card = shielded.join()
    shielded.post(f"/cards/{card['id']}/stamps", {"count": 6}, key="one")
    with reading(shielded.shop.engine) as connection:
        assert len(connection.execute(select(tables.entry)).all()) == 1
        assert connection.execute(select(tables.answer)).all() == []
    assert shielded.card(card) == card
