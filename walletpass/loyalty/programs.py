"""Loyalty programs: what a merchant promises, and how the card looks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, insert, select, update
from sqlalchemy.exc import IntegrityError

from walletpass.i18n import N_
from walletpass.loyalty import tables
from walletpass.loyalty.destinations import mark_program_behind
from walletpass.loyalty.errors import NameTaken, ProgramChanged, Unfit, UnknownProgram
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.merchants import check_slug
from walletpass.loyalty.rules import Extra, Shield, Terms
from walletpass.loyalty.texts import LONGEST_NAME, is_name, line, paragraphs

MOST_STAMPS = 30
LONGEST_TERMS = 4000


@dataclass(frozen=True)
class Program:
    """A merchant's loyalty program.

    terms: its rules. conditions: the small print in the merchant's own words.
    design: the name of a ready-made design under "template", and what differs from it.
    """

    id: str
    merchant_id: str
    slug: str
    name: str
    terms: Terms
    conditions: str
    design: Mapping[str, Any]
    revision: int


def create_program(
    connection: Connection,
    merchant_id: str,
    *,
    slug: str,
    name: str,
    terms: Terms,
    design: Mapping[str, Any],
    now: datetime,
    conditions: str = "",
) -> Program:
    """A new program, open for customers at once. Raises Unfit, and NameTaken when the slug is in use anywhere."""
    program = Program(new_id(), merchant_id, slug, name.strip(), terms, conditions.strip(), dict(design), 1)
    check_program(program)
    try:
        own = {"id": program.id, "merchant_id": merchant_id, "created_at": now}
        connection.execute(insert(tables.program).values(**own, **_columns(program)))
    except IntegrityError:
        raise NameTaken(slug) from None
    return program


def update_program(connection: Connection, program: Program, now: datetime) -> Program:
    """Save a changed program and tell all its cards. What customers have earned keeps its terms.

    Raises Unfit, NameTaken, and ProgramChanged when somebody else has changed the program since it was read.
    """
    check_program(program)
    before = _lock(connection, program)
    changed = replace(program, revision=program.revision + 1)
    try:
        connection.execute(update(tables.program).where(tables.program.c.id == program.id).values(**_columns(changed)))
    except IntegrityError:
        raise NameTaken(program.slug) from None
    if _shown(program) != _shown(before):
        _tell_cards(connection, program.id, now)
    return changed


def _lock(connection: Connection, program: Program) -> Program:
    """The program as it is in the database, ours until the transaction ends. Raises ProgramChanged.

    Faces are kept by the program's revision, so two changes at once must not both make the same one. And a customer
    who joins just now refers to the program: with FOR UPDATE one of us waits for the other, and the new card is told.
    """
    query = select(tables.program).where(tables.program.c.id == program.id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None or row.revision != program.revision:
        raise ProgramChanged
    return _program(row)


def _shown(program: Program) -> Program:
    """What cards can show of a program. The rest is the counter's business, and a change of it rings no phone."""
    return replace(program, terms=replace(program.terms, shield=Shield(), first_stamp=False))


def _tell_cards(connection: Connection, program_id: str, now: datetime) -> None:
    seconds = int(now.timestamp())
    later = tables.card.c.last_modified + 1
    connection.execute(
        update(tables.card)
        .where(tables.card.c.program_id == program_id)
        .values(
            revision=tables.card.c.revision + 1,
            last_modified=case((later > seconds, later), else_=seconds),
        )
    )
    mark_program_behind(connection, program_id, now)


def program_by_slug(connection: Connection, slug: str, merchant_id: str | None = None) -> Program:
    """The program that customers know by that name, of that merchant if one is given. Raises UnknownProgram."""
    query = select(tables.program).where(tables.program.c.slug == slug)
    if merchant_id is not None:
        query = query.where(tables.program.c.merchant_id == merchant_id)
    row = connection.execute(query).one_or_none() if is_name(slug) else None
    if row is None:
        raise UnknownProgram(slug)
    return _program(row)


_BY_ID = select(tables.program).where(tables.program.c.id == bindparam("program_id"))


def program_by_id(connection: Connection, program_id: str) -> Program:
    """The program with that id, which the caller has from a card of it."""
    return _program(connection.execute(_BY_ID, {"program_id": program_id}).one())


def programs_of(connection: Connection, merchant_id: str) -> list[Program]:
    """The merchant's programs, oldest first."""
    query = select(tables.program).where(tables.program.c.merchant_id == merchant_id).order_by(tables.program.c.id)
    return [_program(row) for row in connection.execute(query)]


def check_program(program: Program) -> None:
    """Nothing when the program holds together. Raises Unfit."""
    check_slug(program.slug)
    line("name", program.name, LONGEST_NAME)
    line("reward", program.terms.reward, LONGEST_NAME)
    for extra in program.terms.extras:
        line("extras", extra.reward, LONGEST_NAME)
    paragraphs("terms", program.conditions, LONGEST_TERMS)
    _check_terms(program.terms)


def _check_terms(terms: Terms) -> None:
    if not 1 <= terms.stamps_required <= MOST_STAMPS:
        raise Unfit("stamps_required", N_("A card has 1 to 30 stamps."))
    if terms.reward_days is not None and not 1 <= terms.reward_days <= 3660:
        raise Unfit("reward_days", N_("A reward can be kept for 1 to 3660 days, or for ever."))
    _check_extras(terms.extras, terms.stamps_required)
    for name, value in asdict(terms.shield).items():
        least = 0 if name == "pause_seconds" else 1  # no stamps at all would be no rule, but no pause is one
        if value is not None and not least <= value <= 1_000_000:
            raise Unfit(f"shield.{name}", N_("Use a number from 1 on; null switches the rule off."))


def _check_extras(extras: Sequence[Extra], stamps_required: int) -> None:
    places = [extra.at for extra in extras]
    if any(not 1 <= place < stamps_required for place in places):
        raise Unfit("extras", N_("An extra reward comes before the last stamp of the card."))
    if len(set(places)) != len(places):
        raise Unfit("extras", N_("Only one extra reward can come at the same stamp."))
    if any(extra.once not in ("round", "card") for extra in extras):
        raise Unfit("extras", N_("An extra reward comes once per “round” or once per “card”."))


def _columns(program: Program) -> dict[str, Any]:
    terms = program.terms
    return {
        "slug": program.slug,
        "name": program.name,
        "stamps_required": terms.stamps_required,
        "reward": terms.reward,
        "reward_days": terms.reward_days,
        "first_stamp": terms.first_stamp,
        "extras": [asdict(extra) for extra in terms.extras],
        **asdict(terms.shield),
        "terms": program.conditions,
        "design": dict(program.design),
        "revision": program.revision,
    }


def _program(row: Row[Any]) -> Program:
    terms = Terms(
        stamps_required=row.stamps_required,
        reward=row.reward,
        extras=tuple(Extra(**extra) for extra in row.extras),
        reward_days=row.reward_days,
        first_stamp=row.first_stamp,
        shield=Shield(row.pause_seconds, row.per_scan, row.per_day),
    )
    return Program(row.id, row.merchant_id, row.slug, row.name, terms, row.terms, row.design, row.revision)
