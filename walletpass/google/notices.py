"""The quota of notifications: Google shows three a day for a pass (google-wallet 4.6), and we never ask for more.

A call is counted before it is sent: one whose answer got lost may have rung. All kinds of calls count together,
because whether Google counts them apart is not promised.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from walletpass.google.tables import loyalty_object, notice
from walletpass.loyalty.ids import new_id

MOST = 3
DAY = timedelta(hours=24)


def count_in(connection: Connection, destination_id: str, now: datetime) -> str | None:
    """Count a notifying call that is about to be sent; its id. None when the quota is used up: send it silently."""
    mine = notice.c.destination_id == destination_id
    # Two workers must not both take the last one.
    connection.execute(
        select(loyalty_object.c.object_id).where(loyalty_object.c.destination_id == destination_id).with_for_update()
    )
    connection.execute(delete(notice).where(mine, notice.c.at <= now - DAY))
    if connection.execute(select(func.count()).select_from(notice).where(mine)).scalar_one() >= MOST:
        return None
    notice_id = new_id()
    connection.execute(insert(notice).values(id=notice_id, destination_id=destination_id, at=now))
    return notice_id


def count_out(connection: Connection, notice_id: str) -> None:
    """The call has certainly rung nowhere: Google refused it, or nobody holds the pass."""
    connection.execute(delete(notice).where(notice.c.id == notice_id))
