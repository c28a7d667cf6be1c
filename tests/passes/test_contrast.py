"""The contrast of colours, by WCAG, and the nearest colour that can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletpass.passes.contrast import BLACK, SHAPE_CONTRAST, TEXT_CONTRAST, WHITE, contrast, readable_on
from walletpass.passes.face import Colour

channels = st.integers(0, 255)
colours = st.builds(Colour, channels, channels, channels)


def test_black_on_white_has_the_highest_contrast_there_is() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)


@pytest.mark.parametrize(
    ("grey", "ratio"), [("#767676", 4.54), ("#777777", 4.48), ("#949494", 3.03), ("#959595", 2.99)]
)
def test_the_well_known_greys_on_white_have_the_well_known_contrast(grey: str, ratio: float) -> None:
    assert contrast(Colour.parse(grey), WHITE) == pytest.approx(ratio, abs=0.01)


@given(colours, colours)
def test_contrast_is_the_same_in_either_order(one: Colour, other: Colour) -> None:
    assert contrast(one, other) == contrast(other, one)


@given(colours)
def test_a_colour_has_no_contrast_with_itself(colour: Colour) -> None:
    assert contrast(colour, colour) == 1


@given(colours, colours, st.sampled_from([SHAPE_CONTRAST, TEXT_CONTRAST]))
def test_the_colour_offered_can_be_read(ground: Colour, wish: Colour, ratio: float) -> None:
    assert contrast(readable_on(ground, wish, ratio), ground) >= ratio


@given(colours, colours)
def test_a_colour_that_can_be_read_is_left_alone(ground: Colour, wish: Colour) -> None:
    readable = readable_on(ground, wish)
    assert readable_on(ground, readable) == readable


@given(colours)
def test_without_a_wish_black_or_white_is_offered_and_can_be_read(ground: Colour) -> None:
    assert readable_on(ground) in (BLACK, WHITE)
    assert contrast(readable_on(ground), ground) >= TEXT_CONTRAST


def test_the_colour_offered_is_near_the_one_wished_for() -> None:
    brown = Colour.parse("#8a5a1e")
    assert readable_on(Colour.parse("#d9b98a"), brown, TEXT_CONTRAST) == Colour.parse("#6a4517")
