"""Builders that show only what matters to a test."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from walletpass.database import transaction
from walletpass.loyalty import merchants, operations, programs
from walletpass.loyalty.cards import Card
from walletpass.loyalty.ledger import By
from walletpass.loyalty.merchants import Location, Merchant
from walletpass.loyalty.programs import Program
from walletpass.loyalty.rules import Shield, Terms

STAFF = By("member:staff")
KEY_ID = "0123456789ab"
NO_SHIELD = Shield(None, None, None)


@dataclass(frozen=True)
class Shop:
    """A merchant with all that belongs to it."""

    engine: Engine
    merchant: Merchant
    location: Location
    program: Program
    opened_at: datetime

    def join(self, **details: Any) -> Card:
        """A customer joins."""
        given = {"key_id": KEY_ID, "now": self.opened_at, "language": "en", **details}
        with transaction(self.engine) as connection:
            return operations.join(connection, self.program, **given).card


def terms(**changes: Any) -> Terms:
    """Ten stamps earn a free coffee, and nothing is in the way."""
    given: dict[str, Any] = {"stamps_required": 10, "reward": "Free coffee", "shield": NO_SHIELD, **changes}
    return Terms(**given)


def open_shop(engine: Engine, *, now: datetime, slug: str = "bean", **changes: Any) -> Shop:
    """A café with one location and one program; `changes` go into the program's terms."""
    with transaction(engine) as connection:
        merchant = merchants.create_merchant(
            connection, slug=slug, name="Bean Bar", now=now, email="hello@bean.example"
        )
        location = merchants.create_location(
            connection,
            merchant.id,
            name="High Street",
            now=now,
            time_zone="Europe/Warsaw",
            latitude=52.2297,
            longitude=21.0122,
        )
        program = programs.create_program(
            connection,
            merchant.id,
            slug=f"{slug}-card",
            name="Coffee Card",
            terms=terms(**changes),
            design={"template": "coffee"},
            now=now,
        )
    return Shop(engine, merchant, location, program, now)
