"""One change of one locked card: entries are written as it goes, the card is saved at the end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from walletpass.loyalty import ledger, tables
from walletpass.loyalty.cards import Card, card_by_id
from walletpass.loyalty.destinations import mark_behind
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.ledger import SYSTEM, By, Entry, Kind
from walletpass.loyalty.rules import Earned, Reward, RewardState, Terms, advance, retreat

NEWS_LASTS = timedelta(minutes=1)
"""How long a reward just earned stays the news, although another stamp has followed."""


@dataclass(frozen=True)
class Outcome:
    """What an operation did: its own entry, the entries that it caused, and the card as it is now."""

    entry: Entry
    caused: tuple[Entry, ...]
    card: Card


class Change:
    """What one operation does to a card that its transaction has locked."""

    def __init__(self, connection: Connection, card: Card, now: datetime, by: By) -> None:
        self.connection = connection
        self.card = card
        self.now = now
        self.by = by
        self.written: list[Entry] = []
        self.progress = card.progress
        self.rewards = {reward.id: reward for reward in card.rewards}
        self.closed_at = card.closed_at
        self.stamped_at = card.last_stamped_at

    def write(
        self,
        kind: Kind,
        *,
        stamps: int = 0,
        reward: Reward | None = None,
        cause: Entry | None = None,
        reverses: Entry | None = None,
        override: str | None = None,
        by: By | None = None,
    ) -> Entry:
        """Append an entry to the ledger; by whoever makes the change, unless told otherwise."""
        entry = Entry(
            id=new_id(),
            card_id=self.card.id,
            number=self.card.entries + len(self.written) + 1,
            kind=kind,
            stamps=stamps,
            at=self.now,
            by=by or self.by,
            reward_id=reward.id if reward else None,
            cause_id=cause.id if cause else None,
            reverses_id=reverses.id if reverses else None,
            override=override,
        )
        self.written.append(ledger.append(self.connection, self.card.merchant_id, entry))
        return entry

    def add_stamps(
        self, kind: Kind, count: int, terms: Terms, *, cause: Entry | None = None, override: str | None = None
    ) -> Entry:
        """Move the card forward and earn what lies on the way."""
        entry = self.write(kind, stamps=count, cause=cause, override=override)
        self.progress, earned = advance(self.progress, count, terms, self.rewards.values())
        for each in earned:
            reward = self._keep(each, terms.reward_days)
            self.write("earned", stamps=-each.stamps_spent, reward=reward, cause=entry)
        return entry

    def take_stamps_back(self, entry: Entry) -> Entry:
        """Undo an entry that added stamps. Raises RewardInTheWay."""
        self.progress, revoked = retreat(self.progress, entry.stamps, list(self.rewards.values()))
        done = self.write("reversed", stamps=-entry.stamps, reverses=entry)
        for reward in revoked:
            self.set_state(reward, "revoked")
            self.write("revoked", stamps=reward.stamps_spent, reward=reward, cause=done)
        self.stamped_at = self._last_stamp_standing()
        return done

    def give_reward_back(self, entry: Entry) -> Entry:
        """Undo a redemption. The reward can be used for as long as it had left when it was redeemed."""
        reward = self.rewards[str(entry.reward_id)]
        left = reward.expires_at and self.now + (reward.expires_at - entry.at)
        self.set_state(replace(reward, expires_at=left), "ready")
        return self.write("reversed", reward=reward, reverses=entry)

    def reopen(self, entry: Entry) -> Entry:
        """Undo a closing."""
        self.closed_at = None
        return self.write("reversed", reverses=entry)

    def expire_due(self) -> list[Entry]:
        """Write down the expiry of every reward whose time has come."""
        gone = [r for r in self.rewards.values() if r.state == "ready" and not r.is_ready(self.now)]
        for reward in gone:
            self.set_state(reward, "expired")
        return [self.write("expired", reward=reward, by=SYSTEM) for reward in gone]

    def set_state(self, reward: Reward, state: RewardState) -> None:
        """The reward is from now on ready, redeemed, expired or revoked."""
        self.rewards[reward.id] = replace(reward, state=state)
        self.connection.execute(
            update(tables.reward)
            .where(tables.reward.c.id == reward.id)
            .values(state=state, expires_at=reward.expires_at)
        )

    def news_after_stamping(self) -> str:
        """A reward earned in the last minute is bigger news than the stamp after it."""
        fresh = [r for r in self.rewards.values() if r.is_ready(self.now) and self.now - r.earned_at < NEWS_LASTS]
        return "ready" if fresh else "stamped"

    def save(self, entry: Entry, news: str) -> Outcome:
        """Save the card under its next revision and tell its destinations."""
        revision = self.card.revision + 1
        self.connection.execute(
            update(tables.card)
            .where(tables.card.c.id == self.card.id)
            .values(
                stamps=self.progress.stamps,
                round=self.progress.round,
                entries=self.card.entries + len(self.written),
                news=news,
                revision=revision,
                last_modified=max(self.card.last_modified + 1, int(self.now.timestamp())),
                last_stamped_at=self.stamped_at,
                closed_at=self.closed_at,
            )
        )
        mark_behind(self.connection, self.card.id, revision, self.now)
        caused = tuple(other for other in self.written if other is not entry)
        return Outcome(entry, caused, card_by_id(self.connection, self.card.merchant_id, self.card.id))

    def _keep(self, earned: Earned, days: int | None) -> Reward:
        reward = Reward(
            id=new_id(),
            name=earned.name,
            milestone=earned.milestone,
            round=earned.round,
            stamps_spent=earned.stamps_spent,
            state="ready",
            earned_at=self.now,
            expires_at=None if days is None else self.now + timedelta(days=days),
        )
        self.rewards[reward.id] = reward
        self.connection.execute(insert(tables.reward).values(card_id=self.card.id, **reward.__dict__))
        return reward

    def _last_stamp_standing(self) -> datetime | None:
        entries = tables.entry
        undoing = tables.entry.alias()
        query = select(entries.c.at).where(
            entries.c.card_id == self.card.id,
            entries.c.kind == "stamped",
            ~select(undoing.c.id).where(undoing.c.reverses_id == entries.c.id).exists(),
        )
        return max(self.connection.execute(query).scalars(), default=None)
