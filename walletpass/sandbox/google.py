"""A pretend Google: token endpoint, REST interface, save page, callbacks and their keys, on one real port.

Source: google-wallet 1, 3 to 5 and 9, and https://developers.google.com/wallet/reference/rest/v1
"""

import json
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter, sleep
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server

from walletpass.apple.certificates import write_private
from walletpass.sandbox.callback_signer import Signer
from walletpass.sandbox.errands import Errands
from walletpass.sandbox.google_images import ImageCache
from walletpass.sandbox.google_rules import Json, Refused, check_sent, images_of, invalid
from walletpass.sandbox.google_save import SavePage
from walletpass.sandbox.google_store import CLASSES, OBJECTS, GoogleStore, Kind, Notice
from walletpass.sandbox.protocol_log import Exchange, answer_notes, request_notes, shortened_url
from walletpass.sandbox.wire import NoConnection, Wire

ISSUER_ID = "3388000000000000001"
SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AGENT = "Googlebot"
LARGEST_BODY = 1_000_000
KEPT_EXCHANGES = 200
RETRIES = (0.5, 2.0, 8.0)
"""Seconds before each further try of a callback."""

Phone = Callable[[], None]
"""Told that something may have changed for its account. Must not block."""

_API = "/walletobjects/v1"
_RESOURCE = f"{_API}/<any(loyaltyClass, loyaltyObject):kind>"


@dataclass(frozen=True)
class Behaviour:
    """How callers of the REST interface are treated; the default is well.

    replies: given to the next calls, in this order, instead of true answers.
    delay: seconds that every answer waits.
    api_enabled, invited: whether the set-up in Google's consoles is complete.
    demo_mode: only `testers` may save.
    takes_places: whether the issuer may send merchantLocations.
    """

    replies: Iterable[Response] = ()
    delay: float = 0.0
    api_enabled: bool = True
    invited: bool = True
    demo_mode: bool = False
    testers: frozenset[str] = frozenset()
    takes_places: bool = True


def refusal(status: int, reason: str = "", message: str = "", *, retry_after: str | None = None) -> Response:
    """An error as Google writes it. retry_after: seconds or an HTTP date."""
    errors = [{"message": message, "domain": "walletobjects", "reason": reason}] if reason else []
    answer = _json({"error": {"code": status, "message": message, "errors": errors}}, status)
    if retry_after:
        answer.headers["Retry-After"] = retry_after
    return answer


def html_error(status: int) -> Response:
    """What a load balancer answers when there is nobody behind it."""
    return Response("<html><title>Error</title><p>That’s an error.</html>", status, content_type="text/html")


class PretendGoogle:
    """Google Wallet on this machine.

    issuers: the issuer accounts that the service accounts were invited to. callback_url: of the issuer account, for
    classes without one of their own. loads_images: refuse pictures that cannot be loaded, as Google does, and show
    phones copies of them. port: any free one unless given.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        issuers: Sequence[str] = (ISSUER_ID,),
        callback_url: str | None = None,
        loads_images: bool = True,
        retries: Sequence[float] = RETRIES,
        port: int = 0,
    ) -> None:
        self.signer = Signer(clock)
        self.store = GoogleStore(tuple(issuers), clock)
        self.callback_url = callback_url
        self._clock, self._retries = clock, tuple(retries)
        self._behaviour = Behaviour()
        self._replies: Iterator[Response] = iter(())
        self._images = ImageCache() if loads_images else None
        self._accounts: dict[str, RSAPublicKey] = {}
        self._tokens: dict[str, str] = {}
        self._phones: dict[str, list[Phone]] = {}
        self._exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)
        self._said = 0
        self._lock = Lock()
        self._server = make_server(
            "127.0.0.1", port, Request.application(self._respond), threaded=True, request_handler=_Quiet
        )
        self._thread: Thread | None = None
        self._errands = Errands("pretend-google")
        self._wire = Wire("Google", AGENT, "en", clock, self._record)
        self._save_page = SavePage(self._accounts, self.save, self._may_save)
        self._rules = Map(
            [
                Rule("/token", methods=["POST"], endpoint=self._token),
                Rule(_RESOURCE, methods=["POST"], endpoint=self._insert),
                Rule(_RESOURCE, methods=["GET"], endpoint=self._list),
                Rule(f"{_RESOURCE}/<resource_id>", methods=["GET"], endpoint=self._get),
                Rule(f"{_RESOURCE}/<resource_id>", methods=["PATCH"], endpoint=self._patch),
                Rule(f"{_RESOURCE}/<resource_id>", methods=["PUT"], endpoint=self._update),
                Rule(f"{_RESOURCE}/<resource_id>/addMessage", methods=["POST"], endpoint=self._add_message),
                Rule(f"{_API}/issuer", methods=["GET"], endpoint=self._list_issuers),
                Rule(f"{_API}/issuer/<issuer_id>", methods=["GET"], endpoint=self._get_issuer),
                Rule("/gp/v/save/<token>", methods=["GET", "POST"], endpoint=self._save_page.respond),
                Rule("/gp/v/object/<object_id>", methods=["GET"], endpoint=self._show_object),
                Rule("/gp/m/issuer/keys", methods=["GET"], endpoint=self._keys),
                Rule("/wallet/<account>", methods=["GET"], endpoint=self._wallet),
                Rule("/wallet/<account>/<object_id>", methods=["DELETE"], endpoint=self._remove),
                Rule("/images/<digest>", methods=["GET"], endpoint=self._image),
            ]
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer; the port is taken from the beginning."""
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="pretend-google", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the callback under way has ended; others are not sent any more."""
        self._errands.stop()
        if self._thread:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._wire.close()
        if self._images:
            self._images.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def save_url(self) -> str:
        """What save links begin with."""
        return f"{self.url}/gp/v/save/"

    @property
    def keys_url(self) -> str:
        """Where the root keys of callbacks are published."""
        return f"{self.url}/gp/m/issuer/keys"

    @property
    def behaviour(self) -> Behaviour:
        """How callers are treated from now on; can be replaced at any time."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour, self._replies = behaviour, iter(behaviour.replies)

    @property
    def exchanges(self) -> list[Exchange]:
        """What was said to Google and by Google, newest first."""
        with self._lock:
            return list(reversed(self._exchanges))

    @property
    def said(self) -> int:
        """How many exchanges there have been so far."""
        with self._lock:
            return self._said

    @property
    def notices(self) -> list[Notice]:
        """What has made phones ring, oldest first."""
        return list(self.store.notices)

    def write_service_account(
        self, path: Path, email: str = "cards@demo.iam.gserviceaccount.com", *, key: RSAPrivateKey | None = None
    ) -> Path:
        """Make a service account, and write its key file as Google's console does. key: a new one unless given."""
        key = key or generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        info = {
            "type": "service_account",
            "project_id": "demo",
            "private_key_id": secrets.token_hex(20),
            "private_key": pem,
            "client_email": email,
            "token_uri": f"{self.url}/token",
        }
        write_private(path, json.dumps(info, indent=2).encode())
        self._accounts[email] = key.public_key()
        return path

    def forget_tokens(self) -> None:
        """All tokens so far are refused with 401 from now on."""
        self._tokens.clear()

    def forget_service_account(self, email: str) -> None:
        """Its key was deleted in the console."""
        self._accounts.pop(email, None)
        self.forget_tokens()

    def connect(self, account: str, phone: Phone) -> None:
        """The phone is online and wants to know of changes for its account; there may have been some."""
        with self._lock:
            self._phones.setdefault(account, []).append(phone)
        phone()

    def disconnect(self, account: str, phone: Phone) -> None:
        """The phone is offline."""
        with self._lock, suppress(KeyError, ValueError):
            self._phones[account].remove(phone)

    def save(self, objects: Sequence[Json], classes: Sequence[Json], account: str) -> None:
        """What the save page does: make what is missing, put the objects into the account. Raises Refused."""
        for body in classes:
            self._insert_if_missing(CLASSES, body)
        for body in objects:
            if set(body) - {"id", "classId"}:
                self._insert_if_missing(OBJECTS, body)
            if self.store.hold(str(body.get("id")), account):
                self._call_back("save", str(body["id"]))
        self._tell([account])

    def remove(self, object_id: str, account: str) -> None:
        """The owner has removed the pass."""
        if self.store.drop(object_id, account):
            self._call_back("del", object_id)
            self._tell([account])

    # HTTP

    def _respond(self, request: Request) -> Response:
        request.max_content_length = LARGEST_BODY
        at, started = self._clock(), perf_counter()
        try:
            endpoint, arguments = self._rules.bind_to_environ(request.environ).match()
            is_call = request.path.startswith(_API)
            answer: Response = self._call(request, endpoint, arguments) if is_call else endpoint(request, **arguments)
        except Refused as error:
            answer = refusal(error.status, error.reason, error.message)
        except HTTPException as error:
            answer = refusal(error.code or 500, "", error.description or "")
        if not request.path.startswith(("/wallet/", "/images/")):  # phones write those down themselves
            self._write_down(request, answer, at, started)
        return answer

    def _call(self, request: Request, endpoint: Callable[..., Response], arguments: Mapping[str, Any]) -> Response:
        """A call of the REST interface."""
        sleep(self._behaviour.delay)
        if (reply := next(self._replies, None)) is not None:
            return reply
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._tokens:
            raise Refused(401, "authError", "Invalid Credentials")
        if not self._behaviour.api_enabled:
            message = "Google Wallet API has not been used in project 1 before or it is disabled."
            raise Refused(403, "accessNotConfigured", message)
        if not self._behaviour.invited:
            raise Refused(403, "permissionDenied", "Permission denied.")
        return endpoint(request, **arguments)

    def _token(self, request: Request) -> Response:
        assertion = request.form.get("assertion", "")
        try:
            email = str(jwt.decode(assertion, options={"verify_signature": False}).get("iss"))
            key = self._accounts[email]
            claims = jwt.decode(assertion, key, ["RS256"], audience=[AUDIENCE, f"{self.url}/token"])
        except (jwt.InvalidTokenError, KeyError):
            return _json({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        if request.form.get("grant_type") != GRANT or SCOPE not in str(claims.get("scope", "")).split():
            return _json({"error": "invalid_scope", "error_description": "Bad grant type or scope."}, 400)
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._tokens[token] = email
        return _json({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _insert(self, request: Request, kind: Kind) -> Response:
        body = _body(request)
        self._check(kind, body)
        return _json(self.store.insert(kind, body))

    def _get(self, request: Request, kind: Kind, resource_id: str) -> Response:
        return _json(self.store.get(kind, resource_id))

    def _list(self, request: Request, kind: Kind) -> Response:
        name, of_whom = ("issuerId", "id") if kind == CLASSES else ("classId", "classId")
        wanted = request.args.get(name, "")
        prefix = f"{wanted}." if kind == CLASSES else wanted
        found = self.store.all(kind, lambda body: str(body[of_whom]).startswith(prefix))
        return _json({"resources": found, "pagination": {"resultsPerPage": len(found)}})

    def _patch(self, request: Request, kind: Kind, resource_id: str) -> Response:
        return self._change(kind, resource_id, self.store.patch, _body(request))

    def _update(self, request: Request, kind: Kind, resource_id: str) -> Response:
        return self._change(kind, resource_id, self.store.update, _body(request))

    def _change(self, kind: Kind, resource_id: str, act: Callable[[Kind, str, Json], Json], body: Json) -> Response:
        self._check(kind, body)
        changed = act(kind, resource_id, body)
        self._tell(self.store.holders(kind, resource_id))
        return _json(changed)

    def _add_message(self, request: Request, kind: Kind, resource_id: str) -> Response:
        resource = self.store.add_message(kind, resource_id, _body(request).get("message"))
        self._tell(self.store.holders(kind, resource_id))
        return _json({"resource": resource})

    def _list_issuers(self, request: Request) -> Response:
        return _json({"resources": [_issuer(each) for each in self.store.issuers]})

    def _get_issuer(self, request: Request, issuer_id: str) -> Response:
        if issuer_id not in self.store.issuers:
            raise Refused(403, "permissionDenied", "Permission denied.")
        return _json(_issuer(issuer_id))

    def _show_object(self, request: Request, object_id: str) -> Response:
        self.store.get(OBJECTS, object_id)
        return Response("<title>Google Wallet</title><p>Open the pass in Google Wallet.</p>", content_type="text/html")

    def _keys(self, request: Request) -> Response:
        answer = _json(self.signer.keys_document())
        answer.headers["Cache-Control"] = "public, max-age=3600"
        return answer

    def _wallet(self, request: Request, account: str) -> Response:
        held = self.store.held_by(account)
        ids = {each["id"] for each in held}
        rang = [each for each in self.notices if each.object_id in ids]
        notices = [{"id": each.id, "objectId": each.object_id, "message": each.message} for each in rang]
        uris = {uri for each in held for uri in (*images_of(each), *images_of(each["classReference"]))}
        digests = {uri: digest for uri in uris if self._images and (digest := self._images.digest(uri))}
        return _json({"passes": held, "notices": notices, "images": digests})

    def _remove(self, request: Request, account: str, object_id: str) -> Response:
        self.remove(object_id, account)
        return Response(status=204)

    def _image(self, request: Request, digest: str) -> Response:
        image = self._images.image(digest) if self._images else None
        if image is None:
            raise Refused(404, "notFound", "Image not found.")
        return Response(image.data, content_type=image.media_type, headers={"Cache-Control": "immutable"})

    # What is behind it

    def _check(self, kind: Kind, body: Json) -> None:
        """What is refused whatever was there before: words that Google does not know, pictures that do not load."""
        check_sent(kind, body)
        if "merchantLocations" in body and not self._behaviour.takes_places:
            raise invalid("Issuer not allowlisted for Merchant Locations. Please contact support.", "invalidResource")
        if self._images:
            for uri in images_of(body):
                self._images.load(uri)

    def _insert_if_missing(self, kind: Kind, body: Json) -> None:
        with suppress(_Exists):
            try:
                self._check(kind, body)
                self.store.insert(kind, body)
            except Refused as error:
                raise (_Exists if error.status == 409 else error) from None

    def _may_save(self, account: str) -> bool:
        return not self._behaviour.demo_mode or account in self._behaviour.testers

    def _tell(self, accounts: Iterable[str]) -> None:
        with self._lock:
            phones = [phone for account in accounts for phone in self._phones.get(account, ())]
        for phone in phones:
            phone()

    def _call_back(self, event_type: str, object_id: str) -> None:
        held = self.store.get(OBJECTS, object_id)
        url = held["classReference"].get("callbackOptions", {}).get("url") or self.callback_url
        if url is None:
            return
        message = self.signer.message(event_type, object_id, held["classId"])
        envelope = self.signer.envelope(message, object_id.partition(".")[0])
        self._errands.now(lambda: self._send(url, json.dumps(envelope).encode(), 0))

    def _send(self, url: str, body: bytes, tries: int) -> None:
        try:
            if self._wire.request("POST", url, {"Content-Type": "application/json"}, body).status < 500:
                return
        except NoConnection:
            pass
        if tries < len(self._retries):
            self._errands.later(self._retries[tries], lambda: self._send(url, body, tries + 1))

    def _write_down(self, request: Request, answer: Response, at: datetime, started: float) -> None:
        self._record(
            Exchange(
                at,
                "Google",
                f"{request.method} {shortened_url(request.full_path.rstrip('?'))}",
                str(answer.status_code),
                request_notes(dict(request.headers), _data(request)),
                answer_notes(dict(answer.headers), answer.get_data()),
                round((perf_counter() - started) * 1000),
            )
        )

    def _record(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.append(exchange)
            self._said += 1


class _Exists(Exception):
    """The save page leaves alone what is there already."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: the exchanges say it."""


def _issuer(issuer_id: str) -> Json:
    return {"issuerId": issuer_id, "name": "Corner Café"}


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json; charset=UTF-8")


def _data(request: Request) -> bytes:
    """The body, or as much as can be had of it."""
    try:
        return request.get_data()
    except HTTPException:
        return b""


def _body(request: Request) -> Json:
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise invalid("Parse Error", "parseError")
    return body
