"""What the answers of APNs mean, and what the operator can do about them.

Source: https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pycurl

from walletpass.i18n import N_


class Outcome(StrEnum):
    """What the answer to a push means for the registration that it was sent for."""

    DELIVERED = "delivered"
    GONE = "gone"  # the token is dead: drop it, unless it was registered again after `timestamp`
    LATER = "later"  # nothing is wrong with the token: try again, not before `retry_after`
    MISCONFIGURED = "misconfigured"  # ours to put right: keep every token and show `advice`


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one push.

    status: the HTTP status; None when no answer came.
    reason: Apple's word for it ("Unregistered"), or one of ours below when no answer came.
    detail: what the network said, for the operator; holds no token.
    timestamp: when APNs learned that the token is dead (UTC); None when it did not say.
    retry_after: how long APNs asked us to wait.
    """

    token: str = field(repr=False)  # names one phone: it is shown nowhere
    outcome: Outcome
    status: int | None = None
    reason: str = ""
    detail: str = ""
    timestamp: datetime | None = None
    retry_after: timedelta | None = None

    @property
    def concerns_every_token(self) -> bool:
        """Whether any other push with the same certificate would meet the same answer now."""
        return self.status in _STATUS_FOR_ALL or self.reason in _REASONS_FOR_ALL

    @property
    def advice(self) -> str:
        """What the operator can do, in English, to be translated where it is shown; empty when there is nothing."""
        general = _ADVICE_ABOUT_REQUESTS if self.outcome is Outcome.MISCONFIGURED else ""
        return _ADVICE.get(self.reason) or (_ADVICE_ABOUT_CERTIFICATES if self.status == 403 else general)


CONNECTION_LOST = "ConnectionLost"
UNREACHABLE = "Unreachable"
TIMED_OUT = "TimedOut"
SERVER_UNTRUSTED = "ServerUntrusted"
ROOTS_UNREADABLE = "RootsUnreadable"
CERTIFICATE_REFUSED = "CertificateRefused"
CERTIFICATE_UNUSABLE = "CertificateUnusable"

_OURS_TO_PUT_RIGHT = {SERVER_UNTRUSTED, ROOTS_UNREADABLE, CERTIFICATE_REFUSED, CERTIFICATE_UNUSABLE}

_CURL_REASONS = {
    pycurl.E_COULDNT_RESOLVE_PROXY: UNREACHABLE,
    pycurl.E_COULDNT_RESOLVE_HOST: UNREACHABLE,
    pycurl.E_COULDNT_CONNECT: UNREACHABLE,
    pycurl.E_SSL_CONNECT_ERROR: UNREACHABLE,
    pycurl.E_OPERATION_TIMEDOUT: TIMED_OUT,
    pycurl.E_PEER_FAILED_VERIFICATION: SERVER_UNTRUSTED,
    pycurl.E_SSL_CACERT_BADFILE: ROOTS_UNREADABLE,
    pycurl.E_SSL_CERTPROBLEM: CERTIFICATE_UNUSABLE,
}

# With TLS 1.3 a server judges the client's certificate after the client has finished its handshake: the refusal comes
# as an alert on a connection that curl takes for made. Only the text, which is OpenSSL's, tells it from other losses.
_ALERT_ABOUT_CERTIFICATE = re.compile(r"alert (\w+ certificate|certificate \w+|unknown ca|access denied)")

_STATUS_FOR_ALL = {301, 302, 307, 308, 403, 404, 405, 413}
_REASONS_FOR_ALL = {
    *("BadTopic", "MissingTopic", "TopicDisallowed", "BadPriority", "InvalidPushType", "PayloadEmpty"),
    *(UNREACHABLE, TIMED_OUT, *_OURS_TO_PUT_RIGHT),
}

_ADVICE_ABOUT_CERTIFICATES = N_(
    "Apple refuses the pass certificate. Check that it is the current certificate of this pass type, neither expired "
    "nor revoked; otherwise make a new one in Apple's developer portal and install it."
)
_ADVICE_ABOUT_TOPICS = N_(
    "Apple does not accept this pass type with this certificate. Check that the certificate belongs to the pass type "
    "of the cards."
)
_ADVICE_ABOUT_REQUESTS = N_(
    "APNs does not understand our requests. Check that WALLETPASS_APNS_URL is https://api.push.apple.com and that no "
    "proxy changes requests on the way; otherwise report it as a fault of walletpass."
)
_ADVICE = {
    "BadTopic": _ADVICE_ABOUT_TOPICS,
    "MissingTopic": _ADVICE_ABOUT_TOPICS,
    "TopicDisallowed": _ADVICE_ABOUT_TOPICS,
    "DeviceTokenNotForTopic": N_(
        "A phone registered with a push token that is not for this pass type. If many phones did, check that the "
        "certificate belongs to the pass type of the cards."
    ),
    UNREACHABLE: N_(
        "APNs cannot be reached. Check the network and that connections to api.push.apple.com, port 443, are allowed."
    ),
    TIMED_OUT: N_("APNs does not answer in time. If it lasts, check the network and Apple's system status page."),
    CONNECTION_LOST: N_("The connection to APNs broke; it is made again by itself. If it lasts, check the network."),
    SERVER_UNTRUSTED: N_(
        "The certificate of the push server is not trusted. Install the system's root certificates (package "
        "ca-certificates) or, for a server of your own, set WALLETPASS_APNS_CA_FILE."
    ),
    ROOTS_UNREADABLE: N_("The root certificates cannot be read. Check the file named in WALLETPASS_APNS_CA_FILE."),
    CERTIFICATE_REFUSED: _ADVICE_ABOUT_CERTIFICATES,
    CERTIFICATE_UNUSABLE: N_(
        "The pass certificate or its key is too weak or damaged for TLS. Make a new one with an RSA key of 2048 bits "
        "in Apple's developer portal and install it."
    ),
}


def answer_with_status(token: str, status: int, body: bytes, retry_after: timedelta | None) -> Answer:
    """The meaning of an HTTP answer."""
    if status == 200:
        return Answer(token, Outcome.DELIVERED, status)
    reason, timestamp = _read_refusal(body)
    return Answer(
        token,
        _outcome_of_refusal(status, reason),
        status,
        reason,
        timestamp=timestamp,
        retry_after=retry_after,
    )


def answer_without_status(token: str, code: int, message: str) -> Answer:
    """The meaning of a push that got no HTTP answer: curl's error code and text."""
    refused = _ALERT_ABOUT_CERTIFICATE.search(message)
    reason = CERTIFICATE_REFUSED if refused else _CURL_REASONS.get(code, CONNECTION_LOST)
    outcome = Outcome.MISCONFIGURED if reason in _OURS_TO_PUT_RIGHT else Outcome.LATER
    return Answer(token, outcome, reason=reason, detail=message.replace(token, "<token>"))


def _outcome_of_refusal(status: int, reason: str) -> Outcome:
    if status == 410 or (status == 400 and reason == "BadDeviceToken"):
        return Outcome.GONE
    if status in {408, 421, 429} or status >= 500 or reason == "IdleTimeout":
        return Outcome.LATER
    return Outcome.MISCONFIGURED


def _read_refusal(body: bytes) -> tuple[str, datetime | None]:
    """The two parts of `{"reason": "...", "timestamp": milliseconds since 1970}`, as far as they are there."""
    try:
        refusal = json.loads(body)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(refusal, dict):
        return "", None
    return str(refusal.get("reason", ""))[:64], _moment(refusal.get("timestamp"))


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
