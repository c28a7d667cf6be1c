"""The main life of a card, over a real socket, by a program that knows nothing but HTTP."""

from collections.abc import Iterator
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import pytest
from urllib3 import BaseHTTPResponse, PoolManager
from werkzeug.serving import make_server

from tests.builders import Shop
from tests.web.api.conftest import Service


class Program:
    """A client of the API on the other end of a socket."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._address = f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._pool = PoolManager(retries=False)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> BaseHTTPResponse:
        sent = {} if body is None else {"json": body}
        return self._pool.request(
            method, f"{self._address}/api/v1{path}", headers={**self._headers, **headers}, timeout=30, **sent
        )

    def announce(self, path: str, length: int) -> tuple[int, bytes]:
        """Say that a body of that length follows, and send none of it."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.putrequest("POST", f"/api/v1{path}")
        for name, value in {**self._headers, "Content-Type": "application/json", "Content-Length": length}.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def close(self) -> None:
        self._pool.clear()


@pytest.fixture
def program(service: Service, shop: Shop) -> Iterator[Program]:
    """A manager's program, and the API listening on a port of its own."""
    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    program = Program(server.server_port, service.key(shop))
    yield program
    program.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_card_is_joined_stamped_full_redeemed_and_corrected(program: Program) -> None:
    card = program.call("POST", "/cards", {"program": "bean-card", "customer": {"name": "Zoë"}}).json()
    stamps = f"/cards/{card['id']}/stamps"
    for number in range(10):
        answer = program.call("POST", stamps, {}, **{"Idempotency-Key": f"scan-{number}"})
        assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
    full = program.call("GET", f"/cards?barcode={card['barcode']}").json()
    assert (full["stamps"], [reward["name"] for reward in full["rewards"]]) == (0, ["Free coffee"])
    redeemed = program.call("POST", f"/cards/{card['id']}/redemptions", {})
    assert (redeemed.status, redeemed.json()["card"]["rewards"]) == (201, [])
    assert program.call("POST", f"/cards/{card['id']}/redemptions", {}).status == 409
    reversal = f"/entries/{redeemed.json()['entry']['id']}/reversal"
    assert program.call("POST", reversal).json()["card"]["rewards"] == full["rewards"]
    assert program.call("POST", reversal).status == 409


def test_a_retry_after_a_lost_answer_counts_once(program: Program) -> None:
    card = program.call("POST", "/cards", {"program": "bean-card"}).json()
    answers = [program.call("POST", f"/cards/{card['id']}/stamps", {}, **{"Idempotency-Key": "scan"}) for _ in range(3)]
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert len({answer.data for answer in answers}) == 1
    assert program.call("GET", f"/cards/{card['id']}").json()["stamps"] == 1


def test_a_head_request_answers_like_a_get_without_the_body(program: Program) -> None:
    answer = program.call("HEAD", "/programs")
    assert (answer.status, answer.data) == (200, b"")


def test_letters_travel_as_they_are(program: Program) -> None:
    answer = program.call("POST", "/cards", {"program": "bean-card", "customer": {"name": "Łucja 🍰"}})
    assert "Łucja 🍰".encode() in answer.data


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(program: Program) -> None:
    status, body = program.announce("/cards", 10**12)
    assert status == 413
    assert b"at most 64 KiB" in body
