"""Who may call the API: keys, and what each role opens."""

import logging
from typing import Any

import pytest

from tests.conftest import NOON
from tests.web.api.conftest import Service, Till
from walletpass.accounts.api_keys import key_by_secret, revoke_api_key
from walletpass.database import transaction
from walletpass.web.api.openapi import PREFIX
from walletpass.web.api.routes import ROUTES, Route

NAMES = [route.name for route in ROUTES]


def path_of(route: Route) -> str:
    """The path of a route, with names in it that nothing has."""
    return route.path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_every_call_needs_a_key(service: Service, till: Till, route: Route) -> None:
    stranger = Till(service, till.shop, {})
    answer = stranger.call(route.method, path_of(route), {} if route.body else None)
    assert (answer.status, answer.body["title"]) == (401, "Key needed")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="walletpass"'


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wp_live_nonsense", "Bearer a=b", "Basic d3A6d3A=", "bearer ż", "x" * 5000],
)
def test_what_is_no_key_opens_nothing(till: Till, authorization: str) -> None:
    stranger = Till(till.service, till.shop, {"Authorization": authorization.encode().decode("latin-1")})
    assert stranger.get("/programs").status == 401


def test_the_word_bearer_may_be_written_in_any_case(till: Till) -> None:
    same = Till(till.service, till.shop, {"Authorization": till.headers["Authorization"].replace("Bearer", "bearer")})
    assert same.get("/programs").status == 200


def test_a_key_in_the_address_is_no_key(till: Till) -> None:
    secret = till.headers["Authorization"].removeprefix("Bearer ")
    assert Till(till.service, till.shop, {}).get(f"/programs?key={secret}&access_token={secret}").status == 401


def test_a_revoked_key_opens_nothing(till: Till) -> None:
    with transaction(till.shop.engine) as connection:
        key = key_by_secret(connection, till.headers["Authorization"].removeprefix("Bearer "))
        assert key
        revoke_api_key(connection, till.shop.merchant.id, key.id, NOON)
    assert till.get("/programs").status == 401


@pytest.mark.parametrize("route", [route for route in ROUTES if route.role == "manager"], ids=lambda route: route.name)
def test_what_managers_do_is_closed_to_staff(staff_till: Till, route: Route) -> None:
    answer = staff_till.call(route.method, path_of(route), {})
    assert (answer.status, answer.body["title"]) == (403, "Forbidden")


def test_staff_join_stamp_redeem_and_read(staff_till: Till) -> None:
    card = staff_till.join()
    staff_till.stamp(card, 10)
    assert staff_till.post(f"/cards/{card['id']}/redemptions").status == 201
    for path in (f"/cards/{card['id']}/entries", f"/cards?barcode={card['barcode']}", "/programs", "/locations"):
        assert staff_till.get(path).status == 200


def test_managers_alone_undo_close_and_set_up() -> None:
    managers = {route.name for route in ROUTES if route.role == "manager"}
    assert managers == {"close_card", "reverse_entry", "create_program", "change_program", "open_location"}


def test_the_description_needs_no_key(till: Till) -> None:
    assert till.service.app.test_client().get("/api/v1/openapi.json").status_code == 200


def test_no_other_site_may_call_from_a_browser(till: Till) -> None:
    answer = till.get("/programs", headers={"Origin": "https://evil.example"})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


def test_no_secret_is_ever_logged(till: Till, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = till.headers["Authorization"].removeprefix("Bearer ")
    card = till.join(name="Zoë", email="zoe@example.org")
    answers: list[Any] = [
        till.post(f"/cards/{card['id']}/stamps", {"count": 10}, key="one"),
        till.post(f"/cards/{card['id']}/stamps", {"count": 0}, key="one"),
        till.get(f"/cards/{secret}"),
        till.get("/nowhere"),
    ]
    assert [answer.status for answer in answers] == [201, 422, 404, 404]
    token = card["links"]["web"].rpartition("/")[2]
    for private in (secret, token, "zoe@example.org", card["barcode"]):
        assert private not in caplog.text


def test_every_call_lies_below_the_same_prefix(till: Till) -> None:
    rules = [rule for rule in till.service.app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    assert len(rules) == len(ROUTES) + 3
    assert all(rule.rule.startswith(f"{PREFIX}/") for rule in rules)
