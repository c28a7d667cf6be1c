"""Which callbacks have come already. Google may send one twice, and others may send again what they have overheard."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete
from sqlmodel import Field, SQLModel

from walletpass.database import Instant, insert_if_new
from walletpass.loyalty.tables import table_of


class CallbackRow(SQLModel, table=True):
    """A callback that has come.

    nonce: a digest of its nonce. forget_at: from then on it would be refused as expired.
    """

    __tablename__ = "google_callback"

    nonce: str = Field(primary_key=True)
    forget_at: datetime = Field(sa_type=Instant, index=True)


callback = table_of(CallbackRow)


def is_first(connection: Connection, nonce: str, *, forget_at: datetime, now: datetime) -> bool:
    """Whether the nonce was never seen before; it is from now on. Belongs into the transaction that acts on it."""
    connection.execute(delete(callback).where(callback.c.forget_at < now))
    return insert_if_new(connection, callback, nonce=sha256(nonce.encode()).hexdigest(), forget_at=forget_at)
