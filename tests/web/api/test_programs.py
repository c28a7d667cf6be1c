"""Programs and locations in the API."""

from typing import Any

import pytest
from sqlalchemy import func, insert, select

from tests.builders import open_shop
from tests.conftest import NOON
from tests.web.api.conftest import BASE_URL, Till
from walletpass.database import reading, transaction
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import add_destination

FIRST_FOUR = {"slug": "tea-card", "name": "Tea Card", "stamps_required": 8, "reward": "A pot of tea"}


def test_four_fields_make_a_program_that_is_sound_and_open_at_once(any_till: Till) -> None:
    answer = any_till.post("/programs", FIRST_FOUR)
    assert answer.status == 201
    assert answer.body == {
        **FIRST_FOUR,
        "first_stamp": False,
        "shield": {"pause_seconds": 300, "per_scan": 5, "per_day": 8},
        "extras": [],
        "reward_days": None,
        "terms": "",
        "design": {"template": "plain", "colours": {}},
        "links": {"join": f"{BASE_URL}/join/tea-card"},
    }
    assert any_till.get("/programs/tea-card").body == answer.body
    assert any_till.join("tea-card")["stamps_required"] == 8


def test_everything_about_a_program_can_be_said_at_once(any_till: Till) -> None:
    program = {
        **FIRST_FOUR,
        "first_stamp": True,
        "shield": {"pause_seconds": 60, "per_scan": 1, "per_day": 2},
        "extras": [{"at": 4, "reward": "A biscuit", "once": "card"}],
        "reward_days": 90,
        "terms": "One a day.\nNo cash.",
        "design": {"template": "coffee", "colours": {"background": "#112233"}},
    }
    answer = any_till.post("/programs", program)
    assert answer.body == {**program, "links": {"join": f"{BASE_URL}/join/tea-card"}}
    assert any_till.get("/programs/tea-card").body == answer.body
    assert any_till.join("tea-card")["stamps"] == 1


def test_a_pause_of_no_seconds_is_no_pause(till: Till) -> None:
    answer = till.post("/programs", {**FIRST_FOUR, "shield": {"pause_seconds": 0}})
    assert (answer.status, answer.body["shield"]["pause_seconds"]) == (201, 0)


def test_null_switches_a_rule_of_the_shield_off_and_a_missing_one_keeps_its_default(till: Till) -> None:
    answer = till.post("/programs", {**FIRST_FOUR, "shield": {"pause_seconds": None}})
    assert answer.body["shield"] == {"pause_seconds": None, "per_scan": 5, "per_day": 8}


def test_an_extra_reward_comes_in_every_round_unless_it_says_otherwise(till: Till) -> None:
    answer = till.post("/programs", {**FIRST_FOUR, "extras": [{"at": 4, "reward": "A biscuit"}]})
    assert answer.body["extras"] == [{"at": 4, "reward": "A biscuit", "once": "round"}]


def test_programs_are_listed_oldest_first(any_till: Till) -> None:
    any_till.post("/programs", FIRST_FOUR)
    programs = any_till.get("/programs").body["programs"]
    assert [program["slug"] for program in programs] == ["bean-card", "tea-card"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "Tea Card"}, "/slug"),
        ({"slug": ""}, "/slug"),
        ({"slug": "x" * 61}, "/slug"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 61}, "/name"),
        ({"name": "a\x00"}, "/name"),
        ({"stamps_required": 0}, "/stamps_required"),
        ({"stamps_required": 31}, "/stamps_required"),
        ({"stamps_required": "8"}, "/stamps_required"),
        ({"reward": ""}, "/reward"),
        ({"first_stamp": None}, "/first_stamp"),
        ({"first_stamp": 1}, "/first_stamp"),
        ({"shield": None}, "/shield"),
        ({"shield": {"per_week": 3}}, "/shield/per_week"),
        ({"shield": {"per_day": 0}}, "/shield/per_day"),
        ({"shield": {"per_day": 10**12}}, "/shield/per_day"),
        ({"extras": [{"at": 8, "reward": "x"}]}, "/extras"),
        ({"extras": [{"at": 2, "reward": "x"}, {"at": 2, "reward": "y"}]}, "/extras"),
        ({"extras": [{"at": 2, "reward": ""}]}, "/extras/0/reward"),
        ({"extras": [{"at": 2, "reward": "x", "once": "never"}]}, "/extras/0/once"),
        ({"reward_days": 0}, "/reward_days"),
        ({"terms": "x" * 4001}, "/terms"),
        ({"terms": "a\x00"}, "/terms"),
        ({"design": {"template": "../plain"}}, "/design/template"),
        ({"design": {"template": "\x00"}}, "/design/template"),
        ({"design": {"colours": {"background": "red"}}}, "/design/colours"),
        ({"design": {"colours": {"border": "#000000"}}}, "/design/colours/border"),
        ({"design": {"logo": "x"}}, "/design/logo"),
        ({"links": {}}, "/links"),
    ],
)
def test_a_program_that_does_not_hold_together_is_refused(till: Till, change: Any, pointer: str) -> None:
    answer = till.post("/programs", {**FIRST_FOUR, **change})
    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]
    assert till.get("/programs/tea-card").status == 404


def test_all_faults_are_told_at_once(till: Till) -> None:
    answer = till.post("/programs", {"slug": "tea-card", "colour": "red"})
    assert answer.body["errors"] == [
        {"pointer": "/name", "detail": "This is missing."},
        {"pointer": "/stamps_required", "detail": "This is missing."},
        {"pointer": "/reward", "detail": "This is missing."},
        {"pointer": "/colour", "detail": "There is no such field here; leave it out or check the name."},
    ]


def test_an_unknown_design_is_refused_with_the_names_of_those_that_there_are(till: Till) -> None:
    answer = till.post("/programs", {**FIRST_FOUR, "design": {"template": "tea"}})
    assert "choose one of bakery, barber, carwash, coffee, groomer, plain" in answer.body["detail"]


def test_colours_that_cannot_be_read_are_refused_with_one_that_can(till: Till) -> None:
    answer = till.post("/programs", {**FIRST_FOUR, "design": {"colours": {"foreground": "#222222"}}})
    assert (answer.status, answer.body["title"]) == (422, "Illegible")
    assert "Text in #222222 is hard to read on the background #20252b" in answer.body["detail"]
    suggestion = answer.body["detail"].rpartition("Try ")[2].rstrip(".")
    assert till.post("/programs", {**FIRST_FOUR, "design": {"colours": {"foreground": suggestion}}}).status == 201


def test_a_slug_is_taken_once_in_the_whole_installation(any_till: Till) -> None:
    other = any_till.service.till(open_shop(any_till.shop.engine, now=NOON, slug="tea"))
    answer = other.post("/programs", {**FIRST_FOUR, "slug": "bean-card"})
    assert (answer.status, answer.body["title"]) == (409, "Name taken")


def test_a_change_leaves_the_rest_as_it_is(any_till: Till) -> None:
    any_till.post("/programs", {**FIRST_FOUR, "design": {"template": "coffee", "colours": {"label": "#ffffff"}}})
    before = any_till.get("/programs/tea-card").body
    answer = any_till.patch("/programs/tea-card", {"name": "Tea & Co.", "shield": {"per_day": None}})
    assert answer.status == 200
    assert answer.body == {**before, "name": "Tea & Co.", "shield": {**before["shield"], "per_day": None}}
    assert any_till.get("/programs/tea-card").body == answer.body


def test_a_change_may_touch_everything_but_the_slug(till: Till) -> None:
    changes = {
        "name": "Coffee Club",
        "stamps_required": 6,
        "reward": "Any coffee",
        "first_stamp": True,
        "shield": {"pause_seconds": 1, "per_scan": 2, "per_day": 3},
        "extras": [{"at": 3, "reward": "A cookie", "once": "round"}],
        "reward_days": 10,
        "terms": "New terms",
        "design": {"template": "bakery", "colours": {}},
    }
    assert till.patch("/programs/bean-card", changes).body == {
        "slug": "bean-card",
        **changes,
        "links": {"join": f"{BASE_URL}/join/bean-card"},
    }


def test_a_colour_can_be_given_back_to_the_design(till: Till) -> None:
    till.patch("/programs/bean-card", {"design": {"colours": {"label": "#FFFFFF", "foreground": "#fff"}}})
    answer = till.patch("/programs/bean-card", {"design": {"colours": {"label": None}}})
    assert answer.body["design"] == {"template": "coffee", "colours": {"foreground": "#ffffff"}}


def test_null_makes_rewards_last_for_ever(till: Till) -> None:
    till.patch("/programs/bean-card", {"reward_days": 10})
    assert till.patch("/programs/bean-card", {"reward_days": None}).body["reward_days"] is None


def test_a_change_makes_every_card_of_the_program_and_no_other_speak_anew(any_till: Till) -> None:
    any_till.post("/programs", FIRST_FOUR)
    card, other = any_till.join(), any_till.join("tea-card")
    with transaction(any_till.shop.engine) as connection:
        for one in (card, other):
            add_destination(connection, one["id"], "apple", revision=1, now=NOON)
    woken = any_till.service.woken
    any_till.patch("/programs/bean-card", {"reward": "Any coffee"})
    assert (any_till.card(card)["revision"], any_till.card(other)["revision"]) == (2, 1)
    assert any_till.service.woken == woken + 1
    with reading(any_till.shop.engine) as connection:
        behind = select(tables.destination.c.card_id).where(tables.destination.c.due_at.is_not(None))
        assert connection.execute(behind).scalars().all() == [card["id"]]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"slug": "other"}, "/slug"),
        ({"name": None}, "/name"),
        ({"stamps_required": None}, "/stamps_required"),
        ({"extras": [{"at": 10, "reward": "x"}]}, "/extras"),
        ({"extras": None}, "/extras"),
        ({"design": {"template": None}}, "/design/template"),
        ([], ""),
    ],
)
def test_a_change_that_does_not_hold_together_is_refused(till: Till, changes: Any, pointer: str) -> None:
    before = till.get("/programs/bean-card").body
    answer = till.patch("/programs/bean-card", changes)
    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]
    assert till.get("/programs/bean-card").body == before


def test_a_change_may_come_as_a_merge_patch(till: Till) -> None:
    answer = till.call(
        "PATCH", "/programs/bean-card", data='{"name": "Club"}', content_type="application/merge-patch+json"
    )
    assert (answer.status, answer.body["name"]) == (200, "Club")


def test_an_unknown_program_is_not_found(any_till: Till) -> None:
    for slug in ("x", "%00", "%FF", "ż", "x" * 2000):
        assert any_till.get(f"/programs/{slug}").status == 404
        assert any_till.patch(f"/programs/{slug}", {"name": "Club"}).status == 404


def test_a_location_has_an_address_a_place_and_a_clock(any_till: Till) -> None:
    details = {
        "name": "Old Town",
        "address": "Rynek 1, Kraków",
        "latitude": 50.0614,
        "longitude": 19.9366,
        "time_zone": "Europe/Warsaw",
        "relevant_text": "Coffee is near",
    }
    answer = any_till.post("/locations", details)
    assert answer.status == 201
    assert answer.body == {"id": answer.body["id"], **details}
    locations = any_till.get("/locations").body["locations"]
    assert [location["name"] for location in locations] == ["High Street", "Old Town"]
    assert locations[1] == answer.body


def test_a_name_is_enough_for_a_location(till: Till) -> None:
    assert till.post("/locations", {"name": "Van"}).body["time_zone"] == "UTC"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\x00"}, "/name"),
        ({"latitude": 50.0}, "/latitude"),
        ({"latitude": 91, "longitude": 0}, "/latitude"),
        ({"latitude": 0, "longitude": -181}, "/longitude"),
        ({"latitude": "50", "longitude": 0}, "/latitude"),
        ({"latitude": float("nan"), "longitude": 0}, "/latitude"),
        ({"latitude": float("inf"), "longitude": 0}, "/latitude"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "\x00"}, "/time_zone"),
        ({"time_zone": ""}, "/time_zone"),
        ({"time_zone": "Europe"}, "/time_zone"),
        ({"relevant_text": "x" * 201}, "/relevant_text"),
        ({"opening_hours": "always"}, "/opening_hours"),
    ],
)
def test_a_location_that_cannot_be_is_refused(till: Till, change: Any, pointer: str) -> None:
    answer = till.post("/locations", {"name": "Old Town", **change})
    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer]
    with reading(till.shop.engine) as connection:
        assert connection.execute(select(func.count()).select_from(tables.location)).scalar() == 1


def test_a_merchant_without_locations_has_none_listed(till: Till) -> None:
    with transaction(till.shop.engine) as connection:
        connection.execute(
            insert(tables.merchant).values(id="m2", slug="van", name="Van", language="en", created_at=NOON)
        )
        connection.execute(tables.location.update().values(merchant_id="m2"))
    assert till.get("/locations").body == {"locations": []}
