"""Destinations: where a card lives. Being behind is a fact in the tables, so no worker and no wake-up can lose it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, func, insert, literal, null, update

from walletpass.database import Instant
from walletpass.loyalty import tables
from walletpass.loyalty.ids import new_id

GATHER = timedelta(milliseconds=100)
"""How long the first change waits for company, so that a burst of stamps costs one push."""

GAP = timedelta(seconds=1)
"""The least time between two pushes to one destination: phones defer those who push more (apple-wallet 4.3)."""


def add_destination(connection: Connection, card_id: str, kind: str, *, revision: int, now: datetime) -> str:
    """A new place where the card lives, which shows that revision already. Returns its id."""
    destination_id = new_id()
    connection.execute(
        insert(tables.destination).values(
            id=destination_id,
            card_id=card_id,
            kind=kind,
            wanted_revision=revision,
            delivered_revision=revision,
            attempts=0,
            created_at=now,
        )
    )
    return destination_id


def remove_destination(connection: Connection, destination_id: str) -> None:
    """The card no longer lives there."""
    connection.execute(delete(tables.destination).where(tables.destination.c.id == destination_id))


def mark_behind(connection: Connection, card_id: str, revision: int, now: datetime) -> None:
    """All destinations of the card must learn of the revision. Belongs into the transaction that made it."""
    connection.execute(
        update(tables.destination)
        .where(tables.destination.c.card_id == card_id)
        .values(wanted_revision=revision, due_at=_due(now))
    )


def mark_program_behind(connection: Connection, program_id: str, now: datetime) -> None:
    """All destinations of all cards of a program must learn of their cards' revisions."""
    cards = tables.card
    wanted = (
        cards.select()
        .with_only_columns(cards.c.revision)
        .where(cards.c.id == tables.destination.c.card_id)
        .scalar_subquery()
    )
    of_program = cards.select().with_only_columns(cards.c.id).where(cards.c.program_id == program_id)
    connection.execute(
        update(tables.destination)
        .where(tables.destination.c.card_id.in_(of_program))
        .values(wanted_revision=wanted, due_at=_due(now))
    )


def _due(now: datetime) -> object:
    """When to act: at once but for GATHER and GAP; a retry that is already planned keeps its time."""
    soon = literal(now + GATHER, Instant())
    after_gap = tables.destination.c.delivered_at + int(GAP.total_seconds() * 1000)
    return case(
        (tables.destination.c.due_at.is_not(null()), tables.destination.c.due_at),
        (after_gap > soon, after_gap),
        else_=soon,
    )


def behind(connection: Connection) -> tuple[int, datetime | None]:
    """How many destinations are behind, and since when the longest-waiting one was due."""
    due = tables.destination.c.due_at
    row = connection.execute(
        tables.destination.select().with_only_columns(func.count(), func.min(due)).where(due.is_not(null()))
    ).one()
    return row[0], row[1]
