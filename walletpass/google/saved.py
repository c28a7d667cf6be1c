"""What we know of classes and objects at Google. All functions run in the caller's transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from walletpass.database import insert_if_new
from walletpass.google.tables import loyalty_class, loyalty_object
from walletpass.loyalty import tables
from walletpass.loyalty.cards import Card, card_by_id
from walletpass.loyalty.destinations import add_destination

KIND = "google"
"""The kind of the destinations that objects are."""


@dataclass(frozen=True)
class KnownObject:
    """A card's object.

    balance: the numbers that it shows. has_users: whether anybody holds it; None when nobody knows.
    delivered: whether Google has ever taken it from us. delivered_revision: of the card, that it has taken last.
    """

    destination_id: str
    object_id: str
    balance: str | None
    has_users: bool | None
    delivered: bool
    delivered_revision: int


@dataclass(frozen=True)
class KnownClass:
    """A program's class: digests of what Google was sent last, and what it said when it refused the locations."""

    digest: str
    places_digest: str | None
    places_refused: str | None


def object_of(connection: Connection, card_id: str) -> KnownObject | None:
    """The card's object; None when it was never offered to Google."""
    destination = tables.destination
    query = (
        select(loyalty_object, destination.c.delivered_at, destination.c.delivered_revision)
        .join(destination, destination.c.id == loyalty_object.c.destination_id)
        .where(loyalty_object.c.card_id == card_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    delivered = row.delivered_at is not None or row.delivered_revision > 0
    return KnownObject(row.destination_id, row.object_id, row.balance, row.has_users, delivered, row.delivered_revision)


def card_at(connection: Connection, destination_id: str) -> Card:
    """The card that lives at a destination of ours."""
    query = (
        select(tables.card.c.merchant_id, tables.card.c.id)
        .join(loyalty_object, loyalty_object.c.card_id == tables.card.c.id)
        .where(loyalty_object.c.destination_id == destination_id)
    )
    merchant_id, card_id = connection.execute(query).one()
    return card_by_id(connection, merchant_id, card_id)


def remember_object(
    connection: Connection, card_id: str, object_id: str, *, revision: int, balance: str | None, now: datetime
) -> None:
    """From now on the card's object is kept up to date. revision, balance: what Google shows; 0 and None: nothing yet.

    Nothing happens when it is known already.
    """
    # Two clicks at once: the second one waits here and then sees what the first one wrote.
    connection.execute(
        select(tables.card.c.revision).where(tables.card.c.id == card_id).with_for_update(key_share=True)
    )
    known = object_of(connection, card_id)
    if known is not None and known.object_id == object_id:
        return
    if known is not None:
        _move(connection, known, object_id, now)
        return
    connection.execute(
        insert(loyalty_object).values(
            destination_id=add_destination(connection, card_id, KIND, revision=revision, now=now),
            card_id=card_id,
            object_id=object_id,
            balance=balance,
        )
    )


def _move(connection: Connection, known: KnownObject, object_id: str, now: datetime) -> None:
    """The card was known to another issuer, before the settings changed: it starts anew at this one."""
    mine = loyalty_object.c.destination_id == known.destination_id
    connection.execute(update(loyalty_object).where(mine).values(object_id=object_id, balance=None, has_users=None))
    destination = tables.destination
    connection.execute(
        update(destination)
        .where(destination.c.id == known.destination_id)
        .values(delivered_revision=0, delivered_at=None, due_at=now)
    )


def note_sent(connection: Connection, known: KnownObject, balance: str, has_users: bool | None) -> None:
    """Google has taken the object. has_users: None when it did not say."""
    held = known.has_users if has_users is None else has_users
    if (balance, held) != (known.balance, known.has_users):
        mine = loyalty_object.c.destination_id == known.destination_id
        connection.execute(update(loyalty_object).where(mine).values(balance=balance, has_users=held))


def note_holders(connection: Connection, object_id: str, has_users: bool) -> bool:
    """Somebody holds the object, or nobody does any more. False when it is none of ours."""
    mine = update(loyalty_object).where(loyalty_object.c.object_id == object_id).values(has_users=has_users)
    return connection.execute(mine).rowcount == 1


def anybody_holds(connection: Connection) -> bool:
    """Whether any card of the installation was ever seen in somebody's Google Wallet and still is."""
    query = select(loyalty_object.c.object_id).where(loyalty_object.c.has_users.is_(True)).limit(1)
    return connection.execute(query).first() is not None


def class_known(connection: Connection, class_id: str) -> KnownClass | None:
    """What Google has of a class; None when it was never sent."""
    row = connection.execute(select(loyalty_class).where(loyalty_class.c.class_id == class_id)).one_or_none()
    return None if row is None else KnownClass(row.digest, row.places_digest, row.places_refused)


def keep_class(connection: Connection, class_id: str, program_id: str, known: KnownClass, now: datetime) -> None:
    """Google has taken the class."""
    kept = {**asdict(known), "program_id": program_id, "sent_at": now}
    if not insert_if_new(connection, loyalty_class, class_id=class_id, **kept):
        connection.execute(update(loyalty_class).where(loyalty_class.c.class_id == class_id).values(**kept))


def refused_places(connection: Connection, merchant_id: str | None = None) -> list[str]:
    """What Google said where it would not take locations, of that merchant if one is given."""
    said = loyalty_class.c.places_refused
    query = select(said).where(said.is_not(None)).distinct()
    if merchant_id is not None:
        ours = tables.program.c.id == loyalty_class.c.program_id
        query = query.join(tables.program, ours).where(tables.program.c.merchant_id == merchant_id)
    return list(connection.execute(query).scalars())
