"""Claims on destinations that are due, and what becomes of them.

A claim is a lease: it moves `due_at` to the lease's end, so work that its worker never settled is due again by itself.
That end is also the proof of the claim: a worker that outlived its lease finds another value there and settles nothing.
"""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, Protocol

from sqlalchemy import Connection, case, func, literal, null, select, text, update

from walletpass.database import Instant
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import GAP

LEASE = timedelta(minutes=1)
"""Longer than a batch of pushes takes, answers that never come included."""

BATCH = 250

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_WAIT_ASKED = timedelta(days=1)
WAIT_FOR_REPAIR = timedelta(minutes=15)


@dataclass(frozen=True)
class Claimed:
    """A destination that is ours to bring up to date until the lease ends.

    wanted_revision: the revision to deliver. attempts: how many have failed so far, one after the other.
    """

    destination_id: str
    kind: str
    wanted_revision: int
    attempts: int
    leased_until: datetime
    claimed_at: datetime


class Result(StrEnum):
    """What became of a claim."""

    DELIVERED = "delivered"
    LATER = "later"  # try again, each time after a longer wait
    BLOCKED = "blocked"  # the installation has to be repaired first


@dataclass(frozen=True)
class Verdict:
    """What became of one claim.

    trouble: what went wrong, in English and marked for translation.
    retry_after: how long the platform asked us to wait.
    """

    claimed: Claimed
    result: Result
    trouble: str | None = None
    retry_after: timedelta | None = None


class Channel(Protocol):
    """The way to all destinations of one kind."""

    def send(self, items: Sequence[Claimed]) -> Generator[Verdict]:
        """Bring the destinations up to date; a verdict on each as soon as the platform has answered.

        A destination that turns out to be gone is removed instead. Closing the generator gives up what is under way.
        """


def claim(
    connection: Connection, kinds: Collection[str], now: datetime, *, lease: timedelta = LEASE, limit: int = BATCH
) -> list[Claimed]:
    """Claim what is due, what has waited longest first. Belongs into a transaction of its own."""
    destination = tables.destination.c
    # PostgreSQL computes a CTE that locks rows exactly once; a plain subquery it may run again and claim too much.
    due = (
        select(destination.id)
        .where(destination.due_at <= now, destination.kind.in_(kinds))
        .order_by(destination.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = (
        update(tables.destination)
        .where(destination.id.in_(select(due.c.id)))
        .values(due_at=now + lease)
        .returning(
            destination.id, destination.kind, destination.wanted_revision, destination.attempts, destination.due_at
        )
    )
    return [
        Claimed(row.id, row.kind, row.wanted_revision, row.attempts, row.due_at, now)
        for row in connection.execute(claimed)
    ]


def next_due(connection: Connection, kinds: Collection[str]) -> datetime | None:
    """When the next destination is due; None when all are up to date."""
    destination = tables.destination.c
    query = select(func.min(destination.due_at)).where(destination.due_at.is_not(null()), destination.kind.in_(kinds))
    moment: datetime | None = connection.execute(query).scalar_one()
    return moment


def settle(connection: Connection, verdict: Verdict, now: datetime, rng: Random) -> bool:
    """Write a verdict down. False when the claim has been lost meanwhile, which changes nothing.

    Belongs into a transaction of its own: one that settled several could wait in a circle with a change of a program.
    """
    if connection.dialect.name == "postgresql":
        # A power cut may take the last settlements back, which costs those phones a second push. Waiting for the disk
        # after every push would cost more than half of the speed.
        connection.execute(text("SET LOCAL synchronous_commit TO off"))
    claimed, destination = verdict.claimed, tables.destination.c
    settled = (
        update(tables.destination)
        .where(destination.id == claimed.destination_id, destination.due_at == claimed.leased_until)
        .values(**_settlement(verdict, now, rng))
    )
    return connection.execute(settled).rowcount == 1


def _settlement(verdict: Verdict, now: datetime, rng: Random) -> dict[str, Any]:
    claimed = verdict.claimed
    match verdict.result:
        case Result.DELIVERED:
            is_behind_again = tables.destination.c.wanted_revision > claimed.wanted_revision
            return {
                "delivered_revision": claimed.wanted_revision,
                "delivered_at": now,
                "attempts": 0,
                "trouble": None,
                "due_at": case((is_behind_again, literal(now + GAP, Instant())), else_=null()),
            }
        case Result.LATER:
            wait = _wait(claimed.attempts, verdict.retry_after, rng)
            return {"attempts": claimed.attempts + 1, "trouble": verdict.trouble, "due_at": now + wait}
        case Result.BLOCKED:
            return {"trouble": verdict.trouble, "due_at": now + WAIT_FOR_REPAIR}


def _wait(attempts: int, retry_after: timedelta | None, rng: Random) -> timedelta:
    """Twice as long after every failure, at random so that those who failed together do not come back together."""
    longest = min(FIRST_WAIT * (1 << min(attempts, 16)), LONGEST_WAIT)
    asked = min(retry_after or timedelta(0), LONGEST_WAIT_ASKED)
    return asked + longest * rng.random()
