"""Registrations: which devices ask to be told of changes to which cards, and where to push to them.

All functions run in the caller's transaction. Locks are taken in one order, here and in `updates`, so that no two
transactions can wait for each other: the card, then the device, then the destination.
Source: https://developer.apple.com/documentation/walletpasses/register-a-pass-for-update-notifications
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, text, update

from walletpass.apple.tables import device, registration
from walletpass.database import Instant, to_milliseconds
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import add_destination, remove_destination

KIND = "apple"
"""The kind of the destinations that registrations are."""

# The same words on SQLite and PostgreSQL; SQLAlchemy has two constructs for them.
_KEEP_DEVICE = text(
    """
    INSERT INTO apple_device (library_identifier, push_token, changes, registered_at)
    VALUES (:library_identifier, :push_token, :changes, :now)
    ON CONFLICT (library_identifier) DO UPDATE
    SET push_token = excluded.push_token, registered_at = excluded.registered_at
    RETURNING changes
    """
).bindparams(bindparam("now", type_=Instant))


def register(
    connection: Connection,
    library_identifier: str,
    pass_type_identifier: str,
    card_id: str,
    push_token: str,
    now: datetime,
) -> bool:
    """The device asks to be told of changes to a card. True when it did not do so before.

    The push token replaces the one that the device had, for all its cards.
    """
    revision = _lock_card(connection, card_id)
    changes = _keep_device(connection, library_identifier, push_token, now)
    known = (
        update(registration)
        .where(registration.c.library_identifier == library_identifier, registration.c.card_id == card_id)
        .values(pass_type_identifier=pass_type_identifier, registered_at=now)
    )
    if connection.execute(known).rowcount:
        return False
    connection.execute(
        insert(registration).values(
            # We cannot know which revision the phone has; it asks for the list as soon as it has registered.
            destination_id=add_destination(connection, card_id, KIND, revision=revision, now=now),
            library_identifier=library_identifier,
            pass_type_identifier=pass_type_identifier,
            card_id=card_id,
            tag=changes + 1,
            tag_revision=revision,
            registered_at=now,
        )
    )
    connection.execute(
        update(device).where(device.c.library_identifier == library_identifier).values(changes=changes + 1)
    )
    return True


def unregister(connection: Connection, library_identifier: str, pass_type_identifier: str, card_id: str) -> None:
    """The device no longer asks about the card. Nothing happens when it never did."""
    if lock_device(connection, library_identifier) is not None:
        this = registration.c.card_id == card_id
        _remove(connection, library_identifier, this, registration.c.pass_type_identifier == pass_type_identifier)


def push_tokens(connection: Connection, pass_type_identifier: str, destination_ids: Sequence[str]) -> dict[str, str]:
    """Where to push for destinations: destination id -> push token. Those of another pass type are left out."""
    query = (
        select(registration.c.destination_id, device.c.push_token)
        .join(device, device.c.library_identifier == registration.c.library_identifier)
        .where(
            registration.c.destination_id.in_(destination_ids),
            registration.c.pass_type_identifier == pass_type_identifier,
        )
    )
    return {row.destination_id: row.push_token for row in connection.execute(query)}


def forget_token(connection: Connection, pass_type_identifier: str, push_token: str, dead_since: datetime) -> bool:
    """Drop the registrations of a token that APNs calls dead; True when that was done.

    A device that registered after that moment knew better: then all of the token's registrations stay.
    """
    query = (
        select(device.c.library_identifier, device.c.registered_at)
        .where(device.c.push_token == push_token)
        .order_by(device.c.library_identifier)
        .with_for_update()
    )
    devices = connection.execute(query).all()
    if any(row.registered_at > dead_since for row in devices):
        return False
    for row in devices:
        _remove(connection, row.library_identifier, registration.c.pass_type_identifier == pass_type_identifier)
    return True


def lock_device(connection: Connection, library_identifier: str) -> int | None:
    """The device's `changes`, and the device is ours until the transaction ends; None when there is no such device."""
    query = select(device.c.changes).where(device.c.library_identifier == library_identifier).with_for_update()
    changes: int | None = connection.execute(query).scalar_one_or_none()
    return changes


def _lock_card(connection: Connection, card_id: str) -> int:
    """The card's revision, which cannot rise until the transaction ends.

    Otherwise a stamp could mark the card's destinations as behind just before there is ours, and become visible just
    after the phone has asked for the list: no push, and nothing on the list.
    """
    query = select(tables.card.c.revision).where(tables.card.c.id == card_id).with_for_update(key_share=True)
    revision: int = connection.execute(query).scalar_one()
    return revision


def _keep_device(connection: Connection, library_identifier: str, push_token: str, now: datetime) -> int:
    """Write the device down, which locks it. Returns its `changes`.

    A new device does not start from 0: phones keep their last tag when they unregister, and its number must stay below
    all that the device gets when it comes back, or the phone would be told that it has seen what it has not.
    """
    values = {
        "library_identifier": library_identifier,
        "push_token": push_token,
        "changes": to_milliseconds(now),
        "now": now,
    }
    changes: int = connection.execute(_KEEP_DEVICE, values).scalar_one()
    return changes


def _remove(connection: Connection, library_identifier: str, *which: ColumnElement[bool]) -> None:
    """Remove registrations of a device that is locked, and with the last one the device."""
    of_device = registration.c.library_identifier == library_identifier
    removed = (
        delete(registration).where(of_device, *which).returning(registration.c.card_id, registration.c.destination_id)
    )
    for _, destination_id in sorted(connection.execute(removed).all()):  # by card, like all who lock several
        remove_destination(connection, destination_id)
    if connection.execute(select(registration.c.destination_id).where(of_device).limit(1)).first() is None:
        connection.execute(delete(device).where(device.c.library_identifier == library_identifier))
