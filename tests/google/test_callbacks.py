"""Callbacks on save and delete, over real HTTP, from a signer whose root key is published over real HTTP."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread
from typing import Any

import pytest
import urllib3
from sqlalchemy import Engine, func, select
from werkzeug import Response
from werkzeug.serving import make_server

from tests.apple_service import Clock
from tests.builders import open_shop
from tests.conftest import NOON
from tests.google.test_root_keys import Publisher, Quiet
from walletpass.database import reading, transaction
from walletpass.deps import Deps
from walletpass.google import web_hook
from walletpass.google.ecv2 import LATE
from walletpass.google.nonces import callback
from walletpass.google.saved import object_of, remember_object
from walletpass.google.web_hook import LARGEST_CALLBACK
from walletpass.keys import Keyring
from walletpass.sandbox.callback_signer import LIFE_OF_MESSAGE, Signer
from walletpass.settings import read_settings
from walletpass.web.security import without_form_tokens
from walletpass.web.site import new_site

SECRET = "a secret for the tests that is long enough"
ISSUER = "3388000000000000001"


class Installation:
    """A card that Google knows, and a web server that Google calls back."""

    def __init__(self, engine: Engine, keys_url: str, clock: Clock) -> None:
        self.clock, self.engine = clock, engine
        self.card = open_shop(engine, now=NOON).join()
        self.object_id = f"{ISSUER}.{self.card.serial_number}"
        with transaction(engine) as connection:
            remember_object(connection, self.card.id, self.object_id, revision=1, balance="0/10 0", now=NOON)
        settings = read_settings(secret_key=SECRET, google_callback_keys_url=keys_url, _env_file=None)
        deps = Deps(settings, engine, Keyring([SECRET]), clock, lambda: None)
        app = new_site(deps)
        hook = web_hook.blueprint(deps, ISSUER)
        app.register_blueprint(hook)
        without_form_tokens(app, [hook])
        self.server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self.http = urllib3.PoolManager(retries=False)

    def serve(self, stack: ExitStack) -> None:
        thread = Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        stack.callback(self.server.server_close)
        stack.callback(thread.join)
        stack.callback(self.server.shutdown)
        stack.callback(self.http.clear)

    def call(self, envelope: dict[str, Any] | bytes, method: str = "POST") -> int:
        """The status of the answer."""
        body = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
        url = f"http://127.0.0.1:{self.server.server_port}/google/callback"
        return self.http.request(method, url, body=body).status

    @property
    def has_users(self) -> bool | None:
        with reading(self.engine) as connection:
            known = object_of(connection, self.card.id)
        assert known is not None
        return known.has_users

    @property
    def remembered(self) -> int:
        """How many callbacks are remembered."""
        with reading(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(callback)).scalar_one()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def signer(clock: Clock) -> Signer:
    return Signer(clock)


@pytest.fixture
def keys(signer: Signer, clock: Clock) -> Publisher:
    publisher = Publisher(clock)
    publisher.document = signer.keys_document()
    return publisher


@pytest.fixture
def installation(sqlite_engine: Engine, keys: Publisher, clock: Clock) -> Iterator[Installation]:
    with ExitStack() as stack:
        made = Installation(sqlite_engine, stack.enter_context(keys.serving()), clock)
        made.serve(stack)
        yield made


@pytest.fixture
def anywhere(engine: Engine, keys: Publisher, clock: Clock) -> Iterator[Installation]:
    """The same on both databases."""
    with ExitStack() as stack:
        made = Installation(engine, stack.enter_context(keys.serving()), clock)
        made.serve(stack)
        yield made


def event(signer: Signer, installation: Installation, kind: str = "save", **changes: Any) -> dict[str, Any]:
    return signer.envelope(signer.message(kind, installation.object_id, **changes), ISSUER)


def test_a_save_says_that_somebody_holds_the_card(anywhere: Installation, signer: Signer) -> None:
    assert anywhere.has_users is None
    assert anywhere.call(event(signer, anywhere)) == 200
    assert anywhere.has_users is True


def test_a_removal_says_that_nobody_does_any_more(anywhere: Installation, signer: Signer) -> None:
    anywhere.call(event(signer, anywhere))
    assert anywhere.call(event(signer, anywhere, "del")) == 200
    assert anywhere.has_users is False


def test_a_card_can_be_saved_again(anywhere: Installation, signer: Signer) -> None:
    for kind in ("save", "del", "save"):
        anywhere.call(event(signer, anywhere, kind))
    assert anywhere.has_users is True


def test_a_replayed_callback_is_answered_and_has_no_effect(anywhere: Installation, signer: Signer) -> None:
    save = event(signer, anywhere)
    anywhere.call(save)
    anywhere.call(event(signer, anywhere, "del"))
    assert anywhere.call(save) == 200
    assert anywhere.has_users is False


def test_the_nonce_counts_and_not_the_signature(anywhere: Installation, signer: Signer) -> None:
    """ECDSA signs the same text differently each time."""
    message = signer.message("save", anywhere.object_id)
    anywhere.call(signer.envelope(message, ISSUER))
    anywhere.call(event(signer, anywhere, "del"))
    assert anywhere.call(signer.envelope(message, ISSUER)) == 200
    assert anywhere.has_users is False


def test_nonces_are_forgotten_when_their_messages_have_expired(
    anywhere: Installation, signer: Signer, clock: Clock
) -> None:
    save = event(signer, anywhere)
    anywhere.call(save)
    clock.now += LIFE_OF_MESSAGE + LATE
    anywhere.call(event(signer, anywhere, "del"))
    assert anywhere.remembered == 2
    clock.advance(seconds=1)
    assert anywhere.call(save) == 400
    anywhere.call(event(signer, anywhere, "del"))
    assert anywhere.remembered == 2 and anywhere.has_users is False


def test_a_message_that_never_expires_can_be_remembered(anywhere: Installation, signer: Signer) -> None:
    save = event(signer, anywhere, expTimeMillis=2**63)
    assert [anywhere.call(save), anywhere.call(save)] == [200, 200]
    assert anywhere.remembered == 1


def test_an_object_of_somebody_else_is_ignored(installation: Installation, signer: Signer) -> None:
    message = signer.message("save", f"{ISSUER}.unknown")
    assert installation.call(signer.envelope(message, ISSUER)) == 200
    assert installation.has_users is None


def test_an_event_that_nobody_knows_is_ignored(installation: Installation, signer: Signer) -> None:
    assert installation.call(event(signer, installation, "share")) == 200
    assert installation.has_users is None and installation.remembered == 0


@pytest.mark.parametrize(
    "change", [{"nonce": None}, {"nonce": ""}, {"nonce": 7}, {"nonce": "n" * 301}, {"objectId": 1}]
)
def test_a_signed_message_that_says_too_little_is_refused(
    installation: Installation, signer: Signer, change: dict[str, Any]
) -> None:
    assert installation.call(event(signer, installation, **change)) == 400
    assert installation.has_users is None


def test_a_forged_callback_is_refused_and_changes_nothing(installation: Installation, clock: Clock) -> None:
    assert installation.call(event(Signer(clock), installation)) == 400
    assert installation.has_users is None and installation.remembered == 0


def test_a_callback_for_another_issuer_is_refused(installation: Installation, signer: Signer) -> None:
    message = signer.message("save", installation.object_id)
    assert installation.call(signer.envelope(message, "3388000000000000002")) == 400


def test_an_expired_callback_is_refused(installation: Installation, signer: Signer, clock: Clock) -> None:
    save = event(signer, installation)
    clock.now += LIFE_OF_MESSAGE + LATE
    clock.advance(seconds=1)
    assert installation.call(save) == 400


def test_bad_signatures_never_fetch_the_keys_again(installation: Installation, keys: Publisher, clock: Clock) -> None:
    for _ in range(5):
        installation.call(event(Signer(clock), installation))
    assert keys.asked == 1


def test_without_root_keys_google_is_asked_to_come_again(
    installation: Installation, keys: Publisher, signer: Signer
) -> None:
    keys.answer = Response(status=500)
    assert installation.call(event(signer, installation)) == 503
    assert installation.remembered == 0


def test_the_refusal_is_logged_in_words_and_without_the_message(
    installation: Installation, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "walletpass"):
        installation.call(event(signer, installation) | {"signature": "AAAA"})
    assert "not signed by the key" in caplog.text and installation.object_id not in caplog.text


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"\x00\xff", b'"text"', b"[" * 9000, b"csrf_token=1", b'{"signature": 1e999}']
)
def test_garbage_is_a_bad_request(installation: Installation, body: bytes) -> None:
    assert installation.call(body) == 400


def test_a_body_that_is_too_large_is_refused_before_it_is_read(installation: Installation) -> None:
    with socket.create_connection(("127.0.0.1", installation.server.server_port), timeout=10) as sock:
        head = f"POST /google/callback HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGEST_CALLBACK + 1}\r\n\r\n"
        sock.sendall(head.encode())
        assert b" 413 " in sock.recv(100)


def test_other_methods_are_not_for_this_address(installation: Installation) -> None:
    assert [installation.call(b"", method) for method in ("GET", "PUT", "DELETE")] == [405, 405, 405]
