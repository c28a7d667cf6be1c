"""Nothing leaks: one merchant's keys never open another's data. Charlie must see nothing."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.web.api.conftest import Service, Till
from walletpass.web.api.routes import ROUTES, Route


class Neighbours:
    """Alice's shop with a card that has a history, and Charlie's till next door."""

    def __init__(self, engine: Engine) -> None:
        service = Service(engine)
        self.alice = service.till(open_shop(engine, now=NOON, slug="bean"))
        self.charlie = service.till(open_shop(engine, now=NOON, slug="tea"))
        self.card = self.alice.join(name="Zoë")
        self.change = self.alice.stamp(self.card, 10)
        self.card = self.change["card"]

    def everything_of_alices(self) -> list[Any]:
        """All that Alice's key can see."""
        card_id = self.card["id"]
        return [self.alice.get(path).body for path in (f"/cards/{card_id}/entries", "/programs", "/locations")]

    def steal(self, thief: Till, route: Route) -> Any:
        """Use every name of Alice's that the route takes, with a body that would do."""
        path = route.path.format(card_id=self.card["id"], entry_id=self.change["entry"]["id"], slug="bean-card")
        if route.query is not None:
            path += f"?barcode={self.card['barcode']}"
        return thief.call(route.method, path, self._body(route))

    def _body(self, route: Route) -> Any:
        bodies: dict[str, Any] = {
            "create_card": {"program": "bean-card"},
            "stamp_card": {"count": 1, "override": "because"},
            "redeem_reward": {"reward": self.card["rewards"][0]["id"]},
            "create_program": {"slug": "bean-card", "name": "x", "stamps_required": 5, "reward": "x"},
            "change_program": {"name": "Mine now"},
            "open_location": {"name": "Mine"},
        }
        return bodies.get(route.name, {} if route.body else None)


@pytest.fixture
def neighbours(engine: Engine) -> Neighbours:
    return Neighbours(engine)


NAMED = [route for route in ROUTES if "{" in route.path or route.query or route.name == "create_card"]


def test_alices_names_mean_nothing_to_charlie(neighbours: Neighbours) -> None:
    before = neighbours.everything_of_alices()
    for route in NAMED:
        answer = neighbours.steal(neighbours.charlie, route)
        assert (route.name, answer.status) == (route.name, 404)
        assert "Zoë" not in json.dumps(answer.body, ensure_ascii=False)
    assert neighbours.everything_of_alices() == before


@pytest.mark.parametrize("route", NAMED, ids=lambda route: route.name)
def test_the_same_names_are_good_for_alice(sqlite_engine: Engine, route: Route) -> None:
    neighbours = Neighbours(sqlite_engine)
    assert neighbours.steal(neighbours.alice, route).status in (200, 201)


def test_a_foreign_card_looks_just_like_one_that_never_was(neighbours: Neighbours) -> None:
    foreign = neighbours.charlie.get(f"/cards/{neighbours.card['id']}")
    unknown = neighbours.charlie.get("/cards/01m7zrp7pmpaxhfvtxe1tf2pnt")
    assert foreign.body == unknown.body


def test_lists_hold_ones_own_only(neighbours: Neighbours) -> None:
    programs = neighbours.charlie.get("/programs").body["programs"]
    assert [program["slug"] for program in programs] == ["tea-card"]
    locations = neighbours.charlie.get("/locations").body["locations"]
    assert [location["id"] for location in locations] == [neighbours.charlie.shop.location.id]


def test_nothing_happens_at_a_foreign_location(neighbours: Neighbours) -> None:
    card = neighbours.charlie.join()
    for act in ("stamps", "redemptions", "closing"):
        answer = neighbours.charlie.post(f"/cards/{card['id']}/{act}", {"location": neighbours.alice.shop.location.id})
        assert (answer.status, answer.body["title"]) == (404, "Unknown location")


def test_a_foreign_reward_cannot_be_redeemed_with_ones_own_card(neighbours: Neighbours) -> None:
    card = neighbours.charlie.join()
    neighbours.charlie.stamp(card, 10)
    reward = neighbours.card["rewards"][0]["id"]
    assert neighbours.charlie.post(f"/cards/{card['id']}/redemptions", {"reward": reward}).status == 404
