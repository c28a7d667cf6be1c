"""What may happen to a card. Each operation runs in the caller's transaction, with the card locked.

`news` on a card is what it says last; wallets turn it into the line on the lock screen:
"welcome", "stamped", "ready" (a reward was earned), "redeemed", "expired", "undone", "closed".
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, literal_column, select

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
from walletpass.loyalty.rewards import reward_by_id
from walletpass.loyalty.rules import Reward, Shield, check_shield, start_of_day
from walletpass.loyalty.texts import LONGEST_NAME, email_or_none, line_or_none, paragraphs

MOST_AT_ONCE = 100
LONGEST_NOTE = 500
OLDEST_BIRTHDAY = date(1900, 1, 1)


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
    Raises Unfit and UnknownLocation.
    """
    _check_by(connection, program.merchant_id, by)
    if language not in LANGUAGES:
        raise Unfit("language", N_("Choose one of the languages en, pl and hu."))
    if birthday is not None and not OLDEST_BIRTHDAY <= birthday <= now.date() + timedelta(days=1):
        raise Unfit("birthday", N_("A birthday lies between 1900 and today."))
    customer_id, card_id = new_id(), new_id()
    connection.execute(
        insert(tables.customer).values(
            id=customer_id,
            merchant_id=program.merchant_id,
            name=line_or_none("name", name, LONGEST_NAME),
            birthday=birthday,
            email=email_or_none("email", email),
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
    Raises UnknownCard, CardClosed, UnknownLocation, Unfit, and StampRefused when the shield of the program says no.
    """
    _check_note(by)
    if not 1 <= count <= MOST_AT_ONCE:
        raise Unfit("count", N_("Give 1 to 100 stamps at once."))
    if override is not None and not paragraphs("override", override, LONGEST_NOTE):
        raise Unfit("override", N_("Say why the rule does not apply this time."))
    zone = shop_zone(connection, merchant_id, by.location_id)
    card = _open_card(connection, merchant_id, card_id)
    terms = program_by_id(connection, card.program_id).terms
    if override is None:
        _ask_shield(connection, card, terms.shield, count, now, zone)
    change = Change(connection, card, now, by)
    change.expire_due()
    entry = change.add_stamps("stamped", count, terms, override=override)
    change.stamped_at = change.now
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

    Raises UnknownCard, CardClosed, UnknownLocation, Unfit, NothingToRedeem, UnknownReward, RewardExpired and
    RewardAlreadyRedeemed.
    """
    _check_by(connection, merchant_id, by)
    card = _open_card(connection, merchant_id, card_id)
    reward = _reward_to_redeem(connection, card, reward_id, now)
    change = Change(connection, card, now, by)
    change.expire_due()
    entry = change.write("redeemed", reward=reward)
    change.set_state(reward, "redeemed")
    return change.save(entry, "redeemed")


def reverse(connection: Connection, merchant_id: str, entry_id: str, *, by: By, now: datetime) -> Outcome:
    """Undo a stamp, a bonus, a redemption or a closing, with everything that came of it.

    A reward given back can be used for as long as it had left when it was redeemed.
    Raises UnknownEntry, UnknownLocation, Unfit, AlreadyReversed, NotReversible and RewardInTheWay.
    """
    _check_by(connection, merchant_id, by)
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
    """Close a card: no more stamps, nothing more to redeem.

    Raises UnknownCard, CardClosed, UnknownLocation and Unfit.
    """
    _check_by(connection, merchant_id, by)
    change = Change(connection, _open_card(connection, merchant_id, card_id), now, by)
    entry = change.write("closed")
    change.closed_at = change.now
    return change.save(entry, "closed")


def expire_rewards(connection: Connection, now: datetime, limit: int = 500) -> int:
    """Write down the expiry of rewards whose time has come. Returns how many cards changed.

    Belongs into a transaction of its own, repeated until it returns 0. A card that is just being changed elsewhere is
    left for the next time: waiting for it with others locked could end in a circle, as could another order than by id.
    """
    due = (
        select(tables.reward.c.card_id)
        .where(tables.reward.c.state == literal_column("'ready'"), tables.reward.c.expires_at <= now)  # as the index
        .order_by(tables.reward.c.expires_at)
        .limit(limit)
    )
    cards = (
        select(tables.card.c.merchant_id, tables.card.c.id).where(tables.card.c.id.in_(due)).order_by(tables.card.c.id)
    )
    changed = 0
    for merchant_id, card_id in connection.execute(cards.with_for_update(skip_locked=True, key_share=True)).all():
        change = Change(connection, lock_card(connection, merchant_id, card_id), now, SYSTEM)
        expired = change.expire_due()
        if expired:
            change.save(expired[-1], "expired" if change.closed_at is None else change.card.news)
            changed += 1
    return changed


def _open_card(connection: Connection, merchant_id: str, card_id: str) -> Card:
    card = lock_card(connection, merchant_id, card_id)
    if card.closed_at is not None:
        raise CardClosed
    return card


def _check_by(connection: Connection, merchant_id: str, by: By) -> None:
    _check_note(by)
    if by.location_id is not None:
        shop_zone(connection, merchant_id, by.location_id)


def _check_note(by: By) -> None:
    paragraphs("note", by.note or "", LONGEST_NOTE)


def _ask_shield(connection: Connection, card: Card, shield: Shield, count: int, now: datetime, zone: ZoneInfo) -> None:
    matters_since = []
    if shield.pause_seconds is not None:
        matters_since.append(now - timedelta(seconds=shield.pause_seconds))
    if shield.per_day is not None:
        matters_since.append(start_of_day(now, zone))
    past = ledger.stamps_since(connection, card.id, min(matters_since)) if matters_since else []
    check_shield(shield, count, past, now, zone)


def _reward_to_redeem(connection: Connection, card: Card, reward_id: str | None, now: datetime) -> Reward:
    ready = card.ready(now)
    if reward_id is None:
        if not ready:
            raise NothingToRedeem
        return ready[0]
    for reward in ready:
        if reward.id == reward_id:
            return reward
    reward = reward_by_id(connection, card.id, reward_id)
    if reward.state == "revoked":
        raise UnknownReward
    if reward.state == "redeemed":
        raise RewardAlreadyRedeemed(ledger.redeemed_at(connection, reward.id))
    raise RewardExpired
