"""A phone's HTTP: real requests over real sockets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import urllib3
from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError

from walletpass.sandbox.protocol_log import Exchange, answer_notes, request_notes, shortened_url

LARGEST_ANSWER = 5_000_000
"""Bytes. No pass comes near."""

TIMEOUT = urllib3.Timeout(connect=5, read=10)


class NoConnection(Exception):
    """The phone is offline, or got no whole answer; str(error) says which."""


@dataclass(frozen=True)
class Answer:
    """A response, read to its end. headers: looked up without regard to case."""

    status: int
    headers: HTTPHeaderDict
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Wire:
    """The connection of one program on a phone to the world.

    who, agent: the program's name in the protocol log, and its User-Agent. record: takes every exchange.
    """

    def __init__(
        self, who: str, agent: str, language: str, clock: Callable[[], datetime], record: Callable[[Exchange], None]
    ) -> None:
        self.offline = False
        self._who = who
        self._headers = {"User-Agent": agent, "Accept-Language": language, "Accept": "*/*"}
        self._clock, self._record = clock, record
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def close(self) -> None:
        self._pool.clear()

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request; a redirect is an answer like any other. Raises NoConnection."""
        sent = {**self._headers, **(headers or {})}
        at, started = self._clock(), perf_counter()
        outcome = ""
        received: tuple[str, ...] = ()
        try:
            answer = self._send(method, url, sent, body)
            outcome, received = str(answer.status), answer_notes(answer.headers, answer.body)
        except NoConnection as error:
            outcome = str(error)
            raise
        finally:
            took = round((perf_counter() - started) * 1000)
            what = f"{method} {shortened_url(url)}"
            self._record(Exchange(at, self._who, what, outcome, request_notes(sent, body), received, took))
        return answer

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if self.offline:
            raise NoConnection("airplane mode")
        try:
            response = self._pool.request(
                method, url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                data = response.read(LARGEST_ANSWER + 1, decode_content=True)
            finally:
                response.release_conn()
        except HTTPError as error:
            raise NoConnection(type(error).__name__) from None
        if len(data) > LARGEST_ANSWER:
            response.close()
            raise NoConnection("the answer is too large")
        return Answer(response.status, response.headers, data)
