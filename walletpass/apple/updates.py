"""Which of its cards a device has to fetch again, and the update tag that it shows us the next time.

A tag is a number of the device's own. A change gets its number when the device can first see it, not when it is made:
when the device asks for its list, every registration whose card has moved on since its last number gets the next one.

Why no change can hide behind a tag that has been given: whoever hands out numbers holds the device's row. So

1. numbers only grow, and a number that is handed out is higher than all that this device was ever given before;
2. an answer is made of committed rows only. A transaction on a card, wherever it stands, either has been committed
   before we look, then the card's revision is above `tag_revision` and the card gets a number now; or it has not, then
   the card will get its number in a later call, and by 1 that number is higher than the tag in today's answer.

In which order cards are stamped, and in which order those transactions commit, therefore does not matter: nothing is
derived from clocks or sequences of theirs. A device that registers anew starts above all its old numbers, see
`registrations`. A tag higher than what we have given (a database restored from a backup) asks for everything.

Source: https://developer.apple.com/documentation/walletpasses/get-the-list-of-updatable-passes
"""

from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from sqlalchemy import Connection, Engine, bindparam, select, update

from walletpass.apple.registrations import lock_device
from walletpass.apple.tables import device, registration
from walletpass.database import reading, transaction
from walletpass.loyalty import tables

LONGEST_TAG = 18  # digits; our numbers are milliseconds since 1970 and have 13


@dataclass(frozen=True)
class Updates:
    """What has changed: the serial numbers, and the tag that stands for having been told of them."""

    serial_numbers: tuple[str, ...]
    last_updated: str


class _Registered(NamedTuple):
    """A registration, with the `changes` of its device and the revision that its card has now."""

    destination_id: str
    serial_number: str
    tag: int
    tag_revision: int
    revision: int
    changes: int

    @property
    def is_behind(self) -> bool:
        return self.revision > self.tag_revision


def updated_since(
    engine: Engine, library_identifier: str, pass_type_identifier: str, tag: str | None
) -> Updates | None:
    """The device's cards that changed after it got that tag; None when there are none.

    tag: as the device sent it. None, and everything that is no tag of ours, asks for all its cards.
    """
    with reading(engine) as connection:
        registered = _registered(connection, library_identifier, pass_type_identifier)
    given = registered[0].changes if registered else 0
    if any(each.is_behind for each in registered):
        with transaction(engine) as connection:
            given = lock_device(connection, library_identifier) or 0
            _hand_out_numbers(connection, library_identifier, pass_type_identifier)
            registered = _registered(connection, library_identifier, pass_type_identifier)
    # Compared with what had been given before this call: only that can be in the phone's hands.
    since = _number(tag, highest=given)
    changed = [each for each in registered if each.tag > since]
    if not changed:
        return None
    return Updates(tuple(each.serial_number for each in changed), str(changed[-1].tag))


def _registered(connection: Connection, library_identifier: str, pass_type_identifier: str) -> list[_Registered]:
    """The device's registrations of a pass type, those with the lowest tags first."""
    query = (
        select(
            registration.c.destination_id,
            tables.card.c.serial_number,
            registration.c.tag,
            registration.c.tag_revision,
            tables.card.c.revision,
            device.c.changes,
        )
        .join(device, device.c.library_identifier == registration.c.library_identifier)
        .join(tables.card, tables.card.c.id == registration.c.card_id)
        .where(
            registration.c.library_identifier == library_identifier,
            registration.c.pass_type_identifier == pass_type_identifier,
        )
        .order_by(registration.c.tag)
    )
    return [_Registered(*row) for row in connection.execute(query)]


def _hand_out_numbers(connection: Connection, library_identifier: str, pass_type_identifier: str) -> None:
    """Give every change that has become visible its number. The device must be locked."""
    registered = _registered(connection, library_identifier, pass_type_identifier)
    changed = [each for each in registered if each.is_behind]
    if not changed:
        return  # somebody else has just done it
    numbers = count(registered[0].changes + 1)
    connection.execute(
        update(registration)
        .where(registration.c.destination_id == bindparam("id"))
        .values(tag=bindparam("number"), tag_revision=bindparam("seen")),
        [{"id": each.destination_id, "number": next(numbers), "seen": each.revision} for each in changed],
    )
    connection.execute(
        update(device)
        .where(device.c.library_identifier == library_identifier)
        .values(changes=device.c.changes + len(changed))
    )


def _number(tag: str | None, *, highest: int) -> int:
    """The number in a tag that we gave; 0, which is below all of them, for anything else."""
    if tag is None or len(tag) > LONGEST_TAG or not (tag.isascii() and tag.isdigit()):
        return 0
    number = int(tag)
    return number if number <= highest else 0
