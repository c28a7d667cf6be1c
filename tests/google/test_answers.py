"""What Google's answers mean."""

import json
from datetime import timedelta

import pytest

from tests.conftest import NOON
from walletpass.google.answers import Answer, Outcome, read_answer


def read(status: int, reason: str = "", message: str = "", **headers: str) -> Answer:
    """An error in the older of Google's two shapes."""
    errors = [{"message": message, "domain": "walletobjects", "reason": reason}] if reason else []
    body = {"error": {"code": status, "message": message, "errors": errors}}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(status, given, json.dumps(body).encode(), NOON)


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        (400, "invalidResource", Outcome.REFUSED),
        (401, "authError", Outcome.MISCONFIGURED),
        (403, "permissionDenied", Outcome.MISCONFIGURED),
        (403, "insufficientPermissions", Outcome.MISCONFIGURED),
        (403, "accessNotConfigured", Outcome.MISCONFIGURED),
        (403, "quotaExceeded", Outcome.QUOTA),
        (429, "quotaExceeded", Outcome.QUOTA),
        (403, "rateLimitExceeded", Outcome.LATER),
        (302, "", Outcome.LATER),
        (404, "", Outcome.MISSING),
        (408, "", Outcome.LATER),
        (409, "", Outcome.EXISTS),
        (412, "", Outcome.REFUSED),
        (429, "rateLimitExceeded", Outcome.LATER),
        (429, "", Outcome.LATER),
        (500, "", Outcome.LATER),
        (503, "backendError", Outcome.LATER),
    ],
)
def test_every_status_has_a_meaning(status: int, reason: str, outcome: Outcome) -> None:
    assert read(status, reason).outcome is outcome


def test_a_reason_is_found_in_the_newer_shape_too() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    body = {"error": {"code": 403, "message": "disabled", "status": "PERMISSION_DENIED", "details": details}}
    assert read_answer(403, {}, json.dumps(body).encode(), NOON).reason == "SERVICE_DISABLED"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>", b'{"error": "invalid"}', b'{"error": {"errors": [7]}}']
)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_any_body_can_be_read(status: int, body: bytes) -> None:
    answer = read_answer(status, {}, body, NOON)
    assert answer.status == status


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Fri, 20 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Fri, 20 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("99999999999999999999", timedelta(days=1)),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_google_may_say_how_long_to_wait_in_seconds_or_as_a_date(header: str, wait: timedelta | None) -> None:
    assert read(429, Retry_After=header).retry_after == wait
