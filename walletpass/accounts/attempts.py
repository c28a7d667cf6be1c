"""Attempts to sign in: how many are looked at, for each e-mail address and for each place on the network.

Kept in the database, so that all serving processes count together and a restart forgives nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy import Connection, delete, select, text, update

from walletpass.accounts import tables
from walletpass.accounts.errors import TooManyAttempts
from walletpass.database import from_milliseconds, to_milliseconds
from walletpass.loyalty.rules import in_short

MOST_FORGOTTEN = 100


@dataclass(frozen=True)
class Limit:
    """A number of attempts at once; each of them comes back after the time `every`, one after the other."""

    at_once: int
    every: timedelta

    def opens_at(self, clear_at: datetime) -> datetime:
        """When the attempt is looked at that makes `clear_at` the time when all are forgotten."""
        return clear_at - self.at_once * self.every

    @property
    def every_in_milliseconds(self) -> int:
        """The same span as the table counts it."""
        return self.every // timedelta(milliseconds=1)


EMAIL_LIMIT = Limit(at_once=10, every=timedelta(minutes=2))
PLACE_LIMIT = Limit(at_once=60, every=timedelta(seconds=15))  # a whole team signs in from one shop

# One statement, so that attempts at the same moment all count: the row is locked from the first look at it.
_COUNT = text(
    """
    INSERT INTO attempt (subject, clear_at) VALUES (:subject, :clear_if_first)
    ON CONFLICT (subject) DO UPDATE
    SET clear_at = CASE WHEN attempt.clear_at > :now THEN attempt.clear_at + :every ELSE :clear_if_first END
    RETURNING clear_at
    """
)


def count_attempt(connection: Connection, email: str, place: str, now: datetime) -> None:
    """Count an attempt, before its password is looked at. Raises TooManyAttempts.

    email: as typed, a member's or not. place: the network address that the attempt comes from.
    An attempt that is refused must not be counted, or waiting would never end: roll the transaction back.
    """
    for subject, limit in _subjects(email, place):
        opens_at = limit.opens_at(_count(connection, subject, limit, now))
        if now < opens_at:
            raise TooManyAttempts(opens_at, in_short(opens_at - now))
    _forget_old(connection, now)


def forgive(connection: Connection, email: str, place: str) -> None:
    """The attempt was right: forget those for the address, and this one for the place.

    Those of the place stay, or whoever owns one account could go on guessing at others by signing in now and then.
    """
    (email_subject, _), (place_subject, limit) = _subjects(email, place)
    connection.execute(delete(tables.attempt).where(tables.attempt.c.subject == email_subject))
    connection.execute(
        update(tables.attempt)
        .where(tables.attempt.c.subject == place_subject)
        .values(clear_at=tables.attempt.c.clear_at - limit.every_in_milliseconds)
    )


def _count(connection: Connection, subject: str, limit: Limit, now: datetime) -> datetime:
    """One more attempt. Returns when all will have been forgotten."""
    present, every = to_milliseconds(now), limit.every_in_milliseconds
    values = {"subject": subject, "now": present, "every": every, "clear_if_first": present + every}
    return from_milliseconds(connection.execute(_COUNT, values).scalar_one())


def _subjects(email: str, place: str) -> Iterator[tuple[str, Limit]]:
    # Always in this order: two transactions can then never wait for each other.
    yield _subject("email", email), EMAIL_LIMIT
    yield _subject("place", _network(place)), PLACE_LIMIT


def _subject(kind: str, text: str) -> str:
    # A hash, because people type their password into the wrong field, and because a row should not name anybody.
    return sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _network(place: str) -> str:
    """The address, or the /64 network of an IPv6 address: one subscriber owns all 2**64 addresses of it."""
    try:
        address = ip_address(place)
    except ValueError:
        return place
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))
    return str(address)


def _forget_old(connection: Connection, now: datetime) -> None:
    # Comes last and skips what others hold, so that it neither waits nor makes others wait in a circle.
    old = (
        select(tables.attempt.c.subject)
        .where(tables.attempt.c.clear_at <= now)
        .limit(MOST_FORGOTTEN)
        .with_for_update(skip_locked=True)
    )
    connection.execute(delete(tables.attempt).where(tables.attempt.c.subject.in_(old)))
