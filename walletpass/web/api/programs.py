"""Programs in the API."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from walletpass.loyalty import programs, rules
from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.programs import LONGEST_TERMS, MOST_STAMPS
from walletpass.passes.colours import Finding, Role
from walletpass.passes.design import BadDesign, UnknownDesign, load_design
from walletpass.web.api.call import Call, Written
from walletpass.web.api.fields import STRICT, Link, Name, Slug, StampNumber

PLAIN = "plain"

_ShieldNumber = Annotated[int, Field(ge=1, le=1_000_000)]
_Colour = Annotated[str, Field(max_length=20, description="#rrggbb")]


class Shield(TypedDict):
    """What keeps stamps honest: seconds between two stamps, stamps at once, stamps a day. null: the rule is off."""

    pause_seconds: int | None
    per_scan: int | None
    per_day: int | None


@with_config(STRICT)
class ShieldChanges(TypedDict, total=False):
    """null switches a rule off; one that is left out stays as it is, in a new program at 300, 5 and 8."""

    pause_seconds: Annotated[int, Field(ge=0, le=1_000_000)] | None
    per_scan: _ShieldNumber | None
    per_day: _ShieldNumber | None


@with_config(STRICT)
class Extra(TypedDict):
    """A reward along the way, at stamp number `at`: in every round, or once in the life of a card."""

    at: StampNumber
    reward: Name
    once: NotRequired[Annotated[Literal["round", "card"], Field(json_schema_extra={"default": "round"})]]


class Design(TypedDict):
    """The look of a program's cards: the name of a ready-made design, and the colours that differ from it."""

    template: str
    colours: dict[Role, str]


@with_config(STRICT)
class DesignChanges(TypedDict, total=False):
    """null gives a colour back to the ready-made design; what is left out stays as it is."""

    template: Name
    colours: dict[Role, _Colour | None]


@with_config(STRICT)
class ProgramDetails(TypedDict, total=False):
    """The parts of a program that are sound if nothing is said. `reward_days`: null keeps rewards for ever."""

    first_stamp: bool
    shield: ShieldChanges
    extras: Annotated[list[Extra], Field(max_length=MOST_STAMPS)]
    reward_days: Annotated[int, Field(ge=1, le=3660)] | None
    terms: Annotated[str, Field(max_length=LONGEST_TERMS)]
    design: DesignChanges


@with_config(STRICT)
class NewProgram(ProgramDetails):
    """A program, open for customers at once. The first four are enough."""

    slug: Slug
    name: Name
    stamps_required: StampNumber
    reward: Name


@with_config(STRICT)
class ProgramChanges(ProgramDetails, total=False):
    """What is left out stays as it is. Rewards that customers have earned keep their terms."""

    name: Name
    stamps_required: StampNumber
    reward: Name


class ProgramLinks(TypedDict):
    """Where customers join: what the QR code at the counter says."""

    join: Link


class Program(TypedDict):
    """A loyalty program."""

    slug: str
    name: str
    stamps_required: int
    reward: str
    first_stamp: bool
    shield: Shield
    extras: list[Extra]
    reward_days: int | None
    terms: str
    design: Design
    links: ProgramLinks


class Programs(TypedDict):
    """The merchant's programs, oldest first."""

    programs: list[Program]


class Illegible(Unfit):
    """Colours that cannot be told apart on a card, each with one that can."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("design.colours", " ".join(str(finding) for finding in findings))
        self.findings = findings

    def in_words(self, language: str) -> str:
        """What is wrong with each, in the given language."""
        return " ".join(finding.words[language] for finding in self.findings)


def list_programs(call: Call) -> Programs:
    """All of them."""
    return {"programs": [_program_body(call, one) for one in programs.programs_of(call.connection, call.merchant_id)]}


def show_program(call: Call, slug: str) -> Program:
    """Raises UnknownProgram."""
    return _program_body(call, programs.program_by_slug(call.connection, slug, call.merchant_id))


def create_program(call: Call, body: NewProgram) -> Written:
    """Raises Unfit and NameTaken."""
    program = programs.create_program(
        call.connection,
        call.merchant_id,
        slug=body["slug"],
        name=body["name"],
        terms=_terms(rules.Terms(body["stamps_required"], body["reward"]), body),
        conditions=body.get("terms", ""),
        design=_design({}, body.get("design", {})),
        now=call.now,
    )
    return Written(_program_body(call, program))


def change_program(call: Call, body: ProgramChanges, slug: str) -> Written:
    """Raises UnknownProgram, Unfit and ProgramChanged."""
    program = programs.program_by_slug(call.connection, slug, call.merchant_id)
    changed = replace(
        program,
        name=body.get("name", program.name),
        terms=_terms(program.terms, body),
        conditions=body.get("terms", program.conditions),
        design=_design(program.design, body.get("design", {})),
    )
    return Written(_program_body(call, programs.update_program(call.connection, changed, call.now)))


def _terms(terms: rules.Terms, body: Mapping[str, Any]) -> rules.Terms:
    """The terms with what the body says about them."""
    changes = {part: body[part] for part in ("stamps_required", "reward", "reward_days", "first_stamp") if part in body}
    if "extras" in body:
        changes["extras"] = tuple(rules.Extra(**extra) for extra in body["extras"])
    return replace(terms, shield=replace(terms.shield, **body.get("shield", {})), **changes)


def _design(design: Mapping[str, Any], changes: DesignChanges) -> Mapping[str, Any]:
    """The design with its changes, as it is kept. Raises Unfit when there is none like that, or it cannot be read."""
    template = changes.get("template", design.get("template", PLAIN))
    merged = {**design.get("colours", {}), **changes.get("colours", {})}
    colours = {role: colour for role, colour in merged.items() if colour is not None}
    try:
        found = load_design(template).with_colours(**colours)
    except UnknownDesign as error:
        raise Unfit("design.template", str(error)) from None
    except BadDesign as error:
        raise Unfit("design.colours", str(error)) from None
    if findings := found.legibility():
        raise Illegible(findings)
    return {**design, "template": template, "colours": {role: found.colours.hexes[role] for role in colours}}


def _program_body(call: Call, program: programs.Program) -> Program:
    terms = program.terms
    return {
        "slug": program.slug,
        "name": program.name,
        "stamps_required": terms.stamps_required,
        "reward": terms.reward,
        "first_stamp": terms.first_stamp,
        "shield": {
            "pause_seconds": terms.shield.pause_seconds,
            "per_scan": terms.shield.per_scan,
            "per_day": terms.shield.per_day,
        },
        "extras": [{"at": extra.at, "reward": extra.reward, "once": extra.once} for extra in terms.extras],
        "reward_days": terms.reward_days,
        "terms": program.conditions,
        "design": {
            "template": program.design.get("template", PLAIN),
            "colours": program.design.get("colours", {}),
        },
        "links": {"join": f"{call.deps.settings.base_url}/join/{program.slug}"},
    }
