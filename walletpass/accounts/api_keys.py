"""API keys: what a program shows to act for a merchant."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, bindparam, insert, select, update

from walletpass.accounts import tables
from walletpass.accounts.errors import NoSuchKey
from walletpass.accounts.roles import Role
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.texts import LONGEST_NAME, line

PREFIX = "wp_live_"
"""Tells people, and the scanners that look for leaked secrets, what the rest is."""


@dataclass(frozen=True)
class ApiKey:
    """A bearer key of the JSON API. The secret itself is nowhere kept."""

    id: str
    merchant_id: str
    name: str
    role: Role


_BY_HASH = select(
    tables.api_key.c.id, tables.api_key.c.merchant_id, tables.api_key.c.name, tables.api_key.c.role
).where(tables.api_key.c.key_hash == bindparam("key_hash"), tables.api_key.c.revoked_at.is_(None))


def create_api_key(connection: Connection, merchant_id: str, name: str, role: Role, now: datetime) -> str:
    """The secret of a new key: 256 random bits, to be shown once and never again. Raises Unfit.

    name: what the key is for, in the merchant's words.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(tables.api_key).values(
            id=new_id(),
            merchant_id=merchant_id,
            name=line("name", name, LONGEST_NAME),
            role=role,
            key_hash=_hash(secret),
            created_at=now,
        )
    )
    return secret


def key_by_secret(connection: Connection, secret: str) -> ApiKey | None:
    """The key with that secret; None when there is none, or it was revoked. One look into one index."""
    row = connection.execute(_BY_HASH, {"key_hash": _hash(secret)}).one_or_none()
    return None if row is None else ApiKey(row.id, row.merchant_id, row.name, row.role)


def api_keys_of(connection: Connection, merchant_id: str) -> list[ApiKey]:
    """The merchant's keys that work, oldest first."""
    keys = tables.api_key
    query = select(keys).where(keys.c.merchant_id == merchant_id, keys.c.revoked_at.is_(None)).order_by(keys.c.id)
    return [ApiKey(row.id, row.merchant_id, row.name, row.role) for row in connection.execute(query)]


def revoke_api_key(connection: Connection, merchant_id: str, key_id: str, now: datetime) -> None:
    """The key opens nothing from now on. Raises NoSuchKey."""
    keys = tables.api_key
    working = (keys.c.id == key_id, keys.c.merchant_id == merchant_id, keys.c.revoked_at.is_(None))
    if not connection.execute(update(keys).where(*working).values(revoked_at=now)).rowcount:
        raise NoSuchKey


def _hash(secret: str) -> str:
    # One round of SHA-256 and not argon2: nobody guesses 256 random bits, so there is nothing to slow down, and every
    # call of the API pays for it. Passwords are another matter (`passwords`).
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
