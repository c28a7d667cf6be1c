"""The way to Apple Wallet: one empty push to every phone that has cards to fetch."""

import logging
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence

from sqlalchemy import Engine

from walletpass.apple.push import PushClient
from walletpass.apple.push_answers import Answer, Outcome
from walletpass.apple.registrations import forget_token, push_tokens
from walletpass.database import reading, transaction
from walletpass.delivery.claims import Claimed, Result, Verdict
from walletpass.i18n import N_

ANOTHER_PASS_TYPE = N_(
    "The card was issued under another pass type than that of the certificate. Install a certificate of the pass type "
    "that the cards were issued under."
)
FOR_NOW = N_("Apple's push service cannot take the update at the moment; it is sent again by itself.")

log = logging.getLogger(__name__)


class AppleChannel:
    """Pushes to the phones that have registered. It belongs to one thread, as its client does."""

    def __init__(self, engine: Engine, client: PushClient, pass_type_identifier: str) -> None:
        self._engine, self._client = engine, client
        self._pass_type_identifier = pass_type_identifier

    def send(self, items: Sequence[Claimed]) -> Generator[Verdict]:
        """Push to the phones of the destinations: once to each, however many of its cards have changed."""
        with reading(self._engine) as connection:
            tokens = push_tokens(connection, self._pass_type_identifier, [item.destination_id for item in items])
        waiting: dict[str, list[Claimed]] = defaultdict(list)
        for item in items:
            if token := tokens.get(item.destination_id):
                waiting[token].append(item)
            else:
                yield Verdict(item, Result.BLOCKED, ANOTHER_PASS_TYPE)
        failures: Counter[tuple[str, ...]] = Counter()
        for answer in self._client.push(waiting):
            if answer.outcome is not Outcome.DELIVERED:
                failures[answer.outcome, str(answer.status), answer.reason, answer.detail] += 1
            yield from self._verdicts(answer, waiting[answer.token])
        for (outcome, status, reason, detail), phones in failures.items():
            log.warning("APNs: %s for %s phones; status %s, %s %s", outcome, phones, status, reason, detail)

    def _verdicts(self, answer: Answer, items: Sequence[Claimed]) -> Iterator[Verdict]:
        if answer.outcome is Outcome.GONE and self._forget(answer, items):
            return
        for item in items:
            yield _verdict(answer, item)

    def _forget(self, answer: Answer, items: Sequence[Claimed]) -> bool:
        """Drop the token's registrations, unless the phone has registered again since it was dead."""
        # Without a timestamp the answer is about the token that we knew when the claim was made.
        dead_since = answer.timestamp or items[0].claimed_at
        with transaction(self._engine) as connection:
            return forget_token(connection, self._pass_type_identifier, answer.token, dead_since)


def _verdict(answer: Answer, item: Claimed) -> Verdict:
    match answer.outcome:
        case Outcome.DELIVERED:
            return Verdict(item, Result.DELIVERED)
        case Outcome.MISCONFIGURED:
            return Verdict(item, Result.BLOCKED, answer.advice)
        case Outcome.LATER | Outcome.GONE:
            return Verdict(item, Result.LATER, answer.advice or FOR_NOW, answer.retry_after)
