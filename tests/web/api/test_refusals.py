"""Requests that are none: every one gets a clear problem, and nothing is half done."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.builders import open_shop
from tests.conftest import NOON
from tests.web.api.conftest import BASE_URL, Service, Till
from walletpass.web.api.views import LARGEST_BODY

JSON = "application/json"


def send(till: Till, body: bytes, content_type: str | None = JSON, **options: Any) -> Any:
    """A body just as it is, to a call that takes one."""
    return till.call("POST", "/cards", data=body, content_type=content_type, **options)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"program": "bean-card"',
        b'{"program": "bean-card"} {}',
        b"program=bean-card",
        b"\xff\xfe{}",
        b'{"program": "\xff"}',
        b'{"program": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"\x00",
    ],
)
def test_what_is_not_json_is_a_bad_request(till: Till, body: bytes) -> None:
    answer = send(till, body)
    assert (answer.status, answer.body["title"]) == (400, "Bad Request")
    assert answer.body["detail"].startswith("Invalid JSON: ")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"bean-card"', b"7", b"true", b"NaN"])
def test_json_that_is_no_object_does_not_fit(till: Till, body: bytes) -> None:
    answer = send(till, body)
    assert answer.status == 422
    assert answer.body["errors"] == [{"pointer": "", "detail": "Input should be an object"}]


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json", "x"]
)
def test_a_body_that_does_not_say_it_is_json_is_refused(till: Till, content_type: str | None) -> None:
    answer = send(till, b'{"program": "bean-card"}', content_type)
    assert (answer.status, answer.body["title"]) == (415, "Unsupported Media Type")
    assert "Content-Type: application/json" in answer.body["detail"]


def test_no_body_at_all_counts_as_an_empty_object(till: Till) -> None:
    answer = send(till, b"", None)
    assert answer.body["errors"] == [{"pointer": "/program", "detail": "This is missing."}]


def test_a_body_of_the_largest_size_is_read(till: Till) -> None:
    body = b'{"program": "bean-card"}'
    assert send(till, body + b" " * (LARGEST_BODY - len(body))).status == 201


def test_a_larger_body_is_refused(till: Till) -> None:
    body = b'{"program": "bean-card"}'
    answer = send(till, body + b" " * (LARGEST_BODY - len(body) + 1))
    assert (answer.status, answer.body["detail"]) == (413, "The body is too large; the API takes at most 64 KiB.")


def test_a_stranger_learns_of_no_fault_before_showing_a_key(till: Till) -> None:
    assert send(Till(till.service, till.shop, {}), b"{" * (LARGEST_BODY + 1), "text/plain").status == 401


@pytest.mark.parametrize(
    "path", ["/", "/card", "/cards/", "/cards/x/y", "/programs/a/b", "/%00", "/%FF", "/" + "x" * 3000]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_is_not_found(till: Till, method: str, path: str) -> None:
    answer = till.call(method, path)
    assert (answer.status, answer.body["title"], answer.body["type"]) == (404, "Not Found", "about:blank")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/cards", "GET, POST"),
        ("PUT", "/cards/x", "GET"),
        ("POST", "/cards/x", "GET"),
        ("GET", "/cards/x/stamps", "POST"),
        ("PATCH", "/programs", "GET, POST"),
        ("POST", "/programs/x", "GET, PATCH"),
        ("OPTIONS", "/programs", "GET, POST"),
        ("POST", "/openapi.json", "GET"),
    ],
)
def test_a_wrong_method_is_refused_with_the_right_ones(till: Till, method: str, path: str, allowed: str) -> None:
    answer = till.call(method, path)
    assert (answer.status, answer.body["title"]) == (405, "Method Not Allowed")
    assert answer.headers["Allow"] == allowed


def test_outside_the_api_errors_are_pages(till: Till) -> None:
    response = till.service.app.test_client().get("/nowhere")
    assert (response.status_code, response.mimetype) == (404, "text/html")


def test_the_type_of_a_problem_leads_to_its_place_in_the_description(till: Till) -> None:
    problem = till.get("/cards/x").body
    assert problem == {
        "type": f"{BASE_URL}/api/v1/openapi.json#/x-problems/unknown-card",
        "title": "Unknown card",
        "status": 404,
        "detail": "This is not one of your cards. Check the code, or scan the card again.",
    }


def test_at_most_twenty_faults_are_told_and_none_at_length(till: Till) -> None:
    answer = till.post("/cards", {f"{number}{'x' * 1000}": 1 for number in range(50)})
    assert answer.status == 422
    assert len(answer.body["errors"]) == 20
    assert len(json.dumps(answer.body)) < 10_000


def test_a_problem_speaks_the_language_that_was_asked_for(till: Till) -> None:
    for language in ("en", "pl", "hu"):
        answer = till.get("/cards/x", headers={"Accept-Language": f"{language}, en;q=0.1"})
        assert answer.headers["Content-Language"] == language


def test_a_call_while_the_database_is_away_may_be_tried_again(sqlite_engine: Engine) -> None:
    till = Service(sqlite_engine).till(open_shop(sqlite_engine, now=NOON))
    with sqlite_engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE answer")
        connection.commit()
    answer = till.post("/cards", {"program": "bean-card"}, key="join-1")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "2"
    assert "SQL" not in json.dumps(answer.body)
