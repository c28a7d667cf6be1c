"""The rewards that cards have earned, in the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from walletpass.loyalty import tables
from walletpass.loyalty.errors import UnknownReward
from walletpass.loyalty.rules import Reward
from walletpass.loyalty.texts import is_name

_OF_CARDS = tables.reward.c.card_id.in_(bindparam("card_ids", expanding=True))
_LATEST_EXTRAS = (
    select(func.max(tables.reward.c.id))
    .where(_OF_CARDS, tables.reward.c.stamps_spent == 0, tables.reward.c.state != "revoked")
    .group_by(tables.reward.c.card_id, tables.reward.c.milestone)
)
_PRESENT = (
    select(tables.reward)
    .where(_OF_CARDS, or_(tables.reward.c.state == "ready", tables.reward.c.id.in_(_LATEST_EXTRAS)))
    .order_by(tables.reward.c.id)
)


def rewards_of(connection: Connection, card_ids: Sequence[str]) -> Mapping[str, tuple[Reward, ...]]:
    """By card: its rewards that are ready, and of every extra reward the latest that it has had; oldest first."""
    found: dict[str, list[Reward]] = {card_id: [] for card_id in card_ids}
    for row in connection.execute(_PRESENT, {"card_ids": card_ids}):
        found[row.card_id].append(_reward(row))
    return {card_id: tuple(rewards) for card_id, rewards in found.items()}


def rewards_since(connection: Connection, card_id: str, round: int) -> list[Reward]:
    """All rewards that the card has earned in that round or later, oldest first."""
    query = (
        select(tables.reward)
        .where(tables.reward.c.card_id == card_id, tables.reward.c.round >= round)
        .order_by(tables.reward.c.id)
    )
    return [_reward(row) for row in connection.execute(query)]


def reward_by_id(connection: Connection, card_id: str, reward_id: str) -> Reward:
    """A reward of the card, whatever became of it. Raises UnknownReward."""
    query = select(tables.reward).where(tables.reward.c.id == reward_id, tables.reward.c.card_id == card_id)
    row = connection.execute(query).one_or_none() if is_name(reward_id) else None
    if row is None:
        raise UnknownReward
    return _reward(row)


def save_rewards(
    connection: Connection, card_id: str, before: Mapping[str, Reward], after: Mapping[str, Reward]
) -> None:
    """Write down what differs: rewards just earned, and those with another state or another end."""
    earned = [reward for reward in after.values() if reward.id not in before]
    if earned:
        connection.execute(insert(tables.reward), [{"card_id": card_id, **asdict(reward)} for reward in earned])
    for reward in after.values():
        if reward.id in before and reward != before[reward.id]:
            changes = {"state": reward.state, "expires_at": reward.expires_at}
            connection.execute(update(tables.reward).where(tables.reward.c.id == reward.id).values(changes))


def _reward(row: Row[Any]) -> Reward:
    return Reward(
        id=row.id,
        name=row.name,
        milestone=row.milestone,
        round=row.round,
        stamps_spent=row.stamps_spent,
        state=row.state,
        earned_at=row.earned_at,
        expires_at=row.expires_at,
    )
