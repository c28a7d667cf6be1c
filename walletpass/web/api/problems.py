"""Refusals of the API as problem details (RFC 9457)."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Literal, NotRequired

from flask import Response
from pydantic import ValidationError
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12
from werkzeug.exceptions import HTTPException

from walletpass.accounts.errors import KeyNeeded
from walletpass.i18n import N_
from walletpass.loyalty.errors import LoyaltyError, StampRefused, Unfit
from walletpass.web.api.call import written_moment
from walletpass.web.api.fields import Moment
from walletpass.web.errors import retry_after, retry_at, status_of
from walletpass.web.languages import page_language, say

MOST_FAULTS = 20
LONGEST_POINTER = 200

_WORDS = {
    413: N_("The body is too large; the API takes at most 64 KiB."),
    500: N_("Something broke on our side, and it has been noted down. Please try again in a moment."),
}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Fault(TypedDict):
    """One thing that is wrong, and where: in the body (a JSON Pointer), in a parameter or in a header."""

    detail: str
    pointer: NotRequired[str]
    parameter: NotRequired[str]
    header: NotRequired[str]


class Problem(TypedDict):
    """Why a call was refused.

    `type` ends in the kind of problem. `detail` is fit to show at the counter, in the language that was asked for.
    `rule`, `retry_at`: which rule of the shield refused a stamp, and when to try again (null: waiting does not help).
    """

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[Fault]]
    rule: NotRequired[Literal["pause_seconds", "per_scan", "per_day"]]
    retry_at: NotRequired[Moment | None]


class InvalidRequest(Unfit):
    """Fields that are missing, unknown or of the wrong type."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__("", N_("The request does not fit its description; “errors” says where."))
        self.faults = list(faults)[:MOST_FAULTS]

    @classmethod
    def of_body(cls, error: ValidationError) -> "InvalidRequest":
        """What pydantic says about a body."""
        return cls({"detail": detail, "pointer": pointer(where)} for where, detail in _faults(error))

    @classmethod
    def of_query(cls, error: ValidationError) -> "InvalidRequest":
        """What pydantic says about the parameters of the address."""
        return cls({"detail": detail, "parameter": ".".join(where)} for where, detail in _faults(error))


def problem(error: LoyaltyError | HTTPException, base_url: str, now: datetime) -> Response:
    """The answer to a call that was refused."""
    body = _of_http(error) if isinstance(error, HTTPException) else _of_loyalty(error, base_url)
    response = Response(json.dumps(body, ensure_ascii=False), body["status"], content_type="application/problem+json")
    response.headers["Content-Language"] = page_language()
    if isinstance(error, HTTPException):
        response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    if isinstance(error, KeyNeeded):
        response.headers["WWW-Authenticate"] = 'Bearer realm="walletpass"'
    if moment := retry_at(error):
        response.headers["Retry-After"] = retry_after(moment, now)
    return response


def kind_of(error: type[LoyaltyError]) -> str:
    """The name of a kind of problem, as the last part of its type: "stamped-too-soon"."""
    return _CAPITAL.sub("-", error.__name__).lower()


def title_of(error: type[LoyaltyError]) -> str:
    """The same for people: "Stamped too soon"."""
    return kind_of(error).replace("-", " ").capitalize()


def type_of(error: type[LoyaltyError], base_url: str) -> str:
    """The address of a kind of problem; it leads to the place in the OpenAPI document that lists it."""
    return f"{base_url}/api/v1/openapi.json#/x-problems/{kind_of(error)}"


def pointer(where: Iterable[object]) -> str:
    """The JSON Pointer (RFC 6901) to a part of the body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in where)[:LONGEST_POINTER]


def _of_loyalty(error: LoyaltyError, base_url: str) -> Problem:
    body: Problem = {
        "type": type_of(type(error), base_url),
        "title": title_of(type(error)),
        "status": status_of(type(error)),
        "detail": error.in_words(page_language()),
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = error.faults
    elif isinstance(error, Unfit):
        body["errors"] = [_fault_of(error, body["detail"])]
    elif isinstance(error, StampRefused):
        body["rule"] = error.rule
        body["retry_at"] = written_moment(error.retry_at) if error.retry_at else None
    return body


def _of_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.code or 500)
    return {
        "type": "about:blank",  # RFC 9457, 4.2.1: there is no more to it than the status says
        "title": status.phrase,
        "status": status,
        "detail": say(_WORDS.get(status) or error.description or status.phrase),
    }


def _fault_of(error: Unfit, detail: str) -> Fault:
    if error.field == "Idempotency-Key":
        return {"detail": detail, "header": error.field}
    return {"detail": detail, "pointer": pointer(error.field.split("."))}


def _faults(error: ValidationError) -> Iterable[tuple[list[str], str]]:
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        where = [str(part) for part in fault["loc"] if part != "[key]"]
        match fault["type"]:
            case "missing":
                yield where, say(N_("This is missing."))
            case "extra_forbidden":
                yield where, say(N_("There is no such field here; leave it out or check the name."))
            case _:
                yield where, fault["msg"].removeprefix("Value error, ")
