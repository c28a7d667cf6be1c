"""Apple's web service on a real port, and phones that speak plain HTTP to it."""

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPMessage
from threading import Thread
from typing import Any, Self

from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Engine
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.builders import STAFF, Shop, open_shop
from walletpass.apple import web_service
from walletpass.apple.certificates import Identity, load_identity
from walletpass.apple.pass_json import authentication_token
from walletpass.apple.renderer import PassRenderer
from walletpass.database import transaction
from walletpass.deps import Deps
from walletpass.keys import Keyring
from walletpass.loyalty import operations
from walletpass.loyalty.cards import Card
from walletpass.passes.cards import CardFaces
from walletpass.sandbox.chain import PASS_TYPE_IDENTIFIER, Chain
from walletpass.settings import Settings

SECRET = "a secret for tests and long enough to be one"
ALICES_PHONE, BOBS_PHONE = "a11ce0" * 5, "b0b000" * 5
ALICES_TOKEN, BOBS_TOKEN = "a11ce" * 12, "b0b0" * 16
PASSES = f"/apple/v1/passes/{PASS_TYPE_IDENTIFIER}"


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        """By so many seconds, minutes..."""
        self.now += timedelta(**span)


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def serial_numbers(self) -> set[str]:
        """What a list says; empty for 204."""
        return set(self.json["serialNumbers"]) if self.status == 200 else set()

    @property
    def tag(self) -> str:
        tag = self.json["lastUpdated"]
        assert isinstance(tag, str)
        return tag


class AppleService:
    """The web service with a shop behind it; gone when the block ends."""

    def __init__(self, engine: Engine, chain: Chain, clock: Clock) -> None:
        self.engine, self.clock = engine, clock
        self.keyring = Keyring([SECRET])
        self.shop: Shop = open_shop(engine, now=clock())
        settings = Settings(secret_key=SecretStr(SECRET), base_url="http://127.0.0.1:8000", _env_file=None)
        deps = Deps(settings, engine, self.keyring, clock, wake=lambda: None)
        passes = PassRenderer(identity_of(chain), self.keyring, settings.base_url)
        self.app = Flask("apple")
        self.app.register_blueprint(web_service.blueprint(deps, CardFaces(settings.base_url, self.keyring), passes))
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def join(self) -> Card:
        """A customer joins."""
        return self.shop.join(key_id=self.keyring.current_id, now=self.clock())

    def stamp(self, card: Card) -> None:
        """Staff stamp a card."""
        with transaction(self.engine) as connection:
            operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=self.clock())

    def close_card(self, card: Card) -> None:
        """Staff close a card."""
        with transaction(self.engine) as connection:
            operations.close(connection, card.merchant_id, card.id, by=STAFF, now=self.clock())

    def authorization(self, card: Card) -> dict[str, str]:
        """The header that proves that one holds the pass."""
        token = authentication_token(self.keyring, card.key_id, PASS_TYPE_IDENTIFIER, card.serial_number)
        return {"Authorization": f"ApplePass {token}"}

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        with closing(HTTPConnection("127.0.0.1", self._server.server_port, timeout=60)) as connection:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def send(self, request: bytes) -> int:
        """The status of the answer to raw bytes, which need not be HTTP; 0 when the server just hung up."""
        with closing(socket.create_connection(("127.0.0.1", self._server.server_port), timeout=60)) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            first_line = connection.makefile("rb").readline().split(b" ")
        return int(first_line[1]) if len(first_line) > 1 else 0

    def get_pass(self, card: Card, **headers: str) -> Answer:
        """Ask for the pass of a card, with its token. Headers are written with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("GET", f"{PASSES}/{card.serial_number}", headers=self.authorization(card) | given)


@dataclass(frozen=True)
class Phone:
    """A phone that does what Wallet does, and nothing by itself."""

    service: AppleService
    identifier: str = ALICES_PHONE
    push_token: str = ALICES_TOKEN

    def register(self, card: Card, push_token: str | None = None) -> Answer:
        body = json.dumps({"pushToken": push_token or self.push_token}).encode()
        return self.service.ask(
            "POST", f"{self._path}/{card.serial_number}", body=body, headers=self.service.authorization(card)
        )

    def unregister(self, card: Card) -> Answer:
        return self.service.ask(
            "DELETE", f"{self._path}/{card.serial_number}", headers=self.service.authorization(card)
        )

    def list(self, tag: str | None = None, *, pass_type: str = PASS_TYPE_IDENTIFIER) -> Answer:
        since = "" if tag is None else f"?passesUpdatedSince={tag}"  # phones do not escape it
        return self.service.ask("GET", f"/apple/v1/devices/{self.identifier}/registrations/{pass_type}{since}")

    @property
    def _path(self) -> str:
        return f"/apple/v1/devices/{self.identifier}/registrations/{PASS_TYPE_IDENTIFIER}"


def identity_of(chain: Chain) -> Identity:
    """Who signs with the pass certificate of a sandbox chain."""
    return load_identity(chain.pass_certificate, chain.pass_key, None, chain.intermediate)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: a log of requests would hold the identifiers of devices."""
