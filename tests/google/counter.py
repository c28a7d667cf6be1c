"""A café whose cards go to a pretend Google, and the hands that staff and customers lend it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import Engine, select

from tests.builders import STAFF, Shop
from tests.conftest import NOON
from tests.google.pretend import ISSUER_ID, PretendGoogle
from walletpass.database import reading, transaction
from walletpass.delivery.google import google_loop
from walletpass.google.saved import KnownObject, object_of
from walletpass.google.wallet import GoogleWallet, configured_wallet
from walletpass.keys import Keyring
from walletpass.loyalty import operations, tables
from walletpass.loyalty.cards import Card, card_by_id
from walletpass.loyalty.customers import change_customer
from walletpass.loyalty.ledger import entries_of
from walletpass.loyalty.programs import Program, program_by_id, update_program
from walletpass.passes.cards import CardFaces
from walletpass.settings import Settings

SECRET = "a secret for the tests that is long enough"
EMAIL = "cards@bean-bar.iam.gserviceaccount.com"


@cache
def service_account_key() -> str:
    """A private key as service accounts have them."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def service_account(google_url: str, **changes: Any) -> dict[str, Any]:
    """What is in a service account's key file."""
    return {
        "type": "service_account",
        "project_id": "bean-bar",
        "private_key_id": "4bc1",
        "private_key": service_account_key(),
        "client_email": EMAIL,
        "token_uri": f"{google_url}/token",
        **changes,
    }


@dataclass
class Counter:
    """A café with everything between its counter and Google, and the hands of its clock."""

    engine: Engine
    google: PretendGoogle
    settings: Settings
    shop: Shop
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.keyring = Keyring([SECRET])
        self.faces = CardFaces(self.settings.base_url, self.keyring)
        wallet = configured_wallet(self.settings, self.engine, self.faces, lambda: self.now)
        assert wallet is not None
        self.wallet: GoogleWallet = wallet
        self.loop = google_loop(self.engine, wallet.publisher, clock=lambda: self.now, rng=Random(0))

    def join(self, **details: Any) -> Card:
        """A customer joins."""
        return self.shop.join(key_id=self.keyring.current_id, now=self.now, **details)

    def save(self, card: Card) -> str:
        """The customer clicks on the button and saves what the page offers; the address that the click led to."""
        link = self.wallet.saving.link(self.look_up(card))
        self.google.held.add(f"{ISSUER_ID}.{card.serial_number}")
        return link

    def saved(self, **details: Any) -> Card:
        """A card that is in its customer's Google Wallet."""
        card = self.join(**details)
        self.save(card)
        return card

    def stamp(self, card: Card, count: int = 1) -> None:
        """Staff stamp a card."""
        with transaction(self.engine) as connection:
            operations.stamp(connection, card.merchant_id, card.id, by=STAFF, now=self.now, count=count)

    def redeem(self, card: Card) -> None:
        """Staff hand out what the card has earned."""
        with transaction(self.engine) as connection:
            operations.redeem(connection, card.merchant_id, card.id, by=STAFF, now=self.now)

    def undo(self, card: Card) -> None:
        """Staff take the latest stamp back."""
        with transaction(self.engine) as connection:
            latest = [one for one in entries_of(connection, card.id) if one.kind == "stamped"][-1]
            operations.reverse(connection, card.merchant_id, latest.id, by=STAFF, now=self.now)

    def close(self, card: Card) -> None:
        """Staff close a card."""
        with transaction(self.engine) as connection:
            operations.close(connection, card.merchant_id, card.id, by=STAFF, now=self.now)

    def rename(self, card: Card, name: str) -> None:
        """The customer changes the name on the card."""
        with transaction(self.engine) as connection:
            change_customer(connection, card.merchant_id, card.id, name=name, language="en", now=self.now)

    def change_program(self, **changes: Any) -> Program:
        """The merchant changes the program."""
        with transaction(self.engine) as connection:
            program = program_by_id(connection, self.shop.program.id)
            return update_program(connection, replace(program, **changes), self.now)

    def deliver(self) -> None:
        """The delivery loop brings up to date what has become due since."""
        self.now += timedelta(seconds=5)
        self.loop.run_once()

    def look_up(self, card: Card) -> Card:
        with reading(self.engine) as connection:
            return card_by_id(connection, card.merchant_id, card.id)

    def known(self, card: Card) -> KnownObject:
        """What we know of the card's object."""
        with reading(self.engine) as connection:
            found = object_of(connection, card.id)
        assert found is not None
        return found

    def destination(self, card: Card) -> Any:
        """Where the card lives, as the tables say."""
        with reading(self.engine) as connection:
            query = select(tables.destination).where(tables.destination.c.card_id == card.id)
            return connection.execute(query).one()

    def object(self, card: Card) -> dict[str, Any]:
        """The card's object as Google has it."""
        return self.google.objects[f"{ISSUER_ID}.{card.serial_number}"]

    def loyalty_class(self) -> dict[str, Any]:
        """The program's class as Google has it."""
        return self.google.classes[f"{ISSUER_ID}.{self.shop.program.id}"]
