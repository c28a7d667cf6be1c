"""The way to Google Wallet: every object that is behind is patched."""

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from random import Random
from threading import Event

from sqlalchemy import Engine

from walletpass.delivery.claims import Claimed, Result, Verdict
from walletpass.delivery.loop import DeliveryLoop
from walletpass.google.answers import Answer, Outcome
from walletpass.google.client import CONNECTIONS
from walletpass.google.limits import UnfitForGoogle
from walletpass.google.publishing import Publisher
from walletpass.google.saved import KIND
from walletpass.i18n import N_
from walletpass.keys import RetiredKey
from walletpass.passes.design import BadDesign, UnknownDesign

FOR_NOW = N_("Google Wallet cannot take the update at the moment; it is sent again by itself.")
REFUSED = N_(
    "Google Wallet does not take the card as it is. The server's log says why; it is tried again every quarter of an "
    "hour."
)
CANNOT_BE_MADE = N_("The card cannot be made; the server's log says why.")

BATCH = 100
LEASE = timedelta(minutes=3)
"""Longer than a batch takes, even when all answers come late: CONNECTIONS at once, a few requests each."""

LONGEST_UPDATE = timedelta(minutes=1)
"""Of one object: waiting for its turns, and for all answers about it and its class."""

ONE_CARD = (UnfitForGoogle, RetiredKey, UnknownDesign, BadDesign)
"""What can be wrong with one card while all others are well."""

log = logging.getLogger(__name__)


def google_loop(engine: Engine, publisher: Publisher, *, clock: Callable[[], datetime], rng: Random) -> DeliveryLoop:
    """A loop that delivers to Google and does nothing else."""
    channels = {KIND: GoogleChannel(publisher, clock)}
    return DeliveryLoop(engine, channels, clock=clock, rng=rng, chores=(), lease=LEASE, batch=BATCH)


class GoogleChannel:
    """Patches objects, several at once; the allowance of requests keeps the pace."""

    def __init__(self, publisher: Publisher, clock: Callable[[], datetime]) -> None:
        self._publisher, self._clock = publisher, clock

    def send(self, items: Sequence[Claimed]) -> Generator[Verdict]:
        """Bring the objects at the destinations up to date.

        When Google turns out to be out of reach, or the set-up wrong, the rest of the batch is spared the attempt.
        """
        batch = _Batch(self._publisher, self._clock)
        with ThreadPoolExecutor(min(CONNECTIONS, len(items))) as threads:
            try:
                for done in as_completed([threads.submit(batch.verdict, item) for item in items]):
                    yield done.result()
            finally:
                batch.given_up.set()


class _Batch:
    """What is learned while a batch is under way. given_up: nobody waits for verdicts any more."""

    def __init__(self, publisher: Publisher, clock: Callable[[], datetime]) -> None:
        self._publisher, self._clock = publisher, clock
        self._obstacle: Answer | None = None
        self.given_up = Event()

    def verdict(self, item: Claimed) -> Verdict:
        if self._obstacle is not None:
            return _verdict(item, self._obstacle)
        # After the lease another worker may send a newer state, which an older one of ours must not overtake.
        if self.given_up.is_set() or self._clock() > item.leased_until - LONGEST_UPDATE:
            return Verdict(item, Result.LATER)
        try:
            answer = self._publisher.update(item.destination_id).answer
        except ONE_CARD as error:
            log.error("no card for Google Wallet: %s", error)
            return Verdict(item, Result.BLOCKED, REFUSED if isinstance(error, UnfitForGoogle) else CANNOT_BE_MADE)
        if answer.outcome is not Outcome.DONE:
            log.warning("Google: %s; status %s, %s %s", answer.outcome, answer.status, answer.reason, answer.message)
        if answer.concerns_every_request:
            self._obstacle = answer
        return _verdict(item, answer)


def _verdict(item: Claimed, answer: Answer) -> Verdict:
    match answer.outcome:
        case Outcome.DONE:
            return Verdict(item, Result.DELIVERED)
        case Outcome.MISCONFIGURED:
            return Verdict(item, Result.BLOCKED, answer.advice)
        case Outcome.REFUSED:
            return Verdict(item, Result.BLOCKED, REFUSED)
        case _:
            return Verdict(item, Result.LATER, FOR_NOW, answer.retry_after)
