"""From a card in the database to its face."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import Connection

from walletpass.i18n import LANGUAGES, N_, Words, same, translate, translate_plural, words
from walletpass.keys import Keyring
from walletpass.loyalty.cards import Card
from walletpass.loyalty.ids import group_code
from walletpass.loyalty.merchants import Location, Merchant, locations_of, merchant_by_id
from walletpass.loyalty.programs import Program, program_by_id
from walletpass.loyalty.rules import Reward, Terms
from walletpass.passes import artwork
from walletpass.passes.design import Design, load_design
from walletpass.passes.face import Barcode, Colour, Face, Field, FieldKey, Place, Scale
from walletpass.passes.links import card_links, link_token
from walletpass.passes.stamps import Progress

MOST_PLACES = 10
"""Locations that a pass may carry (apple-wallet 2.8: max 10)."""

PROGRAMS_KEPT = 256
STATES_KEPT = 4096
NOTHING = "–"

NEWS = {
    "welcome": N_("Welcome! Show this card at every visit."),
    "stamped": N_("Thank you for your visit."),
    "ready": N_("Your reward is ready. Show this card to redeem it."),
    "redeemed": N_("Reward redeemed. Enjoy!"),
    "expired": N_("A reward on this card has expired."),
    "undone": N_("Your card has been corrected."),
    "closed": N_("This card has been closed."),
}

SPEAKS: Mapping[str, FieldKey] = {"welcome": "stamps", "stamped": "stamps", "ready": "ready"}
"""Which field carries the message on the lock screen after which news; `news` itself after all others.

Exactly one, because a phone that finds two messaged fields changed says only that something has (apple-wallet 2.7).
"""


@dataclass(frozen=True)
class _ProgramFace:
    """The part of the face that all cards of a program share."""

    made_of: tuple[object, ...]
    key: str
    design: Design
    description: Words
    icon: Mapping[Scale, bytes]
    logo: Mapping[Scale, bytes]
    places: tuple[Place, ...]
    back: tuple[Field, ...]


@dataclass(frozen=True)
class _StateFace:
    """The part of the face that cards in the same state share; renderers know its fields by identity."""

    strip: Mapping[Scale, bytes]
    header: tuple[Field, ...]
    secondary: tuple[Field, ...]
    back: tuple[Field, ...]


class CardFaces:
    """Makes faces. Thread-safe; what cards share is made once: by program, and by state within a program."""

    def __init__(self, base_url: str, keyring: Keyring) -> None:
        self._base_url = base_url
        self._keyring = keyring
        self._programs: dict[str, _ProgramFace] = {}
        self._states: dict[tuple[object, ...], _StateFace] = {}

    def load(self, connection: Connection, card: Card, now: datetime) -> Face:
        """The face of a card as it is now."""
        program = program_by_id(connection, card.program_id)
        merchant = merchant_by_id(connection, card.merchant_id)
        return self.face(card, program, merchant, locations_of(connection, card.merchant_id), now)

    def face(
        self, card: Card, program: Program, merchant: Merchant, locations: Sequence[Location], now: datetime
    ) -> Face:
        """The face of a card, from all that it depends on."""
        shared = self._shared(program, merchant, locations)
        ready = card.ready(now)
        state = self._state(shared, card, program.terms, ready)
        web_url = card_links(self._base_url, link_token(self._keyring, card)).web
        colours = shared.design.colours
        return Face(
            static_key=shared.key,
            organization=merchant.name,
            program=program.name,
            description=shared.description,
            background=colours.background,
            foreground=colours.foreground,
            label=colours.label,
            places=shared.places,
            back_static=shared.back,
            icon=shared.icon,
            logo=shared.logo,
            serial_number=card.serial_number,
            strip=state.strip,
            header=state.header,
            secondary=state.secondary + _name_fields(card),
            back=state.back + _rewards_fields(ready, shop_clock(locations)) + (_link_field(web_url),),
            barcode=Barcode(card.code, group_code(card.code)),
            stamps=card.stamps,
            stamps_required=program.terms.stamps_required,
            rewards_ready=len(ready),
            language=card.customer.language,
            web_url=web_url,
            revision=card.revision,
            last_modified=card.last_modified,
            voided=card.closed_at is not None,
        )

    def _shared(self, program: Program, merchant: Merchant, locations: Sequence[Location]) -> _ProgramFace:
        # One per program, compared with what it was made of: comparing costs a tenth of hashing ten locations.
        known = self._programs.get(program.id)
        if known is not None and known.made_of == (program.revision, merchant, *locations):
            return known
        if len(self._programs) >= PROGRAMS_KEPT:
            self._programs.clear()
        made = self._programs[program.id] = _program_face(program, merchant, locations)
        return made

    def _state(self, shared: _ProgramFace, card: Card, terms: Terms, ready: Sequence[Reward]) -> _StateFace:
        missing, reward = next_reward(card, terms)
        key = (shared.key, card.stamps, card.news, missing, reward, *[each.name for each in ready])
        if (known := self._states.get(key)) is not None:
            return known
        if len(self._states) >= STATES_KEPT:
            self._states.clear()
        strip = artwork.strip(shared.design, stamps_shown(card, terms, bool(ready)))
        made = self._states[key] = _StateFace(
            strip,
            header=(_stamps_field(card, terms),),
            secondary=(Field("reward", words(N_("Next reward")), reward), _ready_field(card, ready)),
            back=(_news_field(card), _progress_field(card, terms, missing, reward)),
        )
        return made


def design_of(program: Program) -> Design:
    """The design of the program's cards: a ready-made one, in colours of its own where it has some.

    Raises UnknownDesign and BadDesign.
    """
    design = load_design(str(program.design.get("template", "plain")))
    colours: Mapping[str, Colour | str] = program.design.get("colours") or {}
    return design.with_colours(**colours) if colours else design


def shop_clock(locations: Sequence[Location]) -> ZoneInfo:
    """The clock that the merchant's days go by: that of the first shop."""
    return locations[0].zone if locations else ZoneInfo("UTC")


def stamps_shown(card: Card, terms: Terms, ready: bool) -> Progress:
    """What the picture of the card shows. A card may hold more stamps than a program that was shortened later."""
    return Progress(
        stamps=min(card.stamps, terms.stamps_required),
        stamps_required=terms.stamps_required,
        extras=frozenset(extra.at for extra in terms.extras),
        ready=ready,
    )


def next_reward(card: Card, terms: Terms) -> tuple[int, str]:
    """The next reward that stamps will earn: how many more it takes, and its name."""
    had = {r.milestone for r in card.rewards if not r.stamps_spent and r.state != "revoked"}
    ahead = [(e.at, e.reward) for e in terms.extras if e.at > card.stamps and not (e.once == "card" and e.at in had)]
    at, name = min([*ahead, (terms.stamps_required, terms.reward)])
    return max(at - card.stamps, 1), name


def named(rewards: Iterable[Reward]) -> str:
    """The names of rewards in one line; equal ones are counted: "Free coffee × 2, Pastry"."""
    names = [reward.name for reward in rewards]
    counted = [(name, sum(1 for _ in group)) for name, group in groupby(sorted(names, key=names.index))]
    return ", ".join(f"{name} × {count}" if count > 1 else name for name, count in counted)


def _program_face(program: Program, merchant: Merchant, locations: Sequence[Location]) -> _ProgramFace:
    design = design_of(program)
    made_of = (program.revision, merchant, *locations)
    return _ProgramFace(
        made_of=made_of,
        key=sha256(repr((program.id, *made_of)).encode()).hexdigest()[:32],
        design=design,
        description=words(N_("Stamp card, %(merchant)s: %(program)s"), merchant=merchant.name, program=program.name),
        icon=artwork.icon(design),
        logo=artwork.logo(design),
        places=tuple(_places(locations)),
        back=tuple(_shared_back(program, merchant)),
    )


def _places(locations: Sequence[Location]) -> Iterable[Place]:
    for location in locations[:MOST_PLACES]:
        if location.latitude is not None and location.longitude is not None:
            text = same(location.relevant_text) if location.relevant_text else _nearby(location)
            yield Place(location.latitude, location.longitude, text)


def _nearby(location: Location) -> Words:
    return words(N_("%(location)s is just around the corner"), location=location.name)


def _stamps_field(card: Card, terms: Terms) -> Field:
    message = words(N_("You now have %@ stamps")) if _speaks(card, "stamps") else None
    return Field("stamps", words(N_("Stamps")), f"{card.stamps} / {terms.stamps_required}", message)


def _ready_field(card: Card, ready: Sequence[Reward]) -> Field:
    message = words(N_("Ready for you: %@")) if _speaks(card, "ready") else None
    return Field("ready", words(N_("Ready for you")), named(ready) or NOTHING, message)


def _news_field(card: Card) -> Field:
    return Field("news", words(N_("Latest")), words(NEWS[card.news]), None if card.news in SPEAKS else same("%@"))


def _progress_field(card: Card, terms: Terms, missing: int, reward: str) -> Field:
    progress = words(
        N_("%(stamps)s of %(required)s stamps. %(missing)s more: %(reward)s."),
        stamps=card.stamps,
        required=terms.stamps_required,
        missing=missing,
        reward=reward,
    )
    return Field("progress", words(N_("Your progress")), progress)


def _speaks(card: Card, key: FieldKey) -> bool:
    return SPEAKS.get(card.news) == key


def _name_fields(card: Card) -> tuple[Field, ...]:
    return (Field("name", _label(N_("Name")), card.customer.name),) if card.customer.name else ()


def _rewards_fields(ready: Sequence[Reward], zone: ZoneInfo) -> tuple[Field, ...]:
    if not ready:
        return ()
    return (Field("rewards", _label(N_("Your rewards")), {one: _listed(one, ready, zone) for one in LANGUAGES}),)


def _link_field(web_url: str) -> Field:
    return Field("card", _label(N_("This card on the web, language and name")), web_url, link=web_url)


@cache
def _label(message: str) -> Words:
    return words(message)


def _listed(language: str, rewards: Sequence[Reward], zone: ZoneInfo) -> str:
    return "\n".join(_with_expiry(language, reward, zone) for reward in rewards)


def _with_expiry(language: str, reward: Reward, zone: ZoneInfo) -> str:
    if reward.expires_at is None:
        return reward.name
    day = format_date(reward.expires_at.astimezone(zone), "long", locale=language)
    return translate(language, N_("%(reward)s, until %(day)s"), reward=reward.name, day=day)


def _shared_back(program: Program, merchant: Merchant) -> Iterable[Field]:
    yield Field("about", words(N_("How it works")), {one: _how_it_works(one, program.terms) for one in LANGUAGES})
    if program.conditions:
        yield Field("terms", words(N_("Terms")), program.conditions)
    contact = "\n".join(filter(None, (merchant.name, merchant.email, merchant.phone, merchant.website)))
    yield Field("contact", words(N_("Contact")), contact)


def _how_it_works(language: str, terms: Terms) -> str:
    steps = [(extra.at, extra.reward) for extra in terms.extras] + [(terms.stamps_required, terms.reward)]
    return "\n".join(
        translate_plural(language, "%(n)s stamp: %(reward)s", "%(n)s stamps: %(reward)s", at, reward=reward)
        for at, reward in sorted(steps)
    )
