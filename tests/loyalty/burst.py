"""A busy counter as a process of its own: `python -m tests.loyalty.burst ADDRESS MERCHANT_ID TIMES CARD_ID...`

Stamps the cards in turn and redeems what they earn. Every answer, one line, is written after its transaction.
"""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from itertools import cycle, islice

from sqlalchemy import Engine

from tests.builders import STAFF
from walletpass.database import open_database, transaction
from walletpass.loyalty import operations
from walletpass.loyalty.errors import NothingToRedeem
from walletpass.loyalty.ledger import Entry

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def burst(engine: Engine, merchant_id: str, times: int, card_ids: list[str]) -> list[Entry]:
    """The entries of what was answered."""
    answered = []
    for turn, card_id in enumerate(islice(cycle(card_ids), times)):
        with transaction(engine) as connection:
            done = operations.stamp(connection, merchant_id, card_id, by=STAFF, now=NOW, count=1 + turn % 3)
        answered.append(tell(done.entry))
        if turn % 4 == 0:
            with suppress(NothingToRedeem):  # another counter was faster, or there is none yet
                with transaction(engine) as connection:
                    done = operations.redeem(connection, merchant_id, card_id, by=STAFF, now=NOW)
                answered.append(tell(done.entry))
    return answered


def tell(entry: Entry) -> Entry:
    print(entry.id, entry.card_id, entry.kind, entry.stamps, flush=True)
    return entry


if __name__ == "__main__":
    address, merchant_id, times, *card_ids = sys.argv[1:]
    burst(open_database(address), merchant_id, int(times), card_ids)
