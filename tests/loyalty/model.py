"""A card told simply, and counted in another way than the real one: what the real one must come to."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from walletpass.loyalty.rules import Terms

Name = tuple[int, int]
"""Rewards are named by the round and the stamp number where they stand."""


@dataclass
class ModelReward:
    """What the model knows of a reward."""

    expires_at: datetime | None
    state: str = "ready"
    redeemed_at: datetime | None = None

    def state_at(self, now: datetime) -> str:
        over = self.state == "ready" and self.expires_at is not None and self.expires_at <= now
        return "expired" if over else self.state


@dataclass
class Model:
    """The stamps that stand on a card, and the rewards that so many stamps are worth under constant terms."""

    terms: Terms
    standing: dict[str, int] = field(default_factory=dict)
    rewards: dict[Name, ModelReward] = field(default_factory=dict)
    closed: bool = False

    @property
    def total(self) -> int:
        return sum(self.standing.values())

    def worth(self) -> set[Name]:
        required = self.terms.stamps_required
        places = {(number // required, number % required) for number in range(1, self.total + 1)}
        full = {(round - 1, required) for round, stamps in places if stamps == 0}
        along = {
            (round, extra.at)
            for round, stamps in places
            for extra in self.terms.extras
            if extra.at == stamps and (extra.once == "round" or round == 0)
        }
        return full | along

    def stamp(self, entry_id: str, stamps: int, now: datetime) -> None:
        self.expire(now)
        self.standing[entry_id] = stamps
        days = self.terms.reward_days
        for name in self.worth() - set(self.rewards):
            self.rewards[name] = ModelReward(None if days is None else now + timedelta(days=days))

    def redeem(self, name: Name, now: datetime, *, first: bool) -> None:
        self.expire(now)
        reward = self.rewards[name]
        assert reward.expires_at == self.ready(now)[0].expires_at if first else reward.state == "ready"
        reward.state, reward.redeemed_at = "redeemed", now

    def would_be_missed(self, entry_id: str) -> bool:
        """Whether a reward that was used would go with these stamps."""
        rest = replace(self, standing={key: value for key, value in self.standing.items() if key != entry_id})
        return any(self.rewards[name].state == "redeemed" for name in self.worth() - rest.worth())

    def take_back(self, entry_id: str) -> None:
        del self.standing[entry_id]
        self.rewards = {name: reward for name, reward in self.rewards.items() if name in self.worth()}

    def give_back(self, name: Name, now: datetime) -> None:
        reward = self.rewards[name]
        assert reward.redeemed_at
        if reward.expires_at is not None:
            reward.expires_at = now + (reward.expires_at - reward.redeemed_at)
        reward.state = "ready"

    def expire(self, now: datetime) -> None:
        for reward in self.rewards.values():
            reward.state = reward.state_at(now)

    def ready(self, now: datetime) -> list[ModelReward]:
        """What can be used now, first to expire first."""
        able = [reward for reward in self.rewards.values() if reward.state_at(now) == "ready"]
        return sorted(able, key=lambda reward: (reward.expires_at is None, reward.expires_at))
