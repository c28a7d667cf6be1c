"""The rules of a program, on plain values: no database, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from walletpass.loyalty.errors import NotReversible, RewardInTheWay, StampedTooSoon, TooManyAtOnce, TooManyToday

RewardState = Literal["ready", "redeemed", "expired", "revoked"]


@dataclass(frozen=True)
class Extra:
    """A reward along the way, for the stamp number `at`, in every round or once in the life of a card.

    An extra reward is known by its place: moved to another stamp it is a new one, renamed it is the same.
    """

    at: int
    reward: str
    once: Literal["round", "card"] = "round"


@dataclass(frozen=True)
class Shield:
    """What keeps stamps honest. None switches a rule off."""

    pause_seconds: int | None = 300
    per_scan: int | None = 5
    per_day: int | None = 8


@dataclass(frozen=True)
class Terms:
    """What a program promises.

    stamps_required: stamps that earn the reward. reward_days: days until a reward expires; None means never.
    """

    stamps_required: int
    reward: str
    extras: tuple[Extra, ...] = ()
    reward_days: int | None = None
    first_stamp: bool = False
    shield: Shield = Shield()


@dataclass(frozen=True)
class Progress:
    """Where a card stands: stamps of the present round, and rounds completed before."""

    stamps: int
    round: int


@dataclass(frozen=True)
class Earned:
    """A reward that progress has just earned.

    milestone: the stamp number it stands at. stamps_spent: the stamps it took off the card; 0 along the way.
    """

    name: str
    milestone: int
    round: int
    stamps_spent: int


@dataclass(frozen=True)
class Reward:
    """A reward in the life of a card, with the terms of the day it was earned."""

    id: str
    name: str
    milestone: int
    round: int
    stamps_spent: int
    state: RewardState
    earned_at: datetime
    expires_at: datetime | None = None

    def is_ready(self, now: datetime) -> bool:
        """Whether it can be redeemed now."""
        return self.state == "ready" and (self.expires_at is None or now < self.expires_at)


def advance(progress: Progress, count: int, terms: Terms, rewards: Iterable[Reward]) -> tuple[Progress, list[Earned]]:
    """Progress after `count` more stamps, and the rewards they earn, in order.

    The stamp that completes the round becomes the reward, the card starts again, and what is left over carries on.
    A card that holds the stamps of several rounds, because the program was shortened, earns all their rewards.
    rewards: of the extra ones that the card has had, at least one for each place.
    """
    earned: list[Earned] = []
    had = {reward.milestone for reward in rewards if not reward.stamps_spent and reward.state != "revoked"}
    stamps, rounds = progress.stamps, progress.round
    for _ in range(count):
        stamps += 1
        for extra in terms.extras:
            if extra.at == stamps and not (extra.once == "card" and extra.at in had):
                earned.append(Earned(extra.reward, extra.at, rounds, 0))
                had.add(extra.at)
        while stamps >= terms.stamps_required:
            earned.append(Earned(terms.reward, terms.stamps_required, rounds, terms.stamps_required))
            stamps, rounds = stamps - terms.stamps_required, rounds + 1
    return Progress(stamps, rounds), earned


def retreat(progress: Progress, count: int, rewards: Sequence[Reward]) -> tuple[Progress, list[Reward]]:
    """Progress after `count` stamps are taken back, and the rewards that are thereby no longer earned, latest first.

    What counts is the sum: when a later stamp has meanwhile taken the place of this one, a reward stays.
    rewards: at least those of the present round and of the `count` rounds before.
    Raises RewardInTheWay when a reward that would have to go was already redeemed, and NotReversible when the card
    never had that many stamps.
    """
    stamps, rounds = progress.stamps - count, progress.round
    revoked: list[Reward] = []
    standing = [reward for reward in rewards if reward.state != "revoked"]
    while stamps < 0:
        full = next((r for r in standing if r.stamps_spent and r.round == rounds - 1), None)
        if full is None:
            raise NotReversible
        revoked.append(full)
        stamps, rounds = stamps + full.stamps_spent, rounds - 1
    beyond = [r for r in standing if not r.stamps_spent and (r.round, r.milestone) > (rounds, stamps)]
    revoked += sorted(beyond, key=lambda r: (r.round, r.milestone), reverse=True)
    for reward in revoked:
        if reward.state == "redeemed":
            raise RewardInTheWay(reward.name)
    return Progress(stamps, rounds), revoked


@dataclass(frozen=True)
class PastStamp:
    """Stamps given earlier and not taken back."""

    at: datetime
    count: int


def check_shield(shield: Shield, count: int, past: Sequence[PastStamp], now: datetime, zone: ZoneInfo) -> None:
    """Nothing when the shield lets `count` stamps through now.

    past: at least the stamps of the shop's present day and of the pause.
    zone: the shop's, whose midnight starts a new day.
    Raises TooManyAtOnce, StampedTooSoon or TooManyToday.
    """
    if shield.per_scan is not None and count > shield.per_scan:
        raise TooManyAtOnce(None, limit=shield.per_scan)
    if shield.pause_seconds is not None and past:
        free_at = max(stamp.at for stamp in past) + timedelta(seconds=shield.pause_seconds)
        if now < free_at:
            raise StampedTooSoon(free_at, wait=in_short(free_at - now))
    if shield.per_day is not None:
        start = start_of_day(now, zone)
        left = shield.per_day - sum(stamp.count for stamp in past if stamp.at >= start)
        if count > left:
            tomorrow = start_of_day(now, zone, days=1) if count <= shield.per_day else None
            raise TooManyToday(tomorrow, limit=shield.per_day, left=max(left, 0))


def start_of_day(now: datetime, zone: ZoneInfo, days: int = 0) -> datetime:
    """Midnight that began the shop's present day, or `days` later; days of 23 and 25 hours included."""
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=days), time(), zone).astimezone(now.tzinfo)


def in_short(wait: timedelta) -> str:
    """A waiting time for a line at the counter, rounded up: "45 s", "5 min", "3 h"."""
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    if seconds < 100:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 100 else f"{-(-minutes // 60)} h"
