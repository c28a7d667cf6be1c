"""The delivery loop: brings every destination to its card's latest revision, and does the chores in between."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from random import Random
from threading import Event, Thread

from sqlalchemy import Engine

from walletpass.database import reading, transaction
from walletpass.delivery.chores import CHORES, Chore
from walletpass.delivery.claims import BATCH, LEASE, Channel, Claimed, claim, next_due, settle

LONGEST_SLEEP = timedelta(seconds=1)
"""Changes made by other processes do not wake this loop: it notices them by looking."""

BETWEEN_CHORES = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=1)

log = logging.getLogger(__name__)


class DeliveryLoop:
    """Runs in a thread of its own, in as many processes as one likes: what is due is claimed in the database.

    channels: the kinds of destinations that can be reached, and how.
    rng: decides how long failures wait. lease, batch: how long a claim lasts, and how much is claimed at once.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        *,
        clock: Callable[[], datetime],
        rng: Random,
        chores: Sequence[Chore] = CHORES,
        lease: timedelta = LEASE,
        batch: int = BATCH,
    ) -> None:
        self._engine, self._channels = engine, channels
        self._clock, self._rng = clock, rng
        self._lease, self._batch = lease, batch
        self._chores: dict[Chore, datetime] = dict.fromkeys(chores, clock())
        self._bell, self._stopping = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name="delivery", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something may be behind. Any thread may call this; a call that is lost costs a second."""
        self._bell.set()

    def stop(self) -> None:
        """Returns when the batch under way has been settled."""
        self._stopping.set()
        self._bell.set()
        if self._thread:
            self._thread.join()

    def run_once(self) -> int:
        """Deliver one batch of what is due; how much that was."""
        with transaction(self._engine) as connection:
            items = claim(connection, self._channels.keys(), self._clock(), lease=self._lease, limit=self._batch)
        for kind, channel in self._channels.items():
            if of_kind := [item for item in items if item.kind == kind]:
                self._deliver(channel, of_kind)
        return len(items)

    def _deliver(self, channel: Channel, items: Sequence[Claimed]) -> None:
        with closing(channel.send(items)) as verdicts, self._engine.connect() as connection:
            for verdict in verdicts:
                # One by one: what is answered is settled, even if the next answer takes a minute or never comes.
                with connection.begin():
                    settle(connection, verdict, self._clock(), self._rng)

    def run_chores(self) -> None:
        """Do the chores whose time has come."""
        for chore, due_at in self._chores.items():
            if due_at <= self._clock():
                self._chores[chore] = self._clock() + BETWEEN_CHORES
                self._run_chore(chore)

    def _run_chore(self, chore: Chore) -> None:
        done = 1
        while done and not self._stopping.is_set():
            with transaction(self._engine) as connection:
                done = chore(connection, self._clock())

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._turn()
                failures = 0
            except Exception:
                # Whatever it was, what is behind is still written in the tables: rest and try again.
                log.exception("the delivery loop failed; it goes on")
                failures += 1
                self._stopping.wait(self._seconds_of_rest(failures))

    def _turn(self) -> None:
        self._bell.clear()  # before looking: a change after this look rings anew
        if pause := self._seconds_until_due():
            self._bell.wait(pause)
        else:
            self.run_once()
        self.run_chores()

    def _seconds_until_due(self) -> float:
        """How long nothing will be due, as far as we know now; at most LONGEST_SLEEP."""
        with reading(self._engine) as connection:
            due_at = next_due(connection, self._channels.keys())
        until = LONGEST_SLEEP if due_at is None else due_at - self._clock()
        return max(0.0, min(until, LONGEST_SLEEP).total_seconds())

    def _seconds_of_rest(self, failures: int) -> float:
        return min(2.0 ** min(failures, 16), LONGEST_REST.total_seconds()) * self._rng.random()
