"""A pass web service as a phone knows it: what it asks, which answers it takes, what it complains of.

Source: Apple, Wallet Passes, "Adding a Web Service to Update Passes" and the pages of its endpoints; how phones take
answers that are not documented has been seen on devices.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from walletpass.sandbox.pass_file import PassFile
from walletpass.sandbox.wire import Answer, NoConnection, Wire

SPURIOUS_AFTER = timedelta(minutes=5)
"""A push that brings nothing is complained of when the last update is longer ago than this."""

_JSON = {"Content-Type": "application/json"}


class BadAnswer(Exception):
    """The service answered in a way that phones do not take; str(error) goes into its log."""


class UnexpectedStatus(BadAnswer):
    """An answer with a status that phones do not know; they ask again later."""

    def __init__(self, asked: str, status: int) -> None:
        super().__init__(f"{asked}: unexpected response code {status}")


class Changes(NamedTuple):
    """What the list said, and the tag to show next time."""

    serial_numbers: list[str]
    tag: str


class UpdateService:
    """One web service, for one type of pass. Requests raise NoConnection when there is no answer."""

    def __init__(
        self,
        wire: Wire,
        clock: Callable[[], datetime],
        pass_type_identifier: str,
        url: str,
        device_library_identifier: str,
    ) -> None:
        self.pass_type_identifier = pass_type_identifier
        self.tag: str | None = None
        self._tagged_at = clock()
        self._wire, self._clock = wire, clock
        self._url = url
        self._base = f"{url.rstrip('/')}/v1"
        self._device = f"{self._base}/devices/{device_library_identifier}/registrations/{quote(pass_type_identifier)}"

    def register(self, pass_file: PassFile, push_token: str) -> None:
        """Ask for pushes. Raises UnexpectedStatus."""
        body = json.dumps({"pushToken": push_token}).encode()
        answer = self._wire.request("POST", self._registration(pass_file), _authorization(pass_file) | _JSON, body)
        if answer.status not in {200, 201}:
            raise UnexpectedStatus("register", answer.status)

    def unregister(self, pass_file: PassFile) -> None:
        """Ask for no more pushes. Raises UnexpectedStatus."""
        answer = self._wire.request("DELETE", self._registration(pass_file), _authorization(pass_file))
        if answer.status != 200:
            raise UnexpectedStatus("unregister", answer.status)

    def changed_serial_numbers(self) -> list[str]:
        """The passes that the service lists as changed since the last time it listed any; remembers its tag.

        Raises UnexpectedStatus, BadAnswer.
        """
        since = "" if self.tag is None else f"?passesUpdatedSince={self.tag}"  # phones do not escape it
        answer = self._wire.request("GET", self._device + since)
        if answer.status == 204:
            return []
        if answer.status != 200:
            raise UnexpectedStatus("list", answer.status)
        serial_numbers, tag = _read_changes(answer.body)
        if tag == self.tag and serial_numbers:
            self.complain(f"list: serial numbers came with the tag that was sent ({tag})")
        self.tag, self._tagged_at = tag, self._clock()
        return serial_numbers

    def fetch(self, pass_file: PassFile, last_modified: str | None) -> Answer | None:
        """The pass as the service has it; None when that is the one fetched last. Raises UnexpectedStatus, BadAnswer.

        last_modified: the Last-Modified of the last fetch, letter by letter.
        """
        url = f"{self._base}/passes/{_path(pass_file)}"
        since = {"If-Modified-Since": last_modified} if last_modified else {}
        answer = self._wire.request("GET", url, _authorization(pass_file) | since)
        if answer.status == 304:
            return None
        if answer.status == 401:
            raise BadAnswer(f"get pass {pass_file.serial_number}: authentication failure")
        if answer.status != 200:
            raise UnexpectedStatus(f"get pass {pass_file.serial_number}", answer.status)
        return answer

    def complain(self, text: str) -> None:
        """Write a line into the service's log, if it can be reached; whatever it answers."""
        where = f"Web service error for {self.pass_type_identifier} ({self._url})"
        logs = [f"[{self._clock():%Y-%m-%d %H:%M:%S %z}] {where}: {text}"]
        with suppress(NoConnection):  # a complaint is not worth another try
            self._wire.request("POST", f"{self._base}/log", _JSON, json.dumps({"logs": logs}).encode())

    def complain_of_push(self) -> None:
        """A push has come and there was nothing new; fine shortly after an update, which may have answered it too."""
        if self._clock() - self._tagged_at > SPURIOUS_AFTER:
            self.complain("received a spurious push notification")

    def _registration(self, pass_file: PassFile) -> str:
        return f"{self._device}/{quote(pass_file.serial_number, safe='')}"


def _path(pass_file: PassFile) -> str:
    return "/".join(quote(part, safe="") for part in (pass_file.pass_type_identifier, pass_file.serial_number))


def _authorization(pass_file: PassFile) -> dict[str, str]:
    return {"Authorization": f"ApplePass {pass_file.authentication_token}"}


def _read_changes(body: bytes) -> Changes:
    try:
        given = json.loads(body)
    except ValueError:
        raise BadAnswer("list: malformed response, it is not JSON") from None
    if not isinstance(given, dict):
        raise BadAnswer("list: malformed response, it is not a JSON object")
    serial_numbers, tag = given.get("serialNumbers"), given.get("lastUpdated")
    if not isinstance(serial_numbers, list) or not all(isinstance(each, str) for each in serial_numbers):
        raise BadAnswer("list: malformed response, serialNumbers must be a list of strings")
    if not isinstance(tag, str):
        raise BadAnswer("list: malformed response, lastUpdated must be a string")
    return Changes(serial_numbers, tag)
