"""A pretend Android phone: Google Wallet with the passes of one Google account, and a browser to save them with.

The phone never speaks to the shop but in its browser: what it shows comes from Google. Source: google-wallet 2 to 4.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from walletpass.i18n import N_, translate
from walletpass.sandbox.browser import NothingToAdd
from walletpass.sandbox.chrome import AGENT as CHROME_AGENT
from walletpass.sandbox.chrome import Chrome
from walletpass.sandbox.errands import Errands
from walletpass.sandbox.google import PretendGoogle
from walletpass.sandbox.google_rules import Json
from walletpass.sandbox.localized import localized
from walletpass.sandbox.pass_file import Region
from walletpass.sandbox.phone_state import Alert, Notification, ScreenState
from walletpass.sandbox.wire import Answer, NoConnection, Wire

WALLET_AGENT = "com.google.android.apps.walletnfcrel/25.46 (Linux; Android 15; Pixel 9)"
RETRIES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Seconds before each further try; then the phone waits until something else reminds it."""

PATIENCE = 10.0
"""Seconds that `wait_for` waits unless told otherwise."""

HAS_CHANGED = N_("Your pass has been updated. Tap to see what is new.")
HAS_MESSAGE = N_("You have a new message. Tap to read it.")
NOT_REACHED = N_("Google Wallet is offline. Try again later.")


@dataclass(frozen=True)
class SavedPass:
    """A pass in Google Wallet.

    id: the object's id in short. images: digests of pictures that Google has copies of, by address.
    """

    id: str
    object: Json
    images: Mapping[str, str]
    updated_at: datetime

    @property
    def loyalty_class(self) -> Json:
        """What the pass has in common with all of its program."""
        found: Json = self.object["classReference"]
        return found


class AndroidState(ScreenState[SavedPass]):
    """What a pretend Android phone keeps and shows."""


class AndroidPhone:
    """One phone with its owner, account, language and time zone. What it does happens in a thread of its own.

    state: what it keeps and shows. retries: seconds before each further try. Methods that return a future set
    something off; the future ends with it, and the state says what came of it.
    """

    def __init__(
        self,
        name: str,
        language: str,
        *,
        google: PretendGoogle,
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
        retries: Sequence[float] = RETRIES,
    ) -> None:
        self.name = name
        self.account = f"{name.lower()}@gmail.test"
        self.region = Region(language, zone)
        self.state = AndroidState()
        self.pictures: dict[str, bytes] = {}
        self._google, self._clock, self._retries = google, clock, tuple(retries)
        self._errands = Errands(f"android-{name}")
        self._wallet = Wire("Wallet", WALLET_AGENT, language, clock, self.state.record)
        self._web = Wire("Chrome", CHROME_AGENT, language, clock, self.state.record)
        self._chrome = Chrome(self._web, name, self.account)
        self._rang: set[str] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Go online."""
        self._google.connect(self.account, self.take_push)

    def stop(self) -> None:
        """Switch the phone off; what it is doing at the moment comes to its end first."""
        self._google.disconnect(self.account, self.take_push)
        self._errands.stop()
        self._wallet.close()
        self._web.close()

    def now(self) -> datetime:
        """The time on the phone's clock."""
        return self._clock().astimezone(self.region.zone)

    def wait_for(self, happened: Callable[[AndroidState], object], timeout: float = PATIENCE) -> None:
        """Wait until the phone is in a certain state. Raises TimeoutError after so many seconds."""
        if not self.state.wait_for(happened, timeout):
            raise TimeoutError(f"nothing of the kind on {self.name}'s phone in {timeout:g} seconds")

    # What the owner does

    def open(self, url: str) -> Future[None]:
        """Open an address in Chrome, as a QR code says it, and save the pass that it leads to."""
        return self._errands.now(lambda: self._open(url))

    def refresh(self) -> Future[None]:
        """Open Google Wallet and pull it down."""
        return self._errands.now(self._refresh)

    def delete(self, pass_id: str) -> Future[None]:
        """Remove the pass from Google Wallet."""
        return self._errands.now(lambda: self._delete(pass_id))

    def set_airplane_mode(self, on: bool) -> None:
        """Offline nothing arrives; back online, the phone asks for all that it has missed."""
        self._wallet.offline = self._web.offline = on
        self.state.set_airplane_mode(on)
        if on:
            self._google.disconnect(self.account, self.take_push)
        else:
            self._google.connect(self.account, self.take_push)

    # What the phone does

    def take_push(self) -> None:
        """What Google calls."""
        self._errands.now(lambda: self._sync(0))

    def _open(self, url: str) -> None:
        try:
            self._chrome.save_pass(url)
        except NothingToAdd as error:
            self.state.show_alert(Alert(error.words, (str(error),)))
            return
        self.state.show_alert(None)
        self._sync(0)

    def _refresh(self) -> None:
        try:
            self._take(self._ask("GET"))
        except NoConnection as error:
            self.state.show_alert(Alert(NOT_REACHED, (str(error),)))

    def _delete(self, pass_id: str) -> None:
        if (held := self.state.find(pass_id)) is None:
            return
        try:
            self._ask("DELETE", f"/{quote(held.object['id'])}")
        except NoConnection as error:
            self.state.show_alert(Alert(NOT_REACHED, (str(error),)))
            return
        self.state.remove(pass_id)

    def _sync(self, tries: int) -> None:
        """Ask Google for everything, now or again later."""
        try:
            self._take(self._ask("GET"))
        except NoConnection:
            if tries < len(self._retries):
                self._errands.later(self._retries[tries], lambda: self._sync(tries + 1))

    def _ask(self, method: str, path: str = "") -> Answer:
        account = quote(self.account, safe="@")
        answer = self._wallet.request(method, f"{self._google.url}/wallet/{account}{path}")
        if answer.status not in {200, 204}:
            raise NoConnection(f"Google answered {answer.status}")
        return answer

    def _take(self, answer: Answer) -> None:
        """The account as Google has it becomes what the phone shows."""
        given = json.loads(answer.body)
        held = {_pass_id(each["id"]): each for each in given["passes"]}
        for digest in given["images"].values():
            self._fetch_picture(digest)
        for gone in {each.id for each in self.state.passes} - held.keys():
            self.state.remove(gone)
        for pass_id, loyalty_object in held.items():
            self._show(pass_id, loyalty_object, given["images"])
        for notice in given["notices"]:
            self._ring(notice, held)

    def _show(self, pass_id: str, loyalty_object: Json, images: Mapping[str, str]) -> None:
        known = self.state.find(pass_id)
        if known is None:
            self.state.add(SavedPass(pass_id, loyalty_object, images, self._clock()))
        elif (known.object, known.images) != (loyalty_object, images):
            self.state.replace(SavedPass(pass_id, loyalty_object, images, self._clock()))

    def _ring(self, notice: Any, held: Mapping[str, Json]) -> None:
        """The lock screen has a line of Google's own; what a message says is read in the pass."""
        loyalty_object = held.get(_pass_id(notice["objectId"]))
        if loyalty_object is None or notice["id"] in self._rang:
            return
        self._rang.add(notice["id"])
        language = self.region.language
        issuer = localized(loyalty_object["classReference"], "issuerName", language)
        words = HAS_CHANGED if notice["message"] is None else HAS_MESSAGE
        self.state.notify(Notification(self._clock(), _pass_id(notice["objectId"]), issuer, translate(language, words)))

    def _fetch_picture(self, digest: str) -> None:
        """Google's copy of a picture; one that the phone has is not fetched again."""
        if digest in self.pictures:
            return
        answer = self._wallet.request("GET", f"{self._google.url}/images/{digest}")
        if answer.status == 200:
            self.pictures[digest] = answer.body


def _pass_id(object_id: str) -> str:
    return sha256(object_id.encode()).hexdigest()[:12]
