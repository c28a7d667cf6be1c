"""The client of Google's interface, where Google does not answer at all."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.conftest import NOON
from tests.google.counter import service_account
from tests.google.pretend import ISSUER_ID
from walletpass.google.answers import UNREACHABLE, Answer
from walletpass.google.client import Client
from walletpass.google.identity import Issuer

CUSTOMERS = 8


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=2 * CUSTOMERS) as listening:
        yield listening


def asked(silent: socket.socket) -> int:
    """How many connections have been made."""
    silent.setblocking(False)
    count = 0
    while True:
        try:
            silent.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_who_waits_for_a_token_that_never_comes_gives_up_with_the_others(silent: socket.socket) -> None:
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    info: dict[str, Any] = service_account(url)
    issuer = Issuer(ISSUER_ID, info["client_email"], info["private_key_id"], None, info)  # type: ignore[arg-type]
    client = Client(issuer, url, turns=timedelta, clock=lambda: NOON, seconds=0.5)
    start = Barrier(CUSTOMERS)

    def ask(_: int) -> Answer:
        start.wait()
        return client.get_issuer()

    with ThreadPoolExecutor(CUSTOMERS) as customers:
        answers = list(customers.map(ask, range(CUSTOMERS)))
    client.close()
    assert {answer.reason for answer in answers} == {UNREACHABLE}
    assert asked(silent) < CUSTOMERS
