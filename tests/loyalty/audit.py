"""An independent look at a card and its ledger."""

from sqlalchemy import Connection

from walletpass.loyalty import ledger
from walletpass.loyalty.cards import Card
from walletpass.loyalty.ledger import Entry
from walletpass.loyalty.rewards import rewards_since
from walletpass.loyalty.rules import Reward


def audit(connection: Connection, card: Card) -> tuple[list[Entry], list[Reward]]:
    """The entries and rewards of a card, which add up to its balance: no stamp and no round is lost or doubled."""
    entries = ledger.entries_of(connection, card.id)
    rewards = rewards_since(connection, card.id, 0)
    balance = ledger.recompute(entries)
    assert (balance.stamps, balance.round) == (card.stamps, card.round)
    assert balance.closed == (card.closed_at is not None)
    assert balance.rewards == {reward.id: reward.state for reward in rewards}
    assert [entry.number for entry in entries] == list(range(1, card.entries + 1))
    assert card.stamps >= 0
    full = [reward for reward in rewards if reward.stamps_spent and reward.state != "revoked"]
    assert sorted(reward.round for reward in full) == list(range(card.round))
    given = sum(entry.stamps for entry in entries if entry.kind in ("bonus", "stamped", "reversed"))
    assert given == card.stamps + sum(reward.stamps_spent for reward in full)
    undone = [entry.reverses_id for entry in entries if entry.reverses_id]
    assert len(undone) == len(set(undone))
    return entries, rewards
