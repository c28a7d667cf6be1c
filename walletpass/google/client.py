"""Google's REST interface: one call for each thing that we ask of it.

Source: https://developers.google.com/wallet/reference/rest/v1
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from time import sleep
from typing import Any, Protocol

import urllib3
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.urllib3 import Request
from google.oauth2.service_account import Credentials

from walletpass.google.answers import BAD_KEY, NO_TURN, UNREACHABLE, Answer, Outcome, read_answer
from walletpass.google.identity import Issuer

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
SECONDS_TO_WAIT = 10
CONNECTIONS = 8

Json = Mapping[str, Any]


class Turns(Protocol):
    """Hands out the turns of requests."""

    def __call__(self) -> timedelta | None:
        """How long to wait for one's turn; None when it would be too long."""


class Client:
    """Speaks to Google in the name of a service account. Any thread may use it.

    turns: keeps all workers together within what Google allows. rest: told when Google asks to be left alone for a
    time. seconds: to wait for an answer.
    """

    def __init__(
        self,
        issuer: Issuer,
        api_url: str,
        *,
        turns: Turns,
        clock: Callable[[], datetime],
        rest: Callable[[timedelta], None] | None = None,
        seconds: float = SECONDS_TO_WAIT,
    ) -> None:
        self._base = f"{api_url}/walletobjects/v1"
        self._issuer_id = issuer.issuer_id
        self._turns, self._clock, self._rest = turns, clock, rest
        self._seconds = seconds
        self._http = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=seconds)
        # Asked for the token alone: the library's own sessions also send it to another host, in the background.
        self._credentials = Credentials.from_service_account_info(dict(issuer.info), scopes=[SCOPE])  # type: ignore[no-untyped-call]
        self._request = partial(Request(self._http), timeout=seconds)  # type: ignore[no-untyped-call]
        self._lock = Lock()

    def insert_class(self, body: Json) -> Answer:
        return self._ask("POST", "/loyaltyClass", body)

    def patch_class(self, class_id: str, body: Json) -> Answer:
        return self._ask("PATCH", f"/loyaltyClass/{class_id}", body)

    def insert_object(self, body: Json) -> Answer:
        return self._ask("POST", "/loyaltyObject", body)

    def patch_object(self, object_id: str, body: Json) -> Answer:
        return self._ask("PATCH", f"/loyaltyObject/{object_id}", body)

    def get_object(self, object_id: str) -> Answer:
        return self._ask("GET", f"/loyaltyObject/{object_id}")

    def add_message(self, object_id: str, body: Json) -> Answer:
        """Not safe to repeat: a phone may ring again. The answer's body has the object under "resource"."""
        return self._ask("POST", f"/loyaltyObject/{object_id}/addMessage", body)

    def get_issuer(self) -> Answer:
        """The issuer account itself."""
        return self._ask("GET", f"/issuer/{self._issuer_id}")

    def list_issuers(self) -> Answer:
        """The issuer accounts that the service account may act for, under "resources"."""
        return self._ask("GET", "/issuer")

    def close(self) -> None:
        self._http.clear()

    def _ask(self, method: str, path: str, body: Json | None = None) -> Answer:
        pause = self._turns()
        if pause is None:
            return Answer(Outcome.LATER, reason=NO_TURN, message="too many requests are waiting")
        sleep(pause.total_seconds())
        answer = self._send(method, path, body)
        if answer.status == 401:
            self._forget_token()
            answer = self._send(method, path, body)
        if self._rest and answer.outcome is Outcome.LATER and answer.retry_after:
            self._rest(answer.retry_after)
        return answer

    def _send(self, method: str, path: str, body: Json | None) -> Answer:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
            response = self._http.request(method, self._base + path, body=data, headers=headers, redirect=False)
        except RefreshError as error:
            return _no_token(error)
        except (GoogleAuthError, urllib3.exceptions.HTTPError) as error:
            return Answer(Outcome.LATER, reason=UNREACHABLE, message=_in_words(error))
        return read_answer(response.status, response.headers, response.data, self._clock())

    def _token(self) -> str:
        # One asks for all. When no answer comes the others must not ask too, each after the other.
        if not self._lock.acquire(timeout=self._seconds):
            raise TransportError("no token: others wait for one already")  # type: ignore[no-untyped-call]
        try:
            if not self._credentials.valid:
                self._credentials.refresh(self._request)
            return str(self._credentials.token)
        finally:
            self._lock.release()

    def _forget_token(self) -> None:
        with self._lock:
            self._credentials.token = None


def _no_token(error: RefreshError) -> Answer:
    """Whether Google itself refused the key, or something on the way, which speaks no JSON, refused us."""
    refused = len(error.args) > 1 and isinstance(error.args[1], dict) and not error.retryable
    if refused:
        return Answer(Outcome.MISCONFIGURED, reason=BAD_KEY, message=_in_words(error))
    return Answer(Outcome.LATER, reason=UNREACHABLE, message="no token: the answer cannot be read")


def _in_words(error: Exception) -> str:
    """What went wrong; errors of connections end with their cause and hold no headers."""
    return str(error.args[0] if error.args else type(error).__name__)
