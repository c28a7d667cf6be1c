"""What has to be done now and then, whoever is asked; the delivery loop does it between two batches."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from walletpass.loyalty.idempotency import forget_answers
from walletpass.loyalty.operations import expire_rewards

Chore = Callable[[Connection, datetime], int]
"""Does a part of its work in a transaction of its own; called again until it returns 0, when nothing is left."""

CARDS_AT_ONCE = 50  # few, because stamps wait for the transaction on SQLite
ANSWERS_ARE_KEPT = timedelta(days=30)


def expire_due_rewards(connection: Connection, now: datetime) -> int:
    """Rewards whose time has come expire, and their cards say so."""
    return expire_rewards(connection, now, limit=CARDS_AT_ONCE)


def forget_old_answers(connection: Connection, now: datetime) -> int:
    """Nobody repeats a request after a month."""
    return forget_answers(connection, now - ANSWERS_ARE_KEPT)


CHORES: Sequence[Chore] = (expire_due_rewards, forget_old_answers)
