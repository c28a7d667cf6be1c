"""What Google's answers mean, and what the operator can do about them.

Source: google-wallet 4.5. Reasons are read where Google gives them; the status decides where it does not.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from walletpass.i18n import N_


class Outcome(StrEnum):
    """What the answer to a request means for whoever asked."""

    DONE = "done"
    MISSING = "missing"  # there is no such class or object yet: insert it
    EXISTS = "exists"  # inserted before: patch it
    REFUSED = "refused"  # this very request is wrong, and will be tomorrow
    QUOTA = "quota"  # too many notifications: send it silently
    MISCONFIGURED = "misconfigured"  # the operator has to put something right; every request meets the same
    LATER = "later"  # nothing is wrong: try again, not before `retry_after`


@dataclass(frozen=True)
class Answer:
    """What became of one request.

    status: the HTTP status; None when no answer came. reason: Google's word for it, or one of ours below.
    message: what Google or the network said, for the operator. body: the resource.
    """

    outcome: Outcome
    status: int | None = None
    reason: str = ""
    message: str = ""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    retry_after: timedelta | None = None

    @property
    def concerns_every_request(self) -> bool:
        """Whether any other request would meet the same now. A 500 may be about one object alone."""
        return self.outcome is Outcome.MISCONFIGURED or (self.outcome is Outcome.LATER and self.status != 500)

    @property
    def advice(self) -> str:
        """What the operator can do, in English, to be translated where it is shown; empty when there is nothing."""
        if self.outcome is Outcome.MISCONFIGURED:
            return KEY_REFUSED if self.status == 401 else _ADVICE.get(self.reason, NOT_INVITED)
        return ""


BAD_KEY = "badKey"
UNREACHABLE = "unreachable"
NO_TURN = "noTurn"

NOT_INVITED = N_(
    "Google does not let the service account act for this issuer. In the Google Pay & Wallet Console, under Users, "
    "invite the service account's e-mail address as Developer; check that WALLETPASS_GOOGLE_ISSUER_ID is the issuer id "
    "shown there; then wait some minutes."
)
API_OFF = N_(
    "The Google Wallet API is not enabled. Enable it in the Google Cloud project that the service account belongs to, "
    "then wait some minutes."
)
KEY_REFUSED = N_(
    "Google does not accept the service account's key. Check that this machine's clock is right and that the key was "
    "not deleted in the Google Cloud console; otherwise make a new JSON key and set "
    "WALLETPASS_GOOGLE_SERVICE_ACCOUNT_FILE."
)

_ADVICE = {
    "accessNotConfigured": API_OFF,
    "SERVICE_DISABLED": API_OFF,
    BAD_KEY: KEY_REFUSED,
}
_QUOTA = {"quotaExceeded"}
_PACE = {"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "RATE_LIMIT_EXCEEDED"}
_API_OFF_TEXT = re.compile(r"has not been used in project|it is disabled", re.IGNORECASE)


def read_answer(status: int, headers: Mapping[str, str], data: bytes, now: datetime) -> Answer:
    """What an HTTP answer means. Its body may be anything: proxies answer in HTML."""
    body = _json(data)
    retry_after = _retry_after(headers.get("Retry-After"), now)
    if 200 <= status < 300:
        if body is None:
            return Answer(Outcome.LATER, status, "notJson", "an answer that is not JSON", retry_after=retry_after)
        return Answer(Outcome.DONE, status, body=body)
    reason, message = _error(body or {})
    return Answer(_outcome(status, reason, body), status, reason, message, retry_after=retry_after)


def _outcome(status: int, reason: str, body: Mapping[str, Any] | None) -> Outcome:
    if reason in _QUOTA:
        return Outcome.QUOTA
    # Google redirects nobody here: networks that want a login first do.
    if status < 400 or status in (408, 429) or status >= 500 or reason in _PACE:
        return Outcome.LATER
    if status in (401, 403):
        # A proxy that refuses in HTML is no word of Google's about the set-up.
        return Outcome.LATER if body is None else Outcome.MISCONFIGURED
    return {404: Outcome.MISSING, 409: Outcome.EXISTS}.get(status, Outcome.REFUSED)


def _json(data: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(data)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _error(body: Mapping[str, Any]) -> tuple[str, str]:
    """Google's reason and message, in either of the shapes that it writes them in."""
    error = body.get("error")
    if not isinstance(error, dict):
        return "", str(error or "")
    message = str(error.get("message", ""))
    parts = [part for name in ("errors", "details") for part in error.get(name) or () if isinstance(part, dict)]
    reasons = [str(part["reason"]) for part in parts if part.get("reason")]
    if _API_OFF_TEXT.search(message):
        reasons.insert(0, "accessNotConfigured")
    return reasons[0] if reasons else str(error.get("status", "")), message


def _retry_after(text: str | None, now: datetime) -> timedelta | None:
    """The header says seconds or a date (RFC 9110, 10.2.3)."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdecimal():
        return timedelta(seconds=min(int(text), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta(0))
