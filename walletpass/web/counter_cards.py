"""A card as staff see it at the counter: where it stands, what may be done, and what was just done with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from babel.dates import format_timedelta
from sqlalchemy import Connection

from walletpass.accounts.members import Member
from walletpass.i18n import N_
from walletpass.loyalty import ledger
from walletpass.loyalty.cards import Card
from walletpass.loyalty.errors import LoyaltyError, RewardAlreadyRedeemed, StampRefused, UnknownEntry
from walletpass.loyalty.ids import group_code
from walletpass.loyalty.ledger import Entry
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.loyalty.rewards import reward_by_id
from walletpass.loyalty.rules import Reward
from walletpass.passes.art import Art
from walletpass.passes.cards import next_reward
from walletpass.web.languages import moment, page_language, plural, say

AT_A_TAP = (1, 2, 3)
"""How many stamps one button gives."""

UNDO_WITHIN = timedelta(seconds=60)
"""How long staff can undo what they did themselves; managers always can."""

JUST_NOW = timedelta(minutes=1)

Feel = Literal["shown", "good", "great", "undone", "refused"]
"""How it looks, sounds and feels in the hand."""


@dataclass(frozen=True)
class ReadyReward:
    """A reward that can be redeemed now. expires_at: on the shop's clock; None means never."""

    id: str
    name: str
    expires_at: datetime | None


@dataclass(frozen=True)
class CardView:
    """A card on the counter.

    missing: stamps to the next reward. last_visit: how long ago, in words; None when it never was stamped.
    counts: how many stamps may be given at once. picture: the address of the drawn stamps.
    """

    id: str
    code: str
    name: str | None
    language: str
    program: str
    stamps: int
    stamps_required: int
    missing: int
    next_reward: str
    ready: Sequence[ReadyReward]
    last_visit: str | None
    counts: Sequence[int]
    picture: str
    closed: bool

    @property
    def progress(self) -> str:
        """In words, as it is told to screen readers."""
        return say(N_("%(stamps)s of %(required)s stamps"), stamps=self.stamps, required=self.stamps_required)


@dataclass(frozen=True)
class Done:
    """What an entry of the ledger did, for those who just did it.

    sign: what can be read from an arm's length, "+2"; None where a picture says it.
    undo: the entry to undo; None when that is done, or not allowed.
    """

    feel: Feel
    title: str
    text: str = ""
    sign: str | None = None
    undo: str | None = None


@dataclass(frozen=True)
class Stamping:
    """Stamps as they were asked for."""

    count: int
    note: str | None


@dataclass(frozen=True)
class Refusal:
    """What could not be done, and why. stamping: what the shield refused; a manager may go past it."""

    title: str
    text: str
    stamping: Stamping | None = None
    waiting_helps: bool = False


@dataclass(frozen=True)
class Shown:
    """The part of the page that changes with every scan.

    found: the card. done, refusal: what just happened to it. typed: a code that no card was found for, to be put right.
    """

    found: CardView | None = None
    done: Done | None = None
    refusal: Refusal | None = None
    typed: str = ""

    @property
    def feel(self) -> Feel:
        """What staff see, hear and feel."""
        if self.refusal:
            return "refused"
        return self.done.feel if self.done else "shown"

    @property
    def says(self) -> str:
        """All of it in a breath, for screen readers."""
        told: list[str] = []
        if self.refusal:
            told += [self.refusal.title, self.refusal.text]
        if self.done:
            told += [self.done.title, self.done.text]
        if self.found:
            told += [self.found.name or "", self.found.progress]
            told += [say(N_("Ready: %(reward)s"), reward=reward.name) for reward in self.found.ready]
        return ". ".join(part.rstrip(".") for part in told if part)

    @property
    def offers_stamps(self) -> bool:
        """Whether stamps are worth a button now: not after a stamp, and not when all that helps is to wait."""
        if self.found is None or self.found.closed or (self.done and self.done.sign):
            return False
        return not (self.refusal and self.refusal.waiting_helps)


def card_view(connection: Connection, card: Card, now: datetime, zone: tzinfo) -> CardView:
    """The card as it is now. zone: the shop's clock."""
    program = program_by_id(connection, card.program_id)
    ready = card.ready(now)
    missing, following = next_reward(card, program.terms)
    return CardView(
        id=card.id,
        code=group_code(card.code),
        name=card.customer.name,
        language=card.customer.language,
        program=program.name,
        stamps=card.stamps,
        stamps_required=program.terms.stamps_required,
        missing=missing,
        next_reward=following,
        ready=[_ready(reward, zone) for reward in ready],
        last_visit=_ago(card.last_stamped_at, now),
        counts=_counts(program),
        picture=Art(program).stamps(min(card.stamps, program.terms.stamps_required), ready=bool(ready)),
        closed=card.closed_at is not None,
    )


def done_by(connection: Connection, card: Card, entry_id: str, member: Member, now: datetime) -> Done:
    """What that entry did to the card. Raises UnknownEntry."""
    entry = ledger.entry_by_id(connection, card.merchant_id, entry_id)
    if entry.card_id != card.id:
        raise UnknownEntry
    if ledger.is_reversed(connection, entry_id):
        return _undone(connection, card, entry)
    undoable = entry.id if may_undo(member, entry, now) else None
    match entry.kind:
        case "stamped":
            return _stamped(card, entry, undoable)
        case "redeemed":
            reward = reward_by_id(connection, card.id, str(entry.reward_id))
            return Done("great", say(N_("Redeemed")), reward.name, undo=undoable)
        case "reversed":
            return _undone(connection, card, ledger.entry_by_id(connection, card.merchant_id, str(entry.reverses_id)))
        case _:
            raise UnknownEntry


def may_undo(member: Member, entry: Entry, now: datetime) -> bool:
    """Whether that member can undo the entry: staff only what they did themselves, and only at once."""
    if member.role != "staff":
        return True
    return entry.by.actor == f"member:{member.id}" and now - entry.at <= UNDO_WITHIN


def refused(title: str, error: LoyaltyError) -> Refusal:
    """What could not be done. title: marked with N_."""
    return Refusal(say(title), error.in_words(page_language()))


def refused_redemption(error: LoyaltyError, zone: tzinfo) -> Refusal:
    """A reward that was not redeemed. zone: the shop's clock, which says when it was used before."""
    refusal = refused(N_("Not redeemed"), error)
    if not isinstance(error, RewardAlreadyRedeemed):
        return refusal
    return replace(refusal, text=say(error.message, when=moment(error.redeemed_at.astimezone(zone))))


def refused_stamps(error: LoyaltyError, count: int, note: str | None) -> Refusal:
    """Stamps that were not given; a manager may give them all the same when it was the shield that said no."""
    refusal = refused(N_("Not stamped"), error)
    if not isinstance(error, StampRefused):
        return refusal
    return replace(refusal, stamping=Stamping(count, note), waiting_helps=error.rule == "pause_seconds")


def _stamped(card: Card, entry: Entry, undoable: str | None) -> Done:
    title = plural("%(n)s stamp added", "%(n)s stamps added", entry.stamps)
    earned = [reward.name for reward in card.rewards if reward.state == "ready" and reward.earned_at == entry.at]
    text = say(N_("Reward earned: %(reward)s"), reward=", ".join(earned)) if earned else ""
    return Done("great" if earned else "good", title, text, sign=f"+{entry.stamps}", undo=undoable)


def _undone(connection: Connection, card: Card, entry: Entry) -> Done:
    """entry: the one that was undone."""
    if entry.kind == "redeemed":
        reward = reward_by_id(connection, card.id, str(entry.reward_id))
        text = say(N_("%(reward)s can be redeemed again."), reward=reward.name)
    else:
        text = plural("%(n)s stamp taken back.", "%(n)s stamps taken back.", entry.stamps)
    return Done("undone", say(N_("Undone")), text)


def _ready(reward: Reward, zone: tzinfo) -> ReadyReward:
    return ReadyReward(reward.id, reward.name, reward.expires_at and reward.expires_at.astimezone(zone))


def _counts(program: Program) -> tuple[int, ...]:
    most = program.terms.shield.per_scan
    return tuple(count for count in AT_A_TAP if most is None or count <= most)


def _ago(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return None
    if now - at < JUST_NOW:
        return say(N_("just now"))
    return format_timedelta(at - now, add_direction=True, locale=page_language())
