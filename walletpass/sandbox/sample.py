"""The sample merchant of the demo."""

from datetime import datetime
from typing import TypedDict

from sqlalchemy import Connection

from walletpass.accounts.api_keys import create_api_key
from walletpass.accounts.members import create_member
from walletpass.accounts.passwords import new_password
from walletpass.loyalty.merchants import create_location, create_merchant
from walletpass.loyalty.programs import create_program
from walletpass.loyalty.rules import Extra, Shield, Terms
from walletpass.passes.design import load_design

PROGRAM = "coffee"
OWNER, STAFF = "owner@example.com", "staff@example.com"


class SignIns(TypedDict):
    """What opens the sample merchant's pages; made up for each demo, and kept in its folder only."""

    owner: str
    staff: str
    api_key: str


def make_sample(connection: Connection, now: datetime) -> SignIns:
    """A café with a location, a program, an owner, a member of staff and an API key."""
    merchant = create_merchant(
        connection,
        slug="corner-cafe",
        name="Corner Café",
        email="hello@cafe.example",
        phone="+48 22 555 01 23",
        website="https://cafe.example",
        now=now,
    )
    create_location(
        connection,
        merchant.id,
        name="Market Square",
        address="Rynek 1, Warszawa",
        latitude=52.2497,
        longitude=21.0122,
        time_zone="Europe/Warsaw",
        now=now,
    )
    create_program(
        connection,
        merchant.id,
        slug=PROGRAM,
        name="Coffee Card",
        # No pause between stamps here: whoever tries the demo wants to see a full card before the coffee is cold.
        terms=Terms(
            stamps_required=10,
            reward="Free coffee",
            extras=(Extra(5, "Pastry of the day"),),
            reward_days=90,
            first_stamp=True,
            shield=Shield(pause_seconds=None, per_scan=5, per_day=None),
        ),
        conditions=load_design("coffee").program.terms["en"],
        design={"template": "coffee"},
        now=now,
    )
    signs = SignIns(owner=new_password(), staff=new_password(), api_key="")
    create_member(connection, merchant.id, email=OWNER, name="Owner", password=signs["owner"], role="owner", now=now)
    create_member(connection, merchant.id, email=STAFF, name="Counter", password=signs["staff"], role="staff", now=now)
    signs["api_key"] = create_api_key(connection, merchant.id, "demo", "manager", now)
    return signs
