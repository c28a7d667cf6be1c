"""Google Wallet as an installation's settings set it up: everything that pages and workers need of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from walletpass.database import transaction
from walletpass.google.bucket import LONGEST_REST, rest, take_turn
from walletpass.google.client import SECONDS_TO_WAIT, Client
from walletpass.google.identity import Issuer, configured_issuer
from walletpass.google.publishing import Publisher
from walletpass.google.save_link import SaveLinks
from walletpass.google.saving import Saving
from walletpass.passes.cards import CardFaces
from walletpass.settings import Settings

PATIENCE_OF_WORKERS = timedelta(seconds=20)
PATIENCE_OF_CUSTOMERS = timedelta(seconds=2)
SECONDS_OF_CUSTOMERS = 5


@dataclass(frozen=True)
class GoogleWallet:
    """The issuer, and ways to it: `publisher` for workers, `saving` for customers who wait."""

    issuer: Issuer
    publisher: Publisher
    saving: Saving


def configured_wallet(
    settings: Settings, engine: Engine, faces: CardFaces, clock: Callable[[], datetime]
) -> GoogleWallet | None:
    """None where Google Wallet is not set up. Raises IdentityError."""
    issuer = configured_issuer(settings)
    if issuer is None:
        return None

    def publisher(patience: timedelta, seconds: float) -> Publisher:
        client = new_client(issuer, settings, engine, clock, patience=patience, seconds=seconds)
        return Publisher(engine, client, faces, issuer_id=issuer.issuer_id, base_url=settings.base_url, clock=clock)

    links = SaveLinks(issuer, settings.google_save_url)
    of_customers = publisher(PATIENCE_OF_CUSTOMERS, SECONDS_OF_CUSTOMERS)
    return GoogleWallet(
        issuer, publisher(PATIENCE_OF_WORKERS, SECONDS_TO_WAIT), Saving(engine, of_customers, links, clock)
    )


def new_client(
    issuer: Issuer,
    settings: Settings,
    engine: Engine,
    clock: Callable[[], datetime],
    *,
    patience: timedelta = PATIENCE_OF_CUSTOMERS,
    seconds: float = SECONDS_OF_CUSTOMERS,
) -> Client:
    """A way to Google that keeps to the allowance which all workers share."""

    def turns() -> timedelta | None:
        with transaction(engine) as connection:
            return take_turn(connection, issuer.issuer_id, clock(), patience=patience)

    def leave_alone(asked: timedelta) -> None:
        with transaction(engine) as connection:
            rest(connection, issuer.issuer_id, clock() + min(asked, LONGEST_REST))

    return Client(issuer, settings.google_api_url, turns=turns, clock=clock, rest=leave_alone, seconds=seconds)
