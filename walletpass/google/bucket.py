"""The allowance of requests to Google, shared by all workers through one row of the database.

Google allows 20 requests in a second (google-wallet 4.5). Turns are handed out at fixed distances; whoever comes after
a pause finds a few of them at once. Both together stay at 20 in any one second.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from walletpass.database import insert_if_new
from walletpass.google.tables import allowance

DISTANCE = timedelta(milliseconds=67)
"""Between two turns: 15 requests a second."""

LONGEST_REST = timedelta(hours=1)
"""However long Google asks to be left alone, somebody looks again after that."""

AT_ONCE = 5
"""How many requests may follow each other without a pause after a quiet time."""


def take_turn(connection: Connection, issuer_id: str, now: datetime, *, patience: timedelta) -> timedelta | None:
    """How long to wait before the next request may be sent; None when that is more than `patience`.

    A turn that is handed out is used up. Belongs into a short transaction of its own: it locks the issuer's row.
    """
    quiet = now - DISTANCE * (AT_ONCE - 1)
    insert_if_new(connection, allowance, issuer_id=issuer_id, next_at=quiet)
    mine = allowance.c.issuer_id == issuer_id
    next_at: datetime = connection.execute(select(allowance.c.next_at).where(mine).with_for_update()).scalar_one()
    # A time beyond the longest rest was written while a clock was wrong, and would keep everybody away until then.
    turn = quiet if next_at > now + 2 * LONGEST_REST else max(next_at, quiet)
    if turn - now > patience:
        return None
    connection.execute(update(allowance).where(mine).values(next_at=turn + DISTANCE))
    return max(turn - now, timedelta(0))


def rest(connection: Connection, issuer_id: str, until: datetime) -> None:
    """Google has asked to be left alone: nobody gets a turn before then."""
    insert_if_new(connection, allowance, issuer_id=issuer_id, next_at=until)
    earlier = allowance.c.issuer_id == issuer_id, allowance.c.next_at < until
    connection.execute(update(allowance).where(*earlier).values(next_at=until))
