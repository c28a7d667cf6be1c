"""What may happen to a card. Each operation runs in the caller's transaction, with the card locked.

`news` on a card is what it says last; wallets turn it into the line on the lock screen:
"welcome", "stamped", "ready" (a reward was earned), "redeemed", "expired", "undone", "closed".
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from walletpass.i18n import LANGUAGES, N_
from walletpass.loyalty import ledger, tables
from walletpass.loyalty.cards import Card, card_by_id, lock_card
from walletpass.loyalty.change import Change, Outcome
from walletpass.loyalty.errors import (
    AlreadyReversed,
    CardClosed,
    NothingToRedeem,
    NotReversible,
    RewardAlreadyRedeemed,
    RewardExpired,
    Unfit,
    UnknownReward,
)
from walletpass.loyalty.ids import new_code, new_id, new_serial_number
from walletpass.loyalty.ledger import CUSTOMER, SYSTEM, By
from walletpass.loyalty.merchants import shop_zone
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.loyalty.rules import PastStamp, Reward, Terms, check_shield, start_of_day

MOST_AT_ONCE = 100
LONGEST_NOTE = 500


def join(
    connection: Connection,
    program: Program,
    *,
    key_id: str,
    now: datetime,
    language: str,
    name: str | None = None,
    birthday: date | None = None,
    email: str | None = None,
    by: By = CUSTOMER,
) -> Outcome:
    """A new card for a new customer, with the first stamp on it where the program gives one.

    key_id: the secret key that the card's tokens will derive from, for ever.
    """
    if language not in LANGUAGES:
        raise Unfit("language", N_("Choose one of the languages en, pl and hu."))
    customer_id, card_id = new_id(), new_id()
    connection.execute(
        insert(tables.customer).values(
            id=customer_id,
            merchant_id=program.merchant_id,
            name=name,
            birthday=birthday,
            email=email,
            language=language,
            created_at=now,
        )
    )
    connection.execute(
        insert(tables.card).values(
            id=card_id,
            merchant_id=program.merchant_id,
            program_id=program.id,
            customer_id=customer_id,
            serial_number=new_serial_number(),
            code=new_code(),
            key_id=key_id,
            stamps=0,
            round=0,
            entries=0,
            news="welcome",
            revision=0,
            last_modified=int(now.timestamp()) - 1,
            created_at=now,
        )
    )
    change = Change(connection, card_by_id(connection, program.merchant_id, card_id), now, by)
    joined = change.write("joined")
    if program.terms.first_stamp:
        change.add_stamps("bonus", 1, program.terms, cause=joined)
    return change.save(joined, "welcome")


def stamp(
    connection: Connection,
    merchant_id: str,
    card_id: str,
    *,
    by: By,
    now: datetime,
    count: int = 1,
    override: str | None = None,
) -> Outcome:
    """Stamp a card `count` times.

    override: a manager's reason for going past the shield; it is kept in the ledger.
    Raises UnknownCard, CardClosed, Unfit, and StampRefused when the shield of the program says no.
    """
    _check_words(by, override)
    if not 1 <= count <= MOST_AT_ONCE:
        raise Unfit("count", N_("Give 1 to 100 stamps at once."))
    card = _open_card(connection, merchant_id, card_id)
    zone = shop_zone(connection, merchant_id, by.location_id)
    terms = program_by_id(connection, card.program_id).terms
    if override is None:
        check_shield(terms.shield, count, _past_stamps(connection, card, terms, now, zone), now, zone)
    change = Change(connection, card, now, by)
    change.expire_due()
    entry = change.add_stamps("stamped", count, terms, override=override)
    change.stamped_at = now
    return change.save(entry, change.news_after_stamping())


def redeem(
    connection: Connection,
    merchant_id: str,
    card_id: str,
    *,
    by: By,
    now: datetime,
    reward_id: str | None = None,
) -> Outcome:
    """Use a reward: the one named, or the one that expires first.

    Raises UnknownCard, CardClosed, NothingToRedeem, UnknownReward, RewardExpired and RewardAlreadyRedeemed.
    """
    _check_words(by)
    card = _open_card(connection, merchant_id, card_id)
    if by.location_id is not None:
        shop_zone(connection, merchant_id, by.location_id)
    reward = _reward_to_redeem(connection, card, reward_id, now)
    change = Change(connection, card, now, by)
    change.expire_due()
    entry = change.write("redeemed", reward=reward)
    change.set_state(reward, "redeemed")
    return change.save(entry, "redeemed")


def reverse(connection: Connection, merchant_id: str, entry_id: str, *, by: By, now: datetime) -> Outcome:
    """Undo a stamp, a bonus, a redemption or a closing, with everything that came of it.

    A reward given back can be used for as long as it had left when it was redeemed.
    Raises UnknownEntry, AlreadyReversed, NotReversible and RewardInTheWay.
    """
    _check_words(by)
    entry = ledger.entry_by_id(connection, merchant_id, entry_id)
    card = lock_card(connection, merchant_id, entry.card_id)
    if ledger.is_reversed(connection, entry_id):
        raise AlreadyReversed
    change = Change(connection, card, now, by)
    match entry.kind:
        case "stamped" | "bonus":
            done = change.take_stamps_back(entry)
        case "redeemed":
            done = change.give_reward_back(entry)
        case "closed":
            done = change.reopen(entry)
        case _:
            raise NotReversible
    return change.save(done, "undone")


def close(connection: Connection, merchant_id: str, card_id: str, *, by: By, now: datetime) -> Outcome:
    """Close a card: no more stamps, nothing more to redeem. Raises UnknownCard and CardClosed."""
    _check_words(by)
    change = Change(connection, _open_card(connection, merchant_id, card_id), now, by)
    entry = change.write("closed")
    change.closed_at = now
    return change.save(entry, "closed")


def expire_rewards(connection: Connection, now: datetime, limit: int = 500) -> int:
    """Write down the expiry of rewards whose time has come. Returns how many cards changed.

    Belongs into a transaction of its own, repeated until it returns 0.
    """
    due = (
        select(tables.card.c.merchant_id, tables.card.c.id)
        .join(tables.reward, tables.reward.c.card_id == tables.card.c.id)
        .where(tables.reward.c.state == "ready", tables.reward.c.expires_at <= now)
        .distinct()
        .limit(limit)
    )
    changed = 0
    for merchant_id, card_id in connection.execute(due).all():
        change = Change(connection, lock_card(connection, merchant_id, card_id), now, SYSTEM)
        expired = change.expire_due()
        if expired:
            change.save(expired[-1], "expired")
            changed += 1
    return changed


def _open_card(connection: Connection, merchant_id: str, card_id: str) -> Card:
    card = lock_card(connection, merchant_id, card_id)
    if card.closed_at is not None:
        raise CardClosed
    return card


def _check_words(by: By, override: str | None = None) -> None:
    if len(by.note or "") > LONGEST_NOTE:
        raise Unfit("note", N_("Keep the note under 500 signs."))
    if override is not None and not 0 < len(override.strip()) <= LONGEST_NOTE:
        raise Unfit("override", N_("Say in 1 to 500 signs why the rule does not apply this time."))


def _past_stamps(connection: Connection, card: Card, terms: Terms, now: datetime, zone: ZoneInfo) -> list[PastStamp]:
    pause = timedelta(seconds=terms.shield.pause_seconds or 0)
    undoing = tables.entry.alias()
    undone = select(undoing.c.id).where(undoing.c.reverses_id == tables.entry.c.id).exists()
    query = select(tables.entry.c.at, tables.entry.c.stamps).where(
        tables.entry.c.card_id == card.id,
        tables.entry.c.kind == "stamped",
        tables.entry.c.at >= min(start_of_day(now, zone), now - pause),
        ~undone,
    )
    return [PastStamp(row.at, row.stamps) for row in connection.execute(query)]


def _reward_to_redeem(connection: Connection, card: Card, reward_id: str | None, now: datetime) -> Reward:
    ready = card.ready(now)
    if reward_id is None:
        if not ready:
            raise NothingToRedeem
        return ready[0]
    reward = next((reward for reward in card.rewards if reward.id == reward_id), None)
    if reward is None or reward.state == "revoked":
        raise UnknownReward
    if reward.state == "redeemed":
        raise RewardAlreadyRedeemed(ledger.redeemed_at(connection, reward.id))
    if reward not in ready:
        raise RewardExpired
    return reward
