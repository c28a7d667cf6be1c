"""Sign-ins: a browser proves once who is using it, and carries a token from then on."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine, delete, insert, select, update

from walletpass.accounts import attempts, tables
from walletpass.accounts.errors import WrongSignIn
from walletpass.accounts.members import Member, member_of_row, normalise_email
from walletpass.accounts.passwords import hash_password, is_outdated, is_password
from walletpass.database import reading, transaction

LASTS = timedelta(days=30)
"""How long a sign-in lasts without being used."""

ENDS_AFTER = timedelta(days=180)
"""When a sign-in ends, however often it was used."""

RENEWED_EVERY = timedelta(days=1)
"""A use within a day of the last renewal is not written down: most requests only read."""


@dataclass(frozen=True)
class SignIn:
    """A browser that is signed in as a member. token_hash names it in the table."""

    member: Member
    token_hash: str
    created_at: datetime
    expires_at: datetime

    def is_to_be_renewed(self, now: datetime) -> bool:
        """Whether `renew` would move its end by a day or more."""
        return _end(self.created_at, now) - self.expires_at >= RENEWED_EVERY


def sign_in(engine: Engine, email: str, password: str, *, place: str, now: datetime) -> str:
    """The token of a new sign-in, for the cookie. Raises WrongSignIn and TooManyAttempts.

    place: the network address of the browser.
    Uses transactions of its own: working on the password takes long, and no stamp should wait for it.
    """
    email = normalise_email(email)
    with transaction(engine) as connection:
        attempts.count_attempt(connection, email, place, now)
    with reading(engine) as connection:
        found = _member_and_hash(connection, email)
    if not is_password(password, found and found[1]) or found is None:
        raise WrongSignIn
    member, password_hash = found
    renewed_hash = hash_password(password) if is_outdated(password_hash) else None
    with transaction(engine) as connection:
        attempts.forgive(connection, email, place)
        if renewed_hash:
            _keep_hash(connection, member, old=password_hash, new=renewed_hash)
        return open_sign_in(connection, member, now)


def open_sign_in(connection: Connection, member: Member, now: datetime) -> str:
    """The token of a new sign-in for a member who has proved to be one. Forgets sign-ins that have ended."""
    connection.execute(delete(tables.sign_in).where(tables.sign_in.c.expires_at <= now))
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(tables.sign_in).values(
            token_hash=_hash(token), member_id=member.id, created_at=now, expires_at=_end(now, now)
        )
    )
    return token


def sign_in_by_token(connection: Connection, token: str, now: datetime) -> SignIn | None:
    """The sign-in that a cookie's token belongs to; None when there is none, or it has ended."""
    token_hash = _hash(token)
    query = (
        select(tables.member, tables.sign_in.c.created_at.label("since"), tables.sign_in.c.expires_at)
        .join(tables.sign_in, tables.sign_in.c.member_id == tables.member.c.id)
        .where(tables.sign_in.c.token_hash == token_hash, tables.sign_in.c.expires_at > now)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else SignIn(member_of_row(row), token_hash, row.since, row.expires_at)


def renew(connection: Connection, signed_in: SignIn, now: datetime) -> None:
    """The sign-in was used: let it last from now on, though not past its absolute end."""
    connection.execute(
        update(tables.sign_in)
        .where(tables.sign_in.c.token_hash == signed_in.token_hash)
        .values(expires_at=_end(signed_in.created_at, now))
    )


def sign_out(connection: Connection, token: str) -> None:
    """End the sign-in that the token belongs to, if there is one."""
    connection.execute(delete(tables.sign_in).where(tables.sign_in.c.token_hash == _hash(token)))


def sign_out_everywhere(connection: Connection, member: Member) -> int:
    """End all sign-ins of a member, on every device. Returns how many there were."""
    return connection.execute(delete(tables.sign_in).where(tables.sign_in.c.member_id == member.id)).rowcount


def _member_and_hash(connection: Connection, email: str) -> tuple[Member, str] | None:
    query = select(tables.member).where(tables.member.c.email == email)
    row = connection.execute(query).one_or_none() if email.isprintable() else None
    return None if row is None else (member_of_row(row), row.password_hash)


def _keep_hash(connection: Connection, member: Member, *, old: str, new: str) -> None:
    # Only if it is still the old one: a password that was changed meanwhile must not come back.
    connection.execute(
        update(tables.member)
        .where(tables.member.c.id == member.id, tables.member.c.password_hash == old)
        .values(password_hash=new)
    )


def _end(created_at: datetime, now: datetime) -> datetime:
    return min(now + LASTS, created_at + ENDS_AFTER)


def _hash(token: str) -> str:
    # One round of SHA-256 is enough, and fast: nobody guesses 256 random bits, so there is nothing to slow down.
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
