"""How often Google's root keys are fetched, and what happens when they cannot be."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.apple_service import Clock
from tests.conftest import NOON
from walletpass.google.root_keys import AT_LEAST, AT_MOST, LARGEST_DOCUMENT, USUALLY, NoKeys, RootKeys
from walletpass.sandbox.callback_signer import LIFE_OF_ROOT, Signer


class Publisher:
    """Publishes a keys document. answer: what to say instead. asked: how often it was fetched."""

    def __init__(self, clock: Clock) -> None:
        self.document = Signer(clock).keys_document()
        self.headers: dict[str, str] = {}
        self.answer: Response | None = None
        self.asked = 0

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of the document."""
        server = make_server("127.0.0.1", 0, Request.application(self._respond), request_handler=Quiet)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/gp/m/issuer/keys"
        server.shutdown()
        thread.join()
        server.server_close()

    def _respond(self, request: Request) -> Response:
        self.asked += 1
        document = json.dumps(self.document)
        return self.answer or Response(document, headers=self.headers, content_type="application/json")


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def google(clock: Clock) -> Publisher:
    return Publisher(clock)


@pytest.fixture
def keys(google: Publisher, clock: Clock) -> Iterator[RootKeys]:
    with google.serving() as url:
        yield RootKeys(url, clock)


def fetched_after(keys: RootKeys, google: Publisher, clock: Clock, span: timedelta) -> bool:
    """Whether the keys are fetched once more when they are needed that much later."""
    before = google.asked
    clock.now += span
    keys.current()
    return google.asked > before


def test_the_keys_are_not_fetched_before_they_are_needed(keys: RootKeys, google: Publisher) -> None:
    assert google.asked == 0
    assert len(keys.current()) == 1


def test_the_keys_are_kept_for_an_hour(keys: RootKeys, google: Publisher, clock: Clock) -> None:
    keys.current()
    assert not fetched_after(keys, google, clock, USUALLY - timedelta(seconds=1))
    assert fetched_after(keys, google, clock, timedelta(seconds=1))


def test_the_answer_says_how_long_they_may_be_kept(keys: RootKeys, google: Publisher, clock: Clock) -> None:
    google.headers = {"Cache-Control": "public, max-age=7200, must-revalidate", "Age": "1200"}
    keys.current()
    assert not fetched_after(keys, google, clock, timedelta(seconds=5999))
    assert fetched_after(keys, google, clock, timedelta(seconds=1))


@pytest.mark.parametrize("header", ["no-store", "max-age=0", "public,max-age=1", "max-age=" + "9" * 40, "max-age=-1"])
def test_however_short_the_answer_says_there_is_a_pause(
    keys: RootKeys, google: Publisher, clock: Clock, header: str
) -> None:
    google.headers = {"Cache-Control": header}
    keys.current()
    assert not fetched_after(keys, google, clock, AT_LEAST - timedelta(seconds=1))


def test_they_are_not_kept_for_ever(keys: RootKeys, google: Publisher, clock: Clock) -> None:
    google.headers = {"Cache-Control": "max-age=99999999"}
    keys.current()
    assert fetched_after(keys, google, clock, AT_MOST)


def test_they_are_fetched_when_the_first_one_expires(keys: RootKeys, google: Publisher, clock: Clock) -> None:
    [key] = google.document["keys"]
    soon = str(int((NOON + timedelta(minutes=10)).timestamp() * 1000))
    google.document["keys"].append({**key, "keyExpiration": soon})
    assert len(keys.current()) == 2
    assert not fetched_after(keys, google, clock, timedelta(minutes=9))
    assert fetched_after(keys, google, clock, timedelta(minutes=1))


def test_keys_that_have_expired_are_left_out(keys: RootKeys, clock: Clock) -> None:
    clock.now += LIFE_OF_ROOT
    with pytest.raises(NoKeys):
        keys.current()


@pytest.mark.parametrize(
    "answer",
    [
        Response("out of order", status=500),
        Response(status=302, headers={"Location": "/elsewhere"}),
        Response("<html>"),
        Response("{" + " " * LARGEST_DOCUMENT + '"keys": []}'),
    ],
    ids=["500", "redirect", "HTML", "too large"],
)
def test_the_old_keys_serve_when_there_are_no_new_ones(
    keys: RootKeys, google: Publisher, clock: Clock, answer: Response
) -> None:
    known = keys.current()
    google.answer = answer
    assert fetched_after(keys, google, clock, USUALLY)
    assert keys.current() == known


def test_without_any_keys_that_is_said_and_google_is_spared(keys: RootKeys, google: Publisher, clock: Clock) -> None:
    google.answer = Response(status=500)
    for _ in range(3):
        with pytest.raises(NoKeys):
            keys.current()
    assert google.asked == 1
    google.answer = None
    assert fetched_after(keys, google, clock, AT_LEAST)


def test_a_server_that_is_not_there_is_no_reason_to_fail(clock: Clock) -> None:
    with pytest.raises(NoKeys):
        RootKeys("http://127.0.0.1:9/keys", clock).current()
