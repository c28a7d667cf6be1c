"""What a phone keeps and shows: written by its own thread, read by whoever looks."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Condition
from typing import Generic, Protocol, Self, TypeVar

from walletpass.sandbox.pass_file import PassFile
from walletpass.sandbox.protocol_log import Exchange

KEPT_EXCHANGES = 200
KEPT_NOTIFICATIONS = 20


@dataclass(frozen=True)
class InstalledPass:
    """A pass in Wallet.

    id: type and serial number in short; the same pass is never there twice.
    last_modified: letter by letter as the web service wrote it, once the pass was fetched from there.
    """

    id: str
    file: PassFile
    updated_at: datetime
    last_modified: str | None = None
    automatic_updates: bool = True


@dataclass(frozen=True)
class Notification:
    """A line on the lock screen."""

    at: datetime
    pass_id: str
    organization: str
    text: str


@dataclass(frozen=True)
class Alert:
    """Something did not work. words: for the person, to be translated. reasons: for the developer."""

    words: str
    reasons: tuple[str, ...]


class Held(Protocol):
    """Something that a wallet holds. id: the same one is never there twice."""

    @property
    def id(self) -> str: ...


P = TypeVar("P", bound=Held)


class ScreenState(Generic[P]):
    """The passes, the lock screen, the alert on top, and the log of what was said over the network."""

    def __init__(self) -> None:
        self._passes: dict[str, P] = {}
        self._notifications: deque[Notification] = deque(maxlen=KEPT_NOTIFICATIONS)
        self._exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)
        self._alert: Alert | None = None
        self._airplane_mode = False
        self._revision = 0
        self._changed = Condition()

    @property
    def passes(self) -> list[P]:
        """The passes in Wallet, the one added last first."""
        with self._changed:
            return list(reversed(self._passes.values()))

    @property
    def notifications(self) -> list[Notification]:
        """The lock screen, newest first."""
        with self._changed:
            return list(reversed(self._notifications))

    @property
    def exchanges(self) -> list[Exchange]:
        """Newest first."""
        with self._changed:
            return list(reversed(self._exchanges))

    @property
    def alert(self) -> Alert | None:
        with self._changed:
            return self._alert

    @property
    def airplane_mode(self) -> bool:
        with self._changed:
            return self._airplane_mode

    @property
    def revision(self) -> int:
        """Grows with every change."""
        with self._changed:
            return self._revision

    def find(self, pass_id: str) -> P | None:
        with self._changed:
            return self._passes.get(pass_id)

    def wait_for(self, happened: Callable[[Self], object], timeout: float) -> bool:
        """Wait until the state is such; False after so many seconds."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: happened(self), timeout))

    def add(self, installed: P) -> None:
        """Put a pass on top; one with the same id gives way to it."""
        with self._changing():
            self._passes.pop(installed.id, None)
            self._passes[installed.id] = installed

    def replace(self, installed: P, notification: Notification | None = None) -> None:
        """A newer version of a pass takes its place, and the lock screen may say so."""
        with self._changing():
            self._passes[installed.id] = installed
            if notification:
                self._notifications.append(notification)

    def notify(self, notification: Notification) -> None:
        """The lock screen says something more."""
        with self._changing():
            self._notifications.append(notification)

    def remove(self, pass_id: str) -> P | None:
        """Take a pass away, and from the lock screen what it said."""
        with self._changing():
            left = [each for each in self._notifications if each.pass_id != pass_id]
            self._notifications = deque(left, maxlen=KEPT_NOTIFICATIONS)
            return self._passes.pop(pass_id, None)

    def show_alert(self, alert: Alert | None) -> None:
        with self._changing():
            self._alert = alert

    def clear_notifications(self) -> None:
        with self._changing():
            self._notifications.clear()

    def set_airplane_mode(self, on: bool) -> None:
        with self._changing():
            self._airplane_mode = on

    def record(self, exchange: Exchange) -> None:
        with self._changing():
            self._exchanges.append(exchange)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._changed:
            yield
            self._revision += 1
            self._changed.notify_all()


class PhoneState(ScreenState[InstalledPass]):
    """What a pretend iPhone keeps and shows."""
