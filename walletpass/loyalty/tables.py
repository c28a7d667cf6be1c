"""The tables of the loyalty rooms. Rows are read and written through operations, never handed to callers."""

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import JSON, BigInteger, Column, Index, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from walletpass.database import Instant


class MerchantRow(SQLModel, table=True):
    """A business: the tenant. Everything else belongs to exactly one."""

    __tablename__ = "merchant"

    id: str = Field(primary_key=True)
    slug: str = Field(unique=True)
    name: str
    language: str
    email: str | None = None
    phone: str | None = None
    website: str | None = None
    created_at: datetime = Field(sa_type=Instant)


class LocationRow(SQLModel, table=True):
    """One shop of a merchant."""

    __tablename__ = "location"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True)
    name: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str
    relevant_text: str | None = None
    created_at: datetime = Field(sa_type=Instant)


class ProgramRow(SQLModel, table=True):
    """A loyalty program: its rules and the design of its card."""

    __tablename__ = "program"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True)
    slug: str = Field(unique=True)
    name: str
    stamps_required: int
    reward: str
    reward_days: int | None = None
    first_stamp: bool
    extras: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    pause_seconds: int | None = None
    per_scan: int | None = None
    per_day: int | None = None
    terms: str
    design: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    revision: int
    created_at: datetime = Field(sa_type=Instant)


class CustomerRow(SQLModel, table=True):
    """A person, who may stay anonymous: nothing but the id is needed."""

    __tablename__ = "customer"

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True)
    name: str | None = None
    birthday: date | None = None
    email: str | None = None
    language: str
    created_at: datetime = Field(sa_type=Instant)


class CardRow(SQLModel, table=True):
    """One customer's membership in one program, with the balance that the ledger adds up to."""

    __tablename__ = "card"
    __table_args__ = (Index("ix_card_merchant_id_last_modified", "merchant_id", "last_modified"),)

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id")
    program_id: str = Field(foreign_key="program.id", index=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    serial_number: str = Field(unique=True)
    code: str = Field(unique=True)
    key_id: str
    stamps: int
    round: int
    entries: int
    news: str
    revision: int
    last_modified: int = Field(sa_type=BigInteger)  # seconds: 32 bits end in 2038
    created_at: datetime = Field(sa_type=Instant)
    last_stamped_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class RewardRow(SQLModel, table=True):
    """A reward that a card has earned. It keeps the terms of the day it was earned."""

    __tablename__ = "reward"
    __table_args__ = (
        Index(
            "ix_reward_due",
            "expires_at",
            postgresql_where=text("state = 'ready'"),
            sqlite_where=text("state = 'ready'"),
        ),
    )

    id: str = Field(primary_key=True)
    card_id: str = Field(foreign_key="card.id", index=True)
    name: str
    milestone: int
    round: int
    stamps_spent: int
    state: str
    earned_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)


class EntryRow(SQLModel, table=True):
    """An immutable record of something that happened to a card."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("card_id", "number"),
        Index("ix_ledger_entry_merchant_id_at", "merchant_id", "at"),
        Index("ix_ledger_entry_card_id_at", "card_id", "at"),
    )

    id: str = Field(primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id")
    card_id: str = Field(foreign_key="card.id")
    number: int
    kind: str
    stamps: int
    reward_id: str | None = Field(default=None, foreign_key="reward.id", index=True)
    cause_id: str | None = Field(default=None, foreign_key="ledger_entry.id")
    reverses_id: str | None = Field(default=None, foreign_key="ledger_entry.id", unique=True)
    location_id: str | None = Field(default=None, foreign_key="location.id")
    actor: str
    note: str | None = None
    override: str | None = None
    at: datetime = Field(sa_type=Instant)


class DestinationRow(SQLModel, table=True):
    """One place where a card lives. It is behind while its delivered revision is lower than the wanted one.

    due_at: when to act next; None while it is up to date. A worker that claims the row moves it to the end of
    its lease, so work that was left lying comes back by itself.
    trouble: what the wallet's platform refused, in words; None when the last attempt went well.
    """

    __tablename__ = "destination"
    __table_args__ = (
        Index(
            "ix_destination_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    card_id: str = Field(foreign_key="card.id", index=True)
    kind: str
    wanted_revision: int
    delivered_revision: int
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)
    attempts: int = 0
    trouble: str | None = None
    created_at: datetime = Field(sa_type=Instant)


class AnswerRow(SQLModel, table=True):
    """What was answered to a request that carried an idempotency key."""

    __tablename__ = "answer"

    merchant_id: str = Field(primary_key=True, foreign_key="merchant.id")
    key: str = Field(primary_key=True)
    request: str
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = Field(sa_type=Instant, index=True)


def table_of(row: type[SQLModel]) -> Table:
    """The table behind a row class, for statements that need no objects."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined]


merchant = table_of(MerchantRow)
location = table_of(LocationRow)
program = table_of(ProgramRow)
customer = table_of(CustomerRow)
card = table_of(CardRow)
reward = table_of(RewardRow)
entry = table_of(EntryRow)
destination = table_of(DestinationRow)
answer = table_of(AnswerRow)
