"""What a merchant sees at a glance: numbers, what happened last, and whether the wallets keep up. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, or_, select

from walletpass.loyalty import tables
from walletpass.loyalty.ledger import Kind
from walletpass.loyalty.rules import start_of_day

LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Figures:
    """The numbers of one program.

    cards: those not closed. stamps_today: given since the shop's midnight, less those taken back.
    rewards_ready: that customers can redeem now. redeemed_lately: in the last 30 days.
    """

    cards: int = 0
    stamps_today: int = 0
    rewards_ready: int = 0
    redeemed_lately: int = 0


@dataclass(frozen=True)
class Happening:
    """One entry of the ledger, with the names that people know things by.

    kind, stamps, override: as in `ledger.Entry`. customer: None when they gave no name. reward: what it was about.
    """

    kind: Kind
    stamps: int
    at: datetime
    actor: str
    override: str | None
    code: str
    customer: str | None
    program: str
    reward: str | None


@dataclass(frozen=True)
class Health:
    """How well the wallets keep up with a merchant's cards.

    destinations: places where cards live. behind: those that do not show the latest yet.
    troubles: what platforms refused, in words, and for how many of them.
    """

    destinations: int
    behind: int
    troubles: Mapping[str, int]


def figures(connection: Connection, merchant_id: str, now: datetime, zone: ZoneInfo) -> Mapping[str, Figures]:
    """The numbers of the merchant's programs that have cards, by the program's id."""
    cards = _cards(connection, merchant_id)
    stamps = _stamps_since(connection, merchant_id, start_of_day(now, zone))
    ready = _rewards_ready(connection, merchant_id, now)
    redeemed = _redeemed_since(connection, merchant_id, now - LATELY)
    return {
        program: Figures(cards.get(program, 0), stamps.get(program, 0), ready.get(program, 0), redeemed.get(program, 0))
        for program in {*cards, *stamps, *ready, *redeemed}
    }


def latest_happenings(connection: Connection, merchant_id: str, limit: int = 20) -> list[Happening]:
    """What happened to the merchant's cards last, latest first."""
    entry, card, customer = tables.entry, tables.card, tables.customer
    query = (
        select(
            *(entry.c[name] for name in ("kind", "stamps", "at", "actor", "override")),
            card.c.code,
            customer.c.name.label("customer"),
            tables.program.c.name.label("program"),
            tables.reward.c.name.label("reward"),
        )
        .join(card, card.c.id == entry.c.card_id)
        .join(customer, customer.c.id == card.c.customer_id)
        .join(tables.program, tables.program.c.id == card.c.program_id)
        .outerjoin(tables.reward, tables.reward.c.id == entry.c.reward_id)
        .where(entry.c.merchant_id == merchant_id)
        .order_by(entry.c.at.desc(), entry.c.id.desc())
        .limit(limit)
    )
    return [Happening(**row) for row in connection.execute(query).mappings()]


def wallet_health(connection: Connection, merchant_id: str) -> Health:
    """Whether the wallets show what they should."""
    place = tables.destination
    query = (
        select(place.c.trouble, func.count(), func.count(place.c.due_at))
        .join(tables.card, tables.card.c.id == place.c.card_id)
        .where(tables.card.c.merchant_id == merchant_id)
        .group_by(place.c.trouble)
    )
    rows = connection.execute(query).all()
    return Health(
        destinations=sum(count for _, count, _ in rows),
        behind=sum(behind for _, _, behind in rows),
        troubles={trouble: count for trouble, count, _ in rows if trouble is not None},
    )


def _cards(connection: Connection, merchant_id: str) -> Mapping[str, int]:
    card = tables.card
    query = (
        select(card.c.program_id, func.count())
        .where(card.c.merchant_id == merchant_id, card.c.closed_at.is_(None))
        .group_by(card.c.program_id)
    )
    return _counted(connection, query)


def _stamps_since(connection: Connection, merchant_id: str, since: datetime) -> Mapping[str, int]:
    entry, card = tables.entry, tables.card
    query = (
        select(card.c.program_id, func.sum(entry.c.stamps))
        .join(card, card.c.id == entry.c.card_id)
        .where(
            entry.c.merchant_id == merchant_id,
            entry.c.at >= since,
            entry.c.kind.in_(("stamped", "bonus", "reversed")),
        )
        .group_by(card.c.program_id)
    )
    return _counted(connection, query)


def _rewards_ready(connection: Connection, merchant_id: str, now: datetime) -> Mapping[str, int]:
    reward, card = tables.reward, tables.card
    lasting = or_(reward.c.expires_at.is_(None), reward.c.expires_at > now)
    query = (
        select(card.c.program_id, func.count())
        .join(reward, reward.c.card_id == card.c.id)
        .where(card.c.merchant_id == merchant_id, card.c.closed_at.is_(None), reward.c.state == "ready", lasting)
        .group_by(card.c.program_id)
    )
    return _counted(connection, query)


def _redeemed_since(connection: Connection, merchant_id: str, since: datetime) -> Mapping[str, int]:
    entry, card, undoing = tables.entry, tables.card, tables.entry.alias()
    undone = select(undoing.c.id).where(undoing.c.reverses_id == entry.c.id).exists()
    query = (
        select(card.c.program_id, func.count())
        .join(card, card.c.id == entry.c.card_id)
        .where(and_(entry.c.merchant_id == merchant_id, entry.c.at >= since, entry.c.kind == "redeemed"), ~undone)
        .group_by(card.c.program_id)
    )
    return _counted(connection, query)


def _counted(connection: Connection, query: Any) -> Mapping[str, int]:
    return {program_id: int(count) for program_id, count in connection.execute(query)}
