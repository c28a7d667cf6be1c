"""The OpenAPI document: valid, and true."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.web.api.conftest import Service


@pytest.fixture
def document(service: Service) -> Any:
    return service.description.document


def test_the_description_is_valid_openapi(document: Any) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_call_is_described_and_every_description_is_a_call(service: Service, document: Any) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    answered = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in service.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint not in ("api.unknown", "api.openapi")
        for method in rule.methods or ()
        if method != "HEAD"
    }
    assert described == answered


def test_every_write_takes_an_idempotency_key_and_no_read_does(document: Any) -> None:
    parameter = {"$ref": "#/components/parameters/IdempotencyKey"}
    for item in document["paths"].values():
        for method, operation in item.items():
            assert (parameter in operation["parameters"]) == (method != "get")


def test_every_call_has_a_summary_and_a_name_of_its_own(document: Any) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert all(operation["summary"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_the_card_of_the_contract_is_described(document: Any) -> None:
    card = document["components"]["schemas"]["Card"]
    contract = [
        "id",
        "serial_number",
        "program",
        "stamps",
        "stamps_required",
        "rewards",
        "revision",
        "barcode",
        "links",
    ]
    assert set(contract) <= set(card["required"])
    assert document["components"]["schemas"]["Reward"]["required"] == ["id", "name", "expires_at"]
    assert document["components"]["schemas"]["CardLinks"]["required"] == ["apple", "google", "web"]


def test_the_kinds_of_problems_are_names_that_programs_may_rely_on(document: Any) -> None:
    assert {kind: problem["status"] for kind, problem in document["x-problems"].items()} == {
        "already-reversed": 409,
        "card-closed": 409,
        "forbidden": 403,
        "illegible": 422,
        "invalid-request": 422,
        "key-needed": 401,
        "key-reused": 422,
        "name-taken": 409,
        "not-reversible": 409,
        "nothing-to-redeem": 409,
        "program-changed": 409,
        "reward-already-redeemed": 409,
        "reward-expired": 409,
        "reward-in-the-way": 409,
        "stamped-too-soon": 409,
        "too-many-at-once": 409,
        "too-many-today": 409,
        "unfit": 422,
        "unknown-card": 404,
        "unknown-entry": 404,
        "unknown-location": 404,
        "unknown-program": 404,
        "unknown-reward": 404,
    }
