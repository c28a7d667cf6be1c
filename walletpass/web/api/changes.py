"""What happens to cards, in the API: stamps, redemptions, closing, undoing, and the ledger of it all."""

from typing import Annotated

from pydantic import Field, with_config
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from walletpass.accounts.roles import require
from walletpass.loyalty import ledger, operations
from walletpass.loyalty.cards import card_by_id
from walletpass.loyalty.change import Outcome
from walletpass.loyalty.ledger import Kind
from walletpass.loyalty.operations import MOST_AT_ONCE
from walletpass.loyalty.programs import program_by_id
from walletpass.web.api.call import Call, Written, written_moment
from walletpass.web.api.cards import Card, card_body
from walletpass.web.api.fields import STRICT, Id, Moment, Note
from walletpass.web.api.links import NO_LINKS


@with_config(STRICT)
class Remark(TypedDict, total=False):
    """Where something happens, and what staff say about it."""

    location: Id | None
    note: Note | None


@with_config(STRICT)
class NewStamps(Remark, total=False):
    """Stamps for a card: one, unless `count` says how many. `override`: why the shield does not apply; for managers."""

    count: Annotated[int, Field(ge=1, le=MOST_AT_ONCE, json_schema_extra={"default": 1})]
    override: Note | None


@with_config(STRICT)
class NewRedemption(Remark, total=False):
    """The use of a reward: the one named, or the one that expires first."""

    reward: Id | None


class Entry(TypedDict):
    """Something that happened to a card, for ever on record.

    `number` counts 1, 2, 3... on each card. `stamps`: what it adds to the stamps shown, may be negative.
    `cause`: the entry that brought it about. `reverses`: the entry that it undoes.
    `actor`: "customer", "system", "member:" or "key:" and an id.
    """

    id: str
    card: str
    number: int
    kind: Kind
    stamps: int
    at: Moment
    reward: str | None
    cause: str | None
    reverses: str | None
    location: str | None
    actor: str
    note: str | None
    override: str | None


class Entries(TypedDict):
    """All that happened to a card, oldest first."""

    entries: list[Entry]


class Change(TypedDict):
    """What a call did: its entry, the entries that came of it (a reward earned, say), and the card as it is now."""

    entry: Entry
    caused: list[Entry]
    card: Card


def stamp_card(call: Call, body: NewStamps, card_id: str) -> Written:
    """Raises Forbidden, and what `operations.stamp` raises."""
    count, override = body.get("count", 1), body.get("override")
    if override is not None:
        require(call.key.role, "manager")
    by = call.by(body)
    return _written(
        call,
        operations.stamp(
            call.connection, call.merchant_id, card_id, by=by, now=call.now, count=count, override=override
        ),
    )


def redeem_reward(call: Call, body: NewRedemption, card_id: str) -> Written:
    """Raises what `operations.redeem` raises."""
    by, reward_id = call.by(body), body.get("reward")
    return _written(
        call, operations.redeem(call.connection, call.merchant_id, card_id, by=by, now=call.now, reward_id=reward_id)
    )


def close_card(call: Call, body: Remark, card_id: str) -> Written:
    """Raises what `operations.close` raises."""
    return _written(call, operations.close(call.connection, call.merchant_id, card_id, by=call.by(body), now=call.now))


def reverse_entry(call: Call, body: Remark, entry_id: str) -> Written:
    """Raises what `operations.reverse` raises."""
    return _written(
        call, operations.reverse(call.connection, call.merchant_id, entry_id, by=call.by(body), now=call.now)
    )


def list_entries(call: Call, card_id: str) -> Entries:
    """Raises UnknownCard."""
    card = card_by_id(call.connection, call.merchant_id, card_id)
    return {"entries": [_entry_body(entry) for entry in ledger.entries_of(call.connection, card.id)]}


def _written(call: Call, outcome: Outcome) -> Written:
    program = program_by_id(call.connection, outcome.card.program_id)
    change: Change = {
        "entry": _entry_body(outcome.entry),
        "caused": [_entry_body(entry) for entry in outcome.caused],
        "card": card_body(outcome.card, program, call.now, NO_LINKS),
    }
    return Written(change, outcome.card.key_id)


def _entry_body(entry: ledger.Entry) -> Entry:
    return {
        "id": entry.id,
        "card": entry.card_id,
        "number": entry.number,
        "kind": entry.kind,
        "stamps": entry.stamps,
        "at": written_moment(entry.at),
        "reward": entry.reward_id,
        "cause": entry.cause_id,
        "reverses": entry.reverses_id,
        "location": entry.by.location_id,
        "actor": entry.by.actor,
        "note": entry.by.note,
        "override": entry.override,
    }
