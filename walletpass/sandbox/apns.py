"""A pretend APNs: Apple's push service in small, over real HTTP/2 and TLS, for tests and for the demo.

Source: https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns and
https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

import json
import logging
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from cryptography.x509.oid import NameOID

from walletpass.apple.certificates import first_value
from walletpass.apple.push import PROBE_TOKEN, is_push_token
from walletpass.sandbox.http2 import LONGEST_BODY, Behaviour, Http2Server, Reply, Request, Statistics

log = logging.getLogger(__name__)

Phone = Callable[[str, str], None]
"""Takes a push: its token and its topic. Called in a thread of the pretend APNs; may block that one."""

REMEMBERED = 100_000  # pushes
STORED = 10_000  # pushes for phones that are offline
BELLS = 4  # threads that ring phones

_PATH = "/3/device/"
_PUSH_TYPES = {
    *("alert", "background", "complication", "controls", "fileprovider", "liveactivity", "location", "mdm"),
    *("pushtotalk", "voip", "widgets"),
}


@dataclass(frozen=True, slots=True)
class Push:
    """A push that was accepted. headers: those of its headers that begin with "apns-"."""

    token: str = field(repr=False)
    topic: str
    body: bytes
    headers: dict[str, str]
    connection: int  # 1 for the first connection, and so on


class _Refused(Exception):
    def __init__(self, status: int, reason: str, since: datetime | None = None) -> None:
        self.reply = refusal(status, reason, since=since)


def refusal(status: int, reason: str, *, since: datetime | None = None, retry_after: str | None = None) -> Reply:
    """An answer as APNs gives it.

    since: when APNs learned that the token is dead. retry_after: seconds or an HTTP date.
    """
    says: dict[str, str | int] = {"reason": reason}
    if since is not None:
        says["timestamp"] = round(since.timestamp() * 1000)
    headers = (("apns-id", _new_apns_id()), ("content-type", "application/json"))
    return Reply(status, headers + ((("retry-after", retry_after),) if retry_after else ()), json.dumps(says).encode())


class PretendAPNs:
    """Knows no tokens of its own: any hexadecimal one is good, except the one that probes are sent to.

    The topic has to be the pass type of the client's certificate, as with the real one. A push goes to the phone that
    registered its token, else to `on_push`; when there is neither, the phone is offline and the push is stored, the
    latest of each topic, until a phone registers.

    certificate, key: PEM files of the server, for `localhost`. client_ca: who may issue pass certificates.
    port: any free one unless given.
    """

    def __init__(
        self, certificate: Path, key: Path, client_ca: Path, *, on_push: Phone | None = None, port: int = 0
    ) -> None:
        self._server = Http2Server(certificate, key, client_ca, self._respond, port=port)
        self._on_push = on_push
        self._lock = Lock()
        self._phones: dict[str, Phone] = {}
        self._gone: dict[str, datetime] = {}
        self._stored: dict[tuple[str, str], None] = {}  # (token, topic), the oldest first
        self._pushes: deque[Push] = deque(maxlen=REMEMBERED)
        self._bells: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._bells = ThreadPoolExecutor(BELLS, thread_name_prefix="pretend-apns-bell")
        self._server.start()

    def stop(self) -> None:
        """Returns when the phones that are being rung have hung up; the others are not rung any more."""
        self._server.stop()
        if self._bells:
            self._bells.shutdown(cancel_futures=True)
            self._bells = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.port}"

    @property
    def behaviour(self) -> Behaviour:
        """How clients are treated from now on; can be replaced at any time."""
        return self._server.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._server.behaviour = behaviour

    @property
    def statistics(self) -> Statistics:
        return self._server.statistics

    @property
    def pushes(self) -> list[Push]:
        """The accepted pushes, oldest first; at most the last REMEMBERED."""
        with self._lock:
            return list(self._pushes)

    def register(self, token: str, phone: Phone) -> None:
        """The phone is online: it gets the pushes for its token, and first what was stored for it."""
        with self._lock:
            self._gone.pop(token, None)
            self._phones[token] = phone
            topics = [topic for stored, topic in self._stored if stored == token]
            for topic in topics:
                del self._stored[token, topic]
        for topic in topics:
            self._ring(phone, token, topic)

    def disconnect(self, token: str) -> None:
        """The phone is offline: pushes for it are stored."""
        with self._lock:
            self._phones.pop(token, None)

    def forget(self, token: str, *, since: datetime) -> None:
        """The token is dead since that moment: pushes to it are answered 410."""
        with self._lock:
            self._gone[token] = since

    def _respond(self, request: Request) -> Reply:
        try:
            self._accept(_checked(request))
        except _Refused as refused:
            return refused.reply
        return Reply(200, (("apns-id", request.headers.get("apns-id") or _new_apns_id()),))

    def _accept(self, push: Push) -> None:
        with self._lock:
            if since := self._gone.get(push.token):
                raise _Refused(410, "Unregistered", since)
            self._pushes.append(push)
            phone = self._phones.get(push.token) or self._on_push
            if phone is None:
                self._store(push.token, push.topic)
        if phone:
            self._ring(phone, push.token, push.topic)

    def _store(self, token: str, topic: str) -> None:
        self._stored[token, topic] = None
        if len(self._stored) > STORED:
            del self._stored[next(iter(self._stored))]

    def _ring(self, phone: Phone, token: str, topic: str) -> None:
        if self._bells:
            self._bells.submit(phone, token, topic).add_done_callback(_report)


def _checked(request: Request) -> Push:
    """The push that a request asks for. Raises _Refused in Apple's words."""
    headers = request.headers
    if headers.get(":method") != "POST":
        raise _Refused(405, "MethodNotAllowed")
    if not request.path.startswith(_PATH):
        raise _Refused(404, "BadPath")
    if not (token := request.path.removeprefix(_PATH)):
        raise _Refused(400, "MissingDeviceToken")
    topic = first_value(request.certificate.subject, NameOID.USER_ID)
    if topic is None:
        raise _Refused(403, "BadCertificate")
    if headers.get("apns-topic", topic) != topic:
        raise _Refused(400, "TopicDisallowed")
    _check_kind(headers.get("apns-push-type"), headers.get("apns-priority"))
    _check_body(request.body)
    if token == PROBE_TOKEN or not is_push_token(token):
        raise _Refused(400, "BadDeviceToken")
    ours = {name: value for name, value in headers.items() if name.startswith("apns-")}
    return Push(token, topic, request.body, ours, request.connection)


def _check_kind(push_type: str | None, priority: str | None) -> None:
    if push_type not in {None, *_PUSH_TYPES}:
        raise _Refused(400, "InvalidPushType")
    if priority not in {None, "1", "5", "10"} or (push_type == "background" and priority == "10"):
        raise _Refused(400, "BadPriority")


def _check_body(body: bytes) -> None:
    if not body:
        raise _Refused(400, "PayloadEmpty")
    if len(body) > LONGEST_BODY:
        raise _Refused(413, "PayloadTooLarge")


def _report(ringing: Future[None]) -> None:
    if not ringing.cancelled() and (error := ringing.exception()):
        log.error("a pretend phone failed to take a push", exc_info=error)


def _new_apns_id() -> str:
    return str(uuid.uuid4()).upper()
