"""Google in small, on a real port: token, classes, objects and messages, with the answers that Google documents."""

import json
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ISSUER_ID = "3388000000000000001"
ACCESS_TOKEN = "ya29.pretended"
ROOT_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIj4Hasyay3mLFXbKZD7PWZeczseO6ls3f+xeW2DjFUSovMttbtdr6BIKqiPtRt59mWeb+kkBI1A5"
    "XkGdoN7pTQ=="
)
"""Signs callbacks; the one of the test vector in google-wallet 5.6."""


Json = dict[str, Any]


@dataclass
class Call:
    """A request that reached the REST interface."""

    method: str
    path: str
    body: Json


@dataclass
class PretendGoogle(AbstractContextManager["PretendGoogle"]):
    """Remembers classes and objects. answers: what to say to the next calls instead of doing them."""

    classes: dict[str, Json] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    answers: list[Callable[[Call], Response | None]] = field(default_factory=list)
    token_answers: list[Response] = field(default_factory=list)
    tokens: int = 0
    hosts: set[str] = field(default_factory=set)
    invited_to: tuple[str, ...] = (ISSUER_ID,)

    def __enter__(self) -> Self:
        self._server = make_server("127.0.0.1", 0, self._wsgi, threaded=True, request_handler=_Quiet)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and kind of every call that changes something, in order."""
        return [(call.method, call.path.split("/")[1]) for call in self.calls if call.method != "GET"]

    def say(self, status: int, reason: str = "", message: str = "", **headers: str) -> None:
        """Answer the next call with an error."""
        self.answers.append(lambda _: error(status, reason, message, **headers))

    def _wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        self.hosts.add(request.host)
        if request.path == "/token":
            self.tokens += 1
            given = {"access_token": ACCESS_TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return self.token_answers.pop(0) if self.token_answers else _json(given)
        if request.path == "/keys":
            key = {"keyValue": ROOT_KEY, "protocolVersion": "ECv2SigningOnly", "keyExpiration": "4102444800000"}
            return _json({"keys": [key]})
        if request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
            return error(401, "authError")
        call = Call(request.method, request.path.removeprefix("/walletobjects/v1"), _body(request))
        self.calls.append(call)
        special = self.answers.pop(0)(call) if self.answers else None
        return special or self._do(call)

    def _do(self, call: Call) -> Response:
        kind, *rest = call.path.strip("/").split("/")
        if kind == "issuer":
            return self._issuer(rest)
        kept = self.classes if kind == "loyaltyClass" else self.objects
        if call.method == "POST" and not rest:
            return self._insert(kept, call.body)
        resource = kept.get(rest[0])
        if resource is None:
            return error(404, "", f"Wallet Object {rest[0]} not found.")
        if rest[1:] == ["addMessage"]:
            return self._add_message(resource, call.body["message"])
        if call.method == "PATCH":
            return self._patch(resource, dict(call.body))
        return _json(resource)

    def _issuer(self, rest: list[str]) -> Response:
        if not rest:
            return _json({"resources": [{"issuerId": one, "name": "Bean Bar"} for one in self.invited_to]})
        if rest[0] not in self.invited_to:
            return error(403, "permissionDenied", "Permission denied.")
        return _json({"issuerId": rest[0], "name": "Bean Bar"})

    def _insert(self, kept: dict[str, Json], body: Json) -> Response:
        if body["id"] in kept:
            return error(409, "", "already exists.")
        if not re.match(rf"({'|'.join(self.invited_to)})\.", body["id"]):
            return error(403, "permissionDenied", "Permission denied.")
        if kept is self.objects and body["classId"] not in self.classes:
            return error(404, "", "Wallet Object Class not found.")
        kept[body["id"]] = {**body, **({"reviewStatus": "APPROVED"} if kept is self.classes else {})}
        return self._resource(kept[body["id"]])

    def _patch(self, resource: Json, body: Json) -> Response:
        before = _balances(resource)
        rings = body.pop("notifyPreference", None)
        for name, value in body.items():
            if value is None:
                resource.pop(name, None)
            else:
                resource[name] = value
        if rings == "NOTIFY_ON_UPDATE" and _balances(resource) != before and resource["id"] in self.held:
            self.rung.append(resource["id"])
        return self._resource(resource)

    def _add_message(self, resource: Json, message: Json) -> Response:
        messages = resource.setdefault("messages", [])
        if len(messages) >= 10:
            return error(400, "invalid", "Too many messages.")
        messages.append(message)
        if message["messageType"] == "TEXT_AND_NOTIFY" and resource["id"] in self.held:
            self.rung.append(resource["id"])
        return _json({"resource": {**resource, "hasUsers": resource["id"] in self.held}})

    def _resource(self, resource: Json) -> Response:
        return _json({**resource, "hasUsers": resource["id"] in self.held} if "classId" in resource else resource)


def error(status: int, reason: str = "", message: str = "", **headers: str) -> Response:
    """An error as Google writes it."""
    errors = [{"message": message, "domain": "walletobjects", "reason": reason}] if reason else []
    answer = _json({"error": {"code": status, "message": message, "errors": errors}})
    answer.status_code = status
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


def _balances(resource: Json) -> object:
    return resource.get("loyaltyPoints"), resource.get("secondaryLoyaltyPoints")


def _json(body: object) -> Response:
    return Response(json.dumps(body), content_type="application/json")


def _body(request: Request) -> Json:
    body: Json = json.loads(request.get_data() or b"{}")
    return body


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: tests read what they want to know from the attributes."""
