"""What we remember of our classes and objects at Google."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from walletpass.database import Instant
from walletpass.loyalty.tables import table_of


class ClassRow(SQLModel, table=True):
    """A program's loyalty class, as Google has it.

    digest: of the class that Google took last. places_digest: of the locations that it was last asked to take.
    places_refused: what it said to them, when it would not take them.
    """

    __tablename__ = "google_class"

    class_id: str = Field(primary_key=True)
    program_id: str = Field(foreign_key="program.id", index=True)
    digest: str
    places_digest: str | None = None
    places_refused: str | None = None
    sent_at: datetime = Field(sa_type=Instant)


class ObjectRow(SQLModel, table=True):
    """A card's loyalty object. A card has at most one, and with it one destination.

    balance: the numbers that Google has shown last, see `objects.balance_of`; None before it has taken any.
    has_users: whether anybody holds it, as Google said last; None before it has said so.
    """

    __tablename__ = "google_object"

    destination_id: str = Field(primary_key=True, foreign_key="destination.id")
    card_id: str = Field(foreign_key="card.id", unique=True)
    object_id: str = Field(unique=True)
    balance: str | None = None
    has_users: bool | None = None


class NoticeRow(SQLModel, table=True):
    """A call that made, or may have made, phones ring for an object; kept for as long as it counts."""

    __tablename__ = "google_notice"
    __table_args__ = (Index("ix_google_notice_destination_id_at", "destination_id", "at"),)

    id: str = Field(primary_key=True)
    destination_id: str = Field(foreign_key="google_object.destination_id")
    at: datetime = Field(sa_type=Instant)


class AllowanceRow(SQLModel, table=True):
    """What all workers together may ask of an issuer's API. next_at: when the next request has its turn."""

    __tablename__ = "google_allowance"

    issuer_id: str = Field(primary_key=True)
    next_at: datetime = Field(sa_type=Instant)


loyalty_class = table_of(ClassRow)
loyalty_object = table_of(ObjectRow)
notice = table_of(NoticeRow)
allowance = table_of(AllowanceRow)
