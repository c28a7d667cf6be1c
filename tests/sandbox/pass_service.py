"""A pass web service in small, on a real socket: behaves as Apple asks until a test tells it to misbehave."""

import json
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Self

from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.apple.builders import ICON, LOGO, STRIP
from tests.apple_service import Clock
from walletpass.apple.bundle import MEDIA_TYPE, Files, bundle
from walletpass.apple.certificates import Identity
from walletpass.apple.push import PushClient
from walletpass.apple.signing import Signer
from walletpass.apple.strings import write_strings
from walletpass.passes.face import Scale
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, TEAM_IDENTIFIER, Chain

TOKEN = "a-token-of-the-tests-0123456789"


@dataclass(frozen=True)
class Asked:
    """A request that came. what: register, unregister, list, pass, log or page."""

    what: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class IssuedPass:
    """A pass as the service has it. revision: its place among all changes."""

    pkpass: bytes
    revision: int
    last_modified: str
    push_tokens: dict[str, str] = field(default_factory=dict)  # by device


class PassService:
    """Issues passes, keeps registrations, pushes to them. `answers`: what to say instead, by kind of request."""

    def __init__(self, identity: Identity, chain: Chain, apns: PretendAPNs, clock: Clock) -> None:
        self.clock = clock
        self.answers: dict[str, deque[Response]] = defaultdict(deque)
        self.pages: dict[str, Response] = {}
        self.passes: dict[str, IssuedPass] = {}
        self._asked: list[Asked] = []
        self._signer = Signer(identity)
        self._client = PushClient(apns.url, identity, ca_file=chain.root)
        self._lock = Lock()
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), True, 1, _Quiet)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._client.close()

    def make_pass(self, serial_number: str = "card-1", **changes: Any) -> bytes:
        """A signed pass; see `a_pass_json` and `files_of`."""
        texts, pictures = changes.pop("texts", {}), changes.pop("pictures", {})
        document = a_pass_json(serial_number, **{"webServiceURL": f"{self.url}/apple", **changes})
        files = Files().plus(files_of(texts, pictures))
        return bundle(
            files, json.dumps(document).encode(), lambda manifest: self._signer.sign(manifest, self.clock.now)
        )

    def issue(self, serial_number: str = "card-1", **changes: Any) -> str:
        """Make a pass, or a newer version of it; returns the address that it is downloaded from."""
        self.issue_file(serial_number, self.make_pass(serial_number, **changes))
        return f"{self.url}/{serial_number}.pkpass"

    def issue_file(self, serial_number: str, pkpass: bytes) -> None:
        """The same, with a finished file, good or not."""
        with self._lock:
            old = self.passes.get(serial_number)
            revision = 1 + max((each.revision for each in self.passes.values()), default=1000)
            self.passes[serial_number] = IssuedPass(
                pkpass, revision, http_date(1_790_000_000 + revision), old.push_tokens if old else {}
            )

    def push(self, serial_number: str = "card-1") -> None:
        """Push to every phone that has the pass."""
        tokens = set(self.passes[serial_number].push_tokens.values())
        assert {answer.status for answer in self._client.send(tokens)} <= {200}

    def asked(self, what: str) -> list[Asked]:
        """The requests of one kind, oldest first."""
        with self._lock:
            return [each for each in self._asked if each.what == what]

    @property
    def log(self) -> list[str]:
        """What phones complained of."""
        return [line for each in self.asked("log") for line in json.loads(each.body)["logs"]]

    def _answer(self, request: Request) -> Response:
        what = _kind(request)
        with self._lock:
            self._asked.append(
                Asked(what, request.method, request.full_path, dict(request.headers), request.get_data())
            )
            if self.answers[what]:
                return self.answers[what].popleft()
            return getattr(self, f"_{what}")(request, request.path.split("/"))  # type: ignore[no-any-return]

    def _register(self, request: Request, path: list[str]) -> Response:
        *_, device, _registrations, _pass_type, serial_number = path
        tokens = self.passes[serial_number].push_tokens
        status = 200 if device in tokens else 201
        tokens[device] = json.loads(request.get_data())["pushToken"]
        return Response(status=status)

    def _unregister(self, request: Request, path: list[str]) -> Response:
        *_, device, _registrations, _pass_type, serial_number = path
        self.passes[serial_number].push_tokens.pop(device, None)
        return Response(status=200)

    def _list(self, request: Request, path: list[str]) -> Response:
        since = int(request.args.get("passesUpdatedSince", 0))
        mine = {serial: each for serial, each in self.passes.items() if path[-3] in each.push_tokens}
        changed = {serial: each.revision for serial, each in mine.items() if each.revision > since}
        if not changed:
            return Response(status=204)
        return json_response({"serialNumbers": list(changed), "lastUpdated": str(max(changed.values()))})

    def _pass(self, request: Request, path: list[str]) -> Response:
        issued = self.passes[path[-1]]
        if request.headers.get("If-Modified-Since") == issued.last_modified:
            return Response(status=304)
        return Response(issued.pkpass, content_type=MEDIA_TYPE, headers={"Last-Modified": issued.last_modified})

    def _log(self, request: Request, path: list[str]) -> Response:
        return Response(status=200)

    def _page(self, request: Request, path: list[str]) -> Response:
        if page := self.pages.get("/".join(path)):
            return page
        issued = self.passes.get(path[-1].removesuffix(".pkpass"))
        return Response(issued.pkpass, content_type=MEDIA_TYPE) if issued else html("nothing here", status=404)


def a_pass_json(serial_number: str = "card-1", **changes: Any) -> dict[str, Any]:
    """The pass.json of a stamp card; `fields` by group replace those of the store card, None removes a key."""
    fields = changes.pop("fields", {})
    given = {
        "formatVersion": 1,
        "passTypeIdentifier": PASS_TYPE_IDENTIFIER,
        "teamIdentifier": TEAM_IDENTIFIER,
        "serialNumber": serial_number,
        "authenticationToken": TOKEN,
        "organizationName": "Bean Bar",
        "description": "Stamp card",
        "storeCard": {"headerFields": [stamps("4 / 10")], **fields},
        **changes,
    }
    return {key: value for key, value in given.items() if value is not None}


def stamps(value: str, message: str | None = "You now have %@ stamps") -> dict[str, str]:
    """The field that says how many stamps there are."""
    field = {"key": "stamps", "label": "Stamps", "value": value}
    return field if message is None else {**field, "changeMessage": message}


def files_of(texts: Mapping[str, Mapping[str, str]], pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a pass beside pass.json. texts: language -> key -> text. pictures: more of them, by path."""
    images = {"icon": ICON, "logo": LOGO, "strip": STRIP}
    drawn = {f"{name}{_suffix(scale)}.png": data for name, image in images.items() for scale, data in image.items()}
    strings = {f"{language}.lproj/pass.strings": write_strings(known) for language, known in texts.items()}
    return {**drawn, **pictures, **strings}


def json_response(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status=status, mimetype="application/json")


def html(body: str, status: int = 200, **headers: str) -> Response:
    """A page."""
    content = f"<!doctype html><title>Bean Bar</title><body>{body}"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(content, status=status, mimetype="text/html", headers=given)


def _suffix(scale: Scale) -> str:
    return f"@{scale}x" if scale > 1 else ""


def _kind(request: Request) -> str:
    if not request.path.startswith("/apple/v1/"):
        return "page"
    if request.path.endswith("/log"):
        return "log"
    if "/passes/" in request.path:
        return "pass"
    return {"POST": "register", "DELETE": "unregister"}.get(request.method, "list")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Tests read what was asked elsewhere."""
