"""A design: the colours, the artwork and the proposed program of one trade; what ready-made cards are made from.

One folder each, `templates/passes/<name>.pass/`: `design.json` beside the drawings that it names.
"""

import json
from collections.abc import Mapping
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from walletpass.i18n import LANGUAGES, Words
from walletpass.passes.colours import Colours, Finding, Role
from walletpass.passes.face import Colour
from walletpass.passes.layout import MOST_STAMPS
from walletpass.passes.vector import BadDrawing, Drawing

INSTALLED = Path(__file__).parent / "templates"
"""Where a wheel carries the designs (pyproject.toml puts them there)."""

CHECKOUT = Path(__file__).parents[2] / "templates" / "passes"
"""Where they lie in the repository."""

SUFFIX = ".pass"

WIDEST_LOGO = 160 / 50
"""Apple's logo, width to height."""

SLOT_COLOURS = frozenset({"solid", "line", "mark"})
"""What the drawings of stamps and rewards are painted with: the body, its outline and the sign on it.

A collected one is solid with the sign cut out of it, one still ahead is an outline; so they differ in more than colour.
"""


class UnknownDesign(LookupError):
    """There is no design of that name; str(error) names those that there are."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no design {name!r}; choose one of {', '.join(known)}")
        self.name = name


class BadDesign(ValueError):
    """A design that cannot be used; str(error) says all that is wrong with it."""

    def __init__(self, name: str, faults: tuple[str, ...]) -> None:
        super().__init__(f"design {name}: {'; '.join(faults)}")
        self.faults = faults


def _all_languages(texts: Mapping[str, str]) -> Words:
    faults = [f"the text in {language!r} is missing" for language in LANGUAGES if not texts.get(language, "").strip()]
    faults += [f"{language!r} is not one of our languages" for language in texts if language not in LANGUAGES]
    if faults:
        raise ValueError(", ".join(faults))
    return MappingProxyType(dict(texts))


def _read_drawing(value: object, info: ValidationInfo) -> Drawing:
    """The drawing in the file named, which lies in the design's folder."""
    if isinstance(value, Drawing):
        return value
    if not isinstance(value, str) or Path(value).name != value:
        raise ValueError("name a file of the same folder, such as stamp.svg")
    try:
        text = (info.context["folder"] / value).read_text(encoding="utf-8")  # type: ignore[index]
        return Drawing.parse(text, SLOT_COLOURS | set(get_args(Role)))
    except OSError:
        raise ValueError(f"there is no file {value}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{value} is not UTF-8 text") from None
    except BadDrawing as error:
        raise ValueError(f"{value}: {error}") from None


def _is_square(drawing: Drawing) -> Drawing:
    if drawing.width != drawing.height:
        raise ValueError(f"must be square; its viewBox is {drawing.view_box}")
    return drawing


def _is_not_too_wide(drawing: Drawing) -> Drawing:
    if drawing.width > WIDEST_LOGO * drawing.height:
        raise ValueError(f"must be at most {WIDEST_LOGO:g} times as wide as high; its viewBox is {drawing.view_box}")
    return drawing


def _like_the_folder(name: str, info: ValidationInfo) -> str:
    if name != (expected := info.context["name"]):  # type: ignore[index]
        raise ValueError(f"must be {expected!r}, like the folder")
    return name


Text = Annotated[Mapping[str, str], AfterValidator(_all_languages)]
Picture = Annotated[Drawing, BeforeValidator(_read_drawing)]
Square = Annotated[Picture, AfterValidator(_is_square)]
Logo = Annotated[Picture, AfterValidator(_is_not_too_wide)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProposedExtra(_Part):
    """A reward on the way: at which stamp, and what."""

    at: int = Field(strict=True, ge=1, lt=MOST_STAMPS)
    reward: Text


class ProposedProgram(_Part):
    """What a merchant of the trade usually offers, to start from."""

    stamps_required: int = Field(strict=True, ge=1, le=MOST_STAMPS)
    reward: Text
    extras: tuple[ProposedExtra, ...] = ()
    terms: Text

    @model_validator(mode="after")
    def _extras_come_before_the_end(self) -> Self:
        places = [extra.at for extra in self.extras]
        if places != sorted(set(places)) or any(place >= self.stamps_required for place in places):
            raise ValueError("list the extras in rising order, each before the last stamp")
        return self


class Artwork(_Part):
    """The drawings of a design, from files of its folder.

    stamp, extra, reward: the places of an ordinary stamp, of a reward on the way and of the one at the end.
    icon: opaque. logo: a mark to sit on the background. backdrop: behind the stamps, repeated like a tile, measured
    in points of the strip.
    """

    stamp: Square
    extra: Square
    reward: Square
    icon: Square
    logo: Logo
    backdrop: Picture | None = None


class Design(_Part):
    """What the cards of one trade look like, and the program proposed with it.

    Keep it as long as its program stays the same: pictures are remembered by its digest, worked out once.
    """

    name: Annotated[str, AfterValidator(_like_the_folder)]
    title: Text
    trade: Literal["cafe", "barber", "car_wash", "groomer", "bakery", "any"]
    colours: Colours
    program: ProposedProgram
    artwork: Artwork

    @cached_property
    def digest(self) -> str:
        """Equal for designs that look the same, whatever their texts say."""
        return sha256(f"{self.colours!r}{self.artwork!r}".encode()).hexdigest()

    def with_colours(self, **colours: Colour | str) -> "Design":
        """The design in the program's colours, by role; the others stay. Raises BadDesign."""
        try:
            changed = Colours.model_validate({**dict(self.colours), **colours})
        except ValidationError as error:
            raise BadDesign(self.name, _in_words(error)) from None
        # Built from the fields alone: a copy would keep the digest of the old colours.
        fields = {field: getattr(self, field) for field in type(self).model_fields}
        return Design.model_construct(**{**fields, "colours": changed})

    def legibility(self) -> tuple[Finding, ...]:
        """What is hard to read, each with a colour that is not; empty when all is well."""
        return self.colours.findings()

    def legible(self) -> "Design":
        """The design with every colour that is hard to read replaced by the nearest that is not."""
        return self.with_colours(**dict(self.colours.legible()))


@cache
def load_design(name: str) -> Design:
    """The ready-made design of that name. Raises UnknownDesign, BadDesign."""
    if name not in (known := _names()):
        raise UnknownDesign(name, known)
    return read_design(_folder() / f"{name}{SUFFIX}")


@cache
def designs() -> Mapping[str, Words]:
    """The names of all ready-made designs, each with its title. Raises BadDesign."""
    return MappingProxyType({name: load_design(name).title for name in _names()})


def read_design(folder: Path) -> Design:
    """The design in a folder called `<name>.pass`. Raises BadDesign, which names all faults at once."""
    name = folder.name.removesuffix(SUFFIX)
    try:
        return Design.model_validate(_read_json(folder / "design.json", name), context={"folder": folder, "name": name})
    except ValidationError as error:
        raise BadDesign(name, _in_words(error)) from None


def _read_json(path: Path, name: str) -> object:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadDesign(name, ("there is no design.json",)) from None
    except ValueError as error:
        raise BadDesign(name, (f"design.json is not JSON: {error}",)) from None
    if not isinstance(content, dict):
        raise BadDesign(name, ("design.json must hold one object, { ... }",))
    return content


def _folder() -> Path:
    return INSTALLED if INSTALLED.is_dir() else CHECKOUT


def _names() -> tuple[str, ...]:
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in _folder().glob(f"*{SUFFIX}")))


def _in_words(error: ValidationError) -> tuple[str, ...]:
    return tuple(_fault(".".join(map(str, fault["loc"])), fault["type"], fault["msg"]) for fault in error.errors())


def _fault(where: str, kind: str, message: str) -> str:
    match kind:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is not known here; leave it out"
        case _:
            return f"{where}: {message.removeprefix('Value error, ')}"
