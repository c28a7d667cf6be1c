"""The quota of notifications: Google shows three a day for a pass (google-wallet 4.6), and we never ask for more.

A call is counted before it is sent: one whose answer got lost may have rung. All kinds of calls count together,
because whether Google counts them apart is not promised.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from walletpass.google.tables import loyalty_object, notice
from walletpass.loyalty.ids import new_id

MOST = 3
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Notice:
    """A notifying call that counts. is_repeated: it was sent before, and nobody knows what came of it."""

    id: str
    is_repeated: bool


def count_in(connection: Connection, destination_id: str, now: datetime, *, call: str | None = None) -> Notice | None:
    """Count a notifying call that is about to be sent. None when the quota is used up: send it silently.

    call: names a call that rings once at most, however often it is sent. Sent again it counts once, as of now:
    otherwise an hour in which Google is out of order would use the quota up, and the stamp would never ring.
    """
    mine = notice.c.destination_id == destination_id
    # Two workers must not both take the last one.
    connection.execute(
        select(loyalty_object.c.object_id).where(loyalty_object.c.destination_id == destination_id).with_for_update()
    )
    connection.execute(delete(notice).where(mine, notice.c.at <= now - DAY))
    notice_id = new_id() if call is None else f"{destination_id} {call}"
    if connection.execute(update(notice).where(notice.c.id == notice_id).values(at=now)).rowcount == 1:
        return Notice(notice_id, is_repeated=True)
    if connection.execute(select(func.count()).select_from(notice).where(mine)).scalar_one() >= MOST:
        return None
    connection.execute(insert(notice).values(id=notice_id, destination_id=destination_id, at=now))
    return Notice(notice_id, is_repeated=False)


def count_out(connection: Connection, counted: Notice) -> None:
    """The call has rung nowhere: Google refused it, or nobody holds the pass. What was sent before still counts."""
    if not counted.is_repeated:
        connection.execute(delete(notice).where(notice.c.id == counted.id))
