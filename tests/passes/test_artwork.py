"""The pictures for the wallets: the right sizes, one for each state, light, in the program's colours."""

import random
from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import pytest
import resvg_py
from PIL import Image, ImageChops, ImageStat

from walletpass.passes import artwork
from walletpass.passes.contrast import SHAPE_CONTRAST, contrast
from walletpass.passes.design import Design, designs, load_design
from walletpass.passes.face import Colour
from walletpass.passes.layout import Canvas, slots
from walletpass.passes.stamps import STRIP, Progress, strip_svg
from walletpass.passes.vector import Drawing

HERO = Canvas(width=1032, height=336, safe_height=336)
CARD = Progress(stamps=4, stamps_required=10, extras=frozenset({5}))
BUDGET = 150_000
"""Half of what a whole pass may weigh."""

every_design = pytest.mark.parametrize("name", designs())


def opened(png: bytes) -> Image.Image:
    picture = Image.open(BytesIO(png))
    picture.load()
    assert picture.format == "PNG"
    return picture


def shown(progress: Progress, design: Design) -> Image.Image:
    return opened(artwork.stamp_picture(design, progress, STRIP)).convert("RGB")


def colours_in(picture: Image.Image) -> Counter[Colour]:
    """How many pixels there are of each colour."""
    pixels = picture.convert("RGB").tobytes()
    return Counter(Colour(*pixels[at : at + 3]) for at in range(0, len(pixels), 3))


def is_opaque(picture: Image.Image) -> bool:
    return not picture.has_transparency_data


def states(stamps_required: int, extras: frozenset[int]) -> Iterator[Progress]:
    """Every state of a card. With the last stamp it starts again, unless its program was shortened later."""
    for stamps in range(stamps_required):
        yield Progress(stamps, stamps_required, extras)
        yield Progress(stamps, stamps_required, extras, ready=True)
    yield Progress(stamps_required, stamps_required, extras)


@every_design
def test_the_strip_is_opaque_and_has_apples_size_at_every_scale(name: str) -> None:
    strip = {scale: opened(png) for scale, png in artwork.strip(load_design(name), CARD).items()}
    assert {scale: picture.size for scale, picture in strip.items()} == {1: (375, 144), 2: (750, 288), 3: (1125, 432)}
    assert all(map(is_opaque, strip.values()))


@every_design
def test_the_icon_is_opaque_and_has_apples_size_at_every_scale(name: str) -> None:
    icon = {scale: opened(png) for scale, png in artwork.icon(load_design(name)).items()}
    assert {scale: picture.size for scale, picture in icon.items()} == {1: (38, 38), 2: (76, 76), 3: (114, 114)}
    assert all(map(is_opaque, icon.values()))


@every_design
def test_the_logo_is_as_high_as_apple_allows_and_lets_the_background_through(name: str) -> None:
    logo = {scale: opened(png) for scale, png in artwork.logo(load_design(name)).items()}
    assert {scale: picture.height for scale, picture in logo.items()} == {1: 50, 2: 100, 3: 150}
    assert all(picture.width <= 160 * scale for scale, picture in logo.items())
    assert not any(map(is_opaque, logo.values()))


@every_design
def test_every_two_states_of_a_card_look_different(name: str) -> None:
    all_states = list(states(10, frozenset({5})))
    pictures = {artwork.stamp_picture(load_design(name), state, STRIP) for state in all_states}
    assert len(pictures) == len(all_states)


@pytest.mark.parametrize("count", range(1, 31))
def test_a_card_of_any_length_can_be_drawn(count: int) -> None:
    design = load_design("plain")
    assert shown(Progress(0, count), design) != shown(Progress(count, count), design)


def test_the_same_state_is_the_same_object() -> None:
    design = load_design("coffee")
    again = load_design("coffee").with_colours(strip=design.colours.strip)
    assert artwork.strip(design, CARD) is artwork.strip(again, Progress(4, 10, frozenset({5})))
    assert artwork.icon(design) is artwork.icon(again)
    assert artwork.logo(design) is artwork.logo(again)


@every_design
@pytest.mark.parametrize("progress", [CARD, Progress(7, 30, frozenset({10, 20}), ready=True)])
def test_the_strip_shows_what_the_svg_shows(name: str, progress: Progress) -> None:
    design = load_design(name)
    svg = strip_svg(design, progress, title="")
    expected = opened(resvg_py.svg_to_bytes(svg_string=svg, zoom=2, skip_system_fonts=True)).convert("RGB")
    got = opened(artwork.strip(design, progress)[2]).convert("RGB")
    assert max(ImageStat.Stat(ImageChops.difference(expected, got)).mean) < 0.5


@every_design
def test_the_colours_of_the_design_arrive_unchanged(name: str) -> None:
    design = load_design(name)
    counted = colours_in(shown(Progress(5, 10), design))
    for wanted in (design.colours.strip, design.colours.filled, design.colours.empty, design.colours.reward):
        assert counted[wanted] > 100


@every_design
@pytest.mark.parametrize("kind", ["stamp", "extra", "reward"])
def test_filled_and_empty_can_be_told_apart_without_seeing_colours(name: str, kind: str) -> None:
    design = load_design(name).with_colours(strip="#ffffff", filled="#000000", empty="#000000", reward="#000000")
    extras = frozenset({1} if kind == "extra" else ())
    place = 1 if kind == "reward" else 2
    differing = ImageChops.difference(
        shown(Progress(0, place, extras), design), shown(Progress(1, place, extras), design)
    )
    assert share_of_black(ImageChops.invert(differing), place) > 0.2


@every_design
def test_a_reward_on_the_way_can_be_told_from_a_stamp_without_seeing_colours(name: str) -> None:
    design = load_design(name).with_colours(strip="#ffffff", filled="#000000", empty="#000000", reward="#000000")
    for stamps in (0, 1):
        differing = ImageChops.difference(
            shown(Progress(stamps, 2), design), shown(Progress(stamps, 2, frozenset({1})), design)
        )
        assert share_of_black(ImageChops.invert(differing), 2) > 0.15


def share_of_black(picture: Image.Image, count: int) -> float:
    """How much of the first place is rather black than white."""
    slot = slots(count, STRIP)[0]
    part = picture.convert("L").crop((slot.x, slot.y, slot.x + slot.size, slot.y + slot.size))
    return sum(part.histogram()[:128]) / slot.size**2


@every_design
def test_the_pattern_never_hides_what_lies_on_it(name: str) -> None:
    design = load_design(name)
    bare = design.artwork.model_copy(update=dict.fromkeys(("stamp", "extra", "reward"), Drawing(1, 1, "")))
    svg = strip_svg(design.model_copy(update={"artwork": bare}), CARD, title="")
    cropped = (STRIP.height - STRIP.free_height) // 2
    ground = opened(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True))
    for colour in colours_in(ground.crop((0, cropped, STRIP.width, STRIP.height - cropped))):
        for sign in (design.colours.filled, design.colours.empty, design.colours.reward):
            assert contrast(sign, colour) >= SHAPE_CONTRAST


@every_design
def test_the_pictures_stay_within_their_weight(name: str) -> None:
    chance = random.Random(name)
    noisy = {role: Colour(*chance.randbytes(3)) for role in ("background", "strip", "filled", "empty", "reward")}
    for design in (load_design(name), load_design(name).with_colours(**noisy)):
        marks = [*artwork.icon(design).values(), *artwork.logo(design).values()]
        for stamps in (0, 15, 30):
            strip = artwork.strip(design, Progress(stamps, 30, frozenset(range(1, 30, 3))))
            assert sum(map(len, [*strip.values(), *marks])) < BUDGET


@every_design
def test_the_same_stamps_fit_a_picture_of_other_measures(name: str) -> None:
    picture = opened(artwork.stamp_picture(load_design(name), CARD, HERO))
    assert picture.size == (1032, 336)
    assert is_opaque(picture)
