"""What the pages and services are made with: built once by `app`, handed to every blueprint."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from walletpass.keys import Keyring
from walletpass.settings import Settings


@dataclass(frozen=True)
class Deps:
    """The outside world of one application.

    clock: the present moment, UTC.
    wake: tells the delivery loop that something is behind; losing the call costs only time.
    """

    settings: Settings
    engine: Engine
    keyring: Keyring
    clock: Callable[[], datetime]
    wake: Callable[[], None]
