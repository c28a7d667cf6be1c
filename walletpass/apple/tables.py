"""What Apple's web service has to remember: devices and their registrations."""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from walletpass.database import Instant
from walletpass.loyalty.tables import table_of


class DeviceRow(SQLModel, table=True):
    """A device, under the name that it chose for us, and where to push to it. It has at least one registration.

    changes: the last number that a change got for this device; its update tags are such numbers, see `updates`.
    registered_at: when it last said that this is its push token.
    """

    __tablename__ = "apple_device"

    library_identifier: str = Field(primary_key=True)
    push_token: str = Field(index=True)
    changes: int = Field(sa_type=BigInteger)
    registered_at: datetime = Field(sa_type=Instant)


class RegistrationRow(SQLModel, table=True):
    """A device's wish to be told of changes to one card.

    tag: the number that the device was given for the card's latest change. tag_revision: the revision it stands for.
    """

    __tablename__ = "apple_registration"
    __table_args__ = (UniqueConstraint("library_identifier", "card_id"),)

    destination_id: str = Field(primary_key=True, foreign_key="destination.id")
    library_identifier: str = Field(foreign_key="apple_device.library_identifier")
    pass_type_identifier: str
    card_id: str = Field(foreign_key="card.id", index=True)
    tag: int = Field(sa_type=BigInteger)
    tag_revision: int
    registered_at: datetime = Field(sa_type=Instant)


device = table_of(DeviceRow)
registration = table_of(RegistrationRow)
