"""One change of one locked card: worked out on plain values, written down at the end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, update

from walletpass.database import from_milliseconds, to_milliseconds
from walletpass.loyalty import ledger, tables
from walletpass.loyalty.cards import Card
from walletpass.loyalty.destinations import mark_behind
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.ledger import SYSTEM, By, Entry, Kind
from walletpass.loyalty.rewards import reward_by_id, rewards_of, rewards_since, save_rewards
from walletpass.loyalty.rules import Earned, Reward, RewardState, Terms, advance, retreat

NEWS_LASTS = timedelta(minutes=1)
"""How long a reward just earned stays the news, although another stamp has followed."""

_CHANGING = ("stamps", "round", "entries", "news", "revision", "last_modified", "last_stamped_at", "closed_at")
_SAVE = (
    update(tables.card)
    .where(tables.card.c.id == bindparam("card_id"))
    .values({name: bindparam(name) for name in _CHANGING})
)


@dataclass(frozen=True)
class Outcome:
    """What an operation did: its own entry, the other entries that it wrote, and the card as it is now."""

    entry: Entry
    caused: tuple[Entry, ...]
    card: Card


class Change:
    """What one operation does to a card that its transaction has locked."""

    def __init__(self, connection: Connection, card: Card, now: datetime, by: By) -> None:
        self.connection = connection
        self.card = card
        self.now = from_milliseconds(to_milliseconds(now))  # as the tables will keep it
        self.by = by
        self.written: list[Entry] = []
        self.progress = card.progress
        self.closed_at = card.closed_at
        self.stamped_at = card.last_stamped_at
        self.rewards: dict[str, Reward] = {}
        self._rewards_before: dict[str, Reward] = {}
        for reward in card.rewards:
            self._recall(reward)

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
        """The card's next ledger entry; by whoever makes the change, unless told otherwise."""
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
        self.written.append(entry)
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
        # A round is at least one stamp, so that many stamps reach back over no more rounds than these.
        in_reach = rewards_since(self.connection, self.card.id, self.card.round - entry.stamps)
        for reward in in_reach:
            self._recall(reward)
        self.progress, revoked = retreat(self.progress, entry.stamps, in_reach)
        done = self.write("reversed", stamps=-entry.stamps, reverses=entry)
        for reward in revoked:
            self.set_state(reward, "revoked")
            self.write("revoked", stamps=reward.stamps_spent, reward=reward, cause=done)
        self.stamped_at = ledger.last_stamped_at(self.connection, self.card.id, without=entry)
        return done

    def give_reward_back(self, entry: Entry) -> Entry:
        """Undo a redemption. The reward can be used for as long as it had left when it was redeemed."""
        reward = reward_by_id(self.connection, self.card.id, str(entry.reward_id))
        self._recall(reward)
        left = reward.expires_at and self.now + (reward.expires_at - entry.at)
        self.set_state(replace(reward, expires_at=left), "ready")
        return self.write("reversed", reward=reward, reverses=entry)

    def reopen(self, entry: Entry) -> Entry:
        """Undo a closing."""
        self.closed_at = None
        return self.write("reversed", reverses=entry)

    def expire_due(self) -> list[Entry]:
        """The expiry of every reward whose time has come."""
        gone = [r for r in self.rewards.values() if r.state == "ready" and not r.is_ready(self.now)]
        for reward in gone:
            self.set_state(reward, "expired")
        return [self.write("expired", reward=reward, by=SYSTEM) for reward in gone]

    def set_state(self, reward: Reward, state: RewardState) -> None:
        """The reward is from now on ready, redeemed, expired or revoked."""
        self.rewards[reward.id] = replace(reward, state=state)

    def news_after_stamping(self) -> str:
        """A reward earned in the last minute is bigger news than the stamp after it."""
        fresh = [r for r in self.rewards.values() if r.is_ready(self.now) and self.now - r.earned_at < NEWS_LASTS]
        return "ready" if fresh else "stamped"

    def save(self, entry: Entry, news: str) -> Outcome:
        """Write down all of it, give the card its next revision and tell its destinations."""
        save_rewards(self.connection, self.card.id, self._rewards_before, self.rewards)
        ledger.append(self.connection, self.card.merchant_id, self.written)
        card = self._card_after(news)
        self.connection.execute(_SAVE, {"card_id": card.id, **{name: getattr(card, name) for name in _CHANGING}})
        mark_behind(self.connection, card.id, card.revision, self.now)
        return Outcome(entry, tuple(other for other in self.written if other is not entry), card)

    def _card_after(self, news: str) -> Card:
        unchanged = self.rewards == self._rewards_before
        return replace(
            self.card,
            stamps=self.progress.stamps,
            round=self.progress.round,
            entries=self.card.entries + len(self.written),
            rewards=self.card.rewards if unchanged else rewards_of(self.connection, [self.card.id])[self.card.id],
            news=news,
            revision=self.card.revision + 1,
            last_modified=max(self.card.last_modified + 1, int(self.now.timestamp())),
            last_stamped_at=self.stamped_at,
            closed_at=self.closed_at,
        )

    def _recall(self, reward: Reward) -> None:
        self.rewards[reward.id] = self._rewards_before[reward.id] = reward

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
        return reward
