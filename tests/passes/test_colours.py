"""The colours of a card: what is hard to read is said in words, with a colour to take instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from walletpass.i18n import LANGUAGES
from walletpass.passes.colours import Colours
from walletpass.passes.face import Colour

SOUND = Colours.model_validate(
    {
        "background": "#3a2318",
        "foreground": "#ffffff",
        "label": "#e3bd92",
        "strip": "#ffffff",
        "filled": "#4b2c1d",
        "empty": "#767676",
        "reward": "#b4511b",
    }
)

channels = st.integers(0, 255)
colours = st.builds(Colour, channels, channels, channels)


def changed(**roles: str) -> Colours:
    return Colours.model_validate({**SOUND.hexes, **roles})


def test_sound_colours_give_no_finding() -> None:
    assert SOUND.findings() == ()


@pytest.mark.parametrize(
    ("role", "unreadable", "ground"),
    [
        ("foreground", "#4a3328", "background"),
        ("label", "#4a3328", "background"),
        ("filled", "#eeeeee", "strip"),
        ("empty", "#eeeeee", "strip"),
        ("reward", "#ffd447", "strip"),
    ],
)
def test_a_colour_that_is_hard_to_read_is_found(role: str, unreadable: str, ground: str) -> None:
    (finding,) = changed(**{role: unreadable}).findings()
    assert (finding.role, finding.colour.hex, finding.ground.hex) == (role, unreadable, SOUND.hexes[ground])


def test_a_finding_says_what_is_wrong_and_what_to_take_instead() -> None:
    (finding,) = changed(background="#ffffff", foreground="#777777", label="#000000").findings()
    assert str(finding) == (
        "Text in #777777 is hard to read on the background #ffffff: "
        "the contrast is 4.4:1, at least 4.5:1 is needed. Try #767676."
    )


def test_a_finding_speaks_every_language() -> None:
    (finding,) = changed(reward="#ffd447").findings()
    assert set(finding.words) == set(LANGUAGES)
    assert all("#ffd447" in text and finding.suggestion.hex in text for text in finding.words.values())


@given(st.fixed_dictionaries(dict.fromkeys(SOUND.hexes, colours)))
def test_taking_every_suggestion_leaves_nothing_to_find(roles: dict[str, Colour]) -> None:
    assert Colours.model_validate(roles).legible().findings() == ()


@pytest.mark.parametrize("unusable", ["red", "#12345", "rgb(1, 2, 3)", "", 3, None])
def test_what_is_not_a_colour_is_refused(unusable: object) -> None:
    with pytest.raises(ValidationError, match="is not a colour; write it like #3c2414"):
        Colours.model_validate({**SOUND.hexes, "strip": unusable})
