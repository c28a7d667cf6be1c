"""The description of the API (OpenAPI 3.1), made from the table of routes and the types of their bodies."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Any, Literal

from pydantic import TypeAdapter

import walletpass
from walletpass.accounts.errors import Forbidden, KeyNeeded
from walletpass.loyalty.errors import KeyReused, LoyaltyError, Unfit
from walletpass.loyalty.idempotency import LONGEST_KEY
from walletpass.web.api.problems import InvalidRequest, Problem, kind_of, title_of, type_of
from walletpass.web.api.routes import Route
from walletpass.web.errors import status_of

Document = dict[str, Any]

PREFIX = "/api/v1"

_PARTS = re.compile(r"{(\w+)}")

_INTRODUCTION = """\
Stamp cards for programs: tills, shops, anything that is not a person.

Every call shows a key: `Authorization: Bearer wp_live_...`. A staff key stamps, redeems and reads; a manager's key does
everything. All of it is bound to the key's merchant.

Send an `Idempotency-Key` of your own choosing with every write, a new one for each. The same request with the same key
gets the first answer again, with the header `Idempotency-Replayed: true`, and nothing happens twice. Another request
with a key already used answers 422. Answers are remembered for a month; refusals are not, so they may be tried again.

Refusals are problem details (RFC 9457). `detail` is fit to show at the counter, in the language of `Accept-Language`
(en, pl, hu)."""


def document(routes: Sequence[Route], base_url: str) -> Document:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "walletpass", "version": walletpass.__version__, "description": _INTRODUCTION},
        "servers": [{"url": base_url}],
        "security": [{"key": []}],
        "paths": _paths(routes),
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "parameters": {"IdempotencyKey": _IDEMPOTENCY_KEY},
        },
        "x-problems": {kind_of(error): _kind(error, base_url) for error in _all_refusals(routes)},
    }


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Chosen by the caller, once for each write; the same key twice counts once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


def _paths(routes: Sequence[Route]) -> Document:
    paths: Document = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> Document:
    parameters: list[Document] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARTS.findall(route.path)
    ]
    parameters += _query_parameters(route)
    operation: Document = {"operationId": route.name, "summary": route.summary}
    if route.body is not None:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
        operation["requestBody"] = _request_body(route)
    if route.role != "staff":
        operation["description"] = f"Needs a {route.role}'s key."
    return {**operation, "parameters": parameters, "responses": _responses(route)}


def _query_parameters(route: Route) -> Iterable[Document]:
    if route.query is None:
        return
    schema = TypeAdapter(route.query).json_schema()
    for name, described in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": described}


def _request_body(route: Route) -> Document:
    required = bool(TypeAdapter(route.body).json_schema().get("required"))
    return {"required": required, "content": {"application/json": {"schema": _reference(route.body)}}}


def _responses(route: Route) -> Document:
    responses: Document = {
        str(route.status): {
            "description": "Done" if route.body is not None else "Found",
            "content": {"application/json": {"schema": _reference(route.answers)}},
        }
    }
    if route.body is not None:
        replayed = "“true” when this is the answer to an earlier request with the same Idempotency-Key"
        responses[str(route.status)]["headers"] = {
            "Idempotency-Replayed": {"description": replayed, "schema": {"const": "true"}}
        }
        for status in (400, 413, 415):
            responses[str(status)] = _refusal(HTTPStatus(status).phrase)
    for code, errors in groupby(sorted(_refusals(route), key=status_of), key=status_of):
        responses[str(code)] = _refusal(", ".join(sorted(kind_of(error) for error in errors)))
    return {**dict(sorted(responses.items())), "default": _refusal("Any other trouble")}


def _refusal(description: str) -> Document:
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": _reference(Problem)}},
    }


def _refusals(route: Route) -> set[type[LoyaltyError]]:
    """What may be in the way of a call, the key and the form of the request included."""
    found: set[type[LoyaltyError]] = {KeyNeeded, *route.refusals}
    if route.query is not None:
        found.add(InvalidRequest)
    if route.body is not None:
        found |= {InvalidRequest, Unfit, KeyReused}
    if route.role != "staff" or _can_override(route):
        found.add(Forbidden)
    return found


def _can_override(route: Route) -> bool:
    return route.body is not None and "override" in TypeAdapter(route.body).json_schema()["properties"]


def _all_refusals(routes: Sequence[Route]) -> Sequence[type[LoyaltyError]]:
    return sorted(set().union(*(_refusals(route) for route in routes)), key=kind_of)


def _kind(error: type[LoyaltyError], base_url: str) -> Document:
    return {"type": type_of(error, base_url), "title": title_of(error), "status": status_of(error)}


def _schemas(routes: Sequence[Route]) -> Mapping[str, Any]:
    types = {kind for route in routes for kind in (route.body, route.answers) if kind is not None} | {Problem}
    mode: Literal["validation"] = "validation"
    adapters = [(kind, mode, TypeAdapter(kind)) for kind in sorted(types, key=lambda kind: kind.__name__)]
    _, described = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    schemas: Mapping[str, Any] = described["$defs"]
    return schemas


def _reference(kind: Any) -> Document:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}
