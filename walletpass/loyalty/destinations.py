"""Destinations: where a card lives. Being behind is a fact in the tables, so no worker and no wake-up can lose it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, delete, func, insert, null, select, update

from walletpass.database import Instant
from walletpass.loyalty import tables
from walletpass.loyalty.ids import new_id

GATHER = timedelta(milliseconds=100)
"""How long the first change waits for company, so that a burst of stamps costs one push."""

GAP = timedelta(seconds=1)
"""The least time between two pushes to one destination: phones defer those who push more (apple-wallet 4.3)."""


def add_destination(connection: Connection, card_id: str, kind: str, *, revision: int, now: datetime) -> str:
    """A new place where the card lives, which shows that revision already. Returns its id.

    The card may have moved on since, or be about to: it is locked here, so that no revision falls between.
    """
    destination_id = new_id()
    query = select(tables.card.c.revision).where(tables.card.c.id == card_id)
    latest: int = connection.execute(query.with_for_update(key_share=True)).scalar_one()
    connection.execute(
        insert(tables.destination).values(
            id=destination_id,
            card_id=card_id,
            kind=kind,
            wanted_revision=latest,
            delivered_revision=revision,
            due_at=now + GATHER if revision < latest else None,
            attempts=0,
            created_at=now,
        )
    )
    return destination_id


def remove_destination(connection: Connection, destination_id: str) -> None:
    """The card no longer lives there."""
    connection.execute(delete(tables.destination).where(tables.destination.c.id == destination_id))


# When to act: at once but for GATHER and GAP; a retry that is already planned keeps its time.
_SOON = bindparam("soon", type_=Instant())
_AFTER_GAP = tables.destination.c.delivered_at + int(GAP.total_seconds() * 1000)
_DUE = case(
    (tables.destination.c.due_at.is_not(null()), tables.destination.c.due_at),
    (_AFTER_GAP > _SOON, _AFTER_GAP),
    else_=_SOON,
)
_MARK = (
    update(tables.destination)
    .where(tables.destination.c.card_id == bindparam("of_card"))
    .values(wanted_revision=bindparam("revision"), due_at=_DUE)
)
# Locked in the order of their cards, like all who lock several: otherwise two of them could wait in a circle.
_PLACES = (
    select(tables.destination.c.id)
    .join(tables.card, tables.card.c.id == tables.destination.c.card_id)
    .where(tables.card.c.program_id == bindparam("program_id"))
    .order_by(tables.card.c.id, tables.destination.c.id)
    .with_for_update(of=tables.destination)
    .cte("places")
)
_MARK_PROGRAM = (
    update(tables.destination)
    .where(tables.destination.c.id.in_(select(_PLACES.c.id)))
    .values(
        wanted_revision=select(tables.card.c.revision)
        .where(tables.card.c.id == tables.destination.c.card_id)
        .scalar_subquery(),
        due_at=_DUE,
    )
)


def mark_behind(connection: Connection, card_id: str, revision: int, now: datetime) -> None:
    """All destinations of the card must learn of the revision. Belongs into the transaction that made it."""
    connection.execute(_MARK, {"of_card": card_id, "revision": revision, "soon": now + GATHER})


def mark_program_behind(connection: Connection, program_id: str, now: datetime) -> None:
    """All destinations of all cards of a program must learn of their cards' revisions."""
    connection.execute(_MARK_PROGRAM, {"program_id": program_id, "soon": now + GATHER})


def behind(connection: Connection) -> tuple[int, datetime | None]:
    """How many destinations are behind, and since when the longest-waiting one was due."""
    due = tables.destination.c.due_at
    row = connection.execute(select(func.count(), func.min(due)).where(due.is_not(null()))).one()
    return row[0], row[1]


def troubles(connection: Connection) -> dict[str, int]:
    """What the platforms refused, in words, and for how many destinations."""
    found = tables.destination
    query = (
        select(found.c.trouble, func.count())
        .where(found.c.due_at.is_not(null()), found.c.trouble.is_not(null()))
        .group_by(found.c.trouble)
    )
    return {str(trouble): count for trouble, count in connection.execute(query)}
