"""Whether colours can be told apart, and the nearest colour that can.

Source: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio and #dfn-relative-luminance (read 2026-11-21).
"""

from functools import lru_cache

from walletpass.passes.face import Colour

TEXT_CONTRAST = 4.5
"""What text of ordinary size needs (success criterion 1.4.3, level AA)."""

SHAPE_CONTRAST = 3.0
"""What a shape needs that means something (success criterion 1.4.11, level AA)."""

BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)

_STEPS = 255


@lru_cache(maxsize=4096)
def luminance(colour: Colour) -> float:
    """The relative luminance: 0 for black, 1 for white."""
    red, green, blue = (_linear(channel / 255) for channel in (colour.red, colour.green, colour.blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, in either order: 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(ground: Colour, wish: Colour | None = None, ratio: float = TEXT_CONTRAST) -> Colour:
    """The colour nearest to `wish` that stands out from `ground` by at least `ratio`; `wish` itself if it does.

    Without a wish: black or white, whichever is clearer. The ratio can be 4.58 at most: a middle grey offers no more.
    """
    if wish is None:
        return max(BLACK, WHITE, key=lambda end: contrast(end, ground))
    if contrast(wish, ground) >= ratio:
        return wish
    candidates = [_towards(end, wish, ground, ratio) for end in (BLACK, WHITE) if contrast(end, ground) >= ratio]
    return min(candidates, key=lambda candidate: _distance(candidate, wish))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _towards(end: Colour, wish: Colour, ground: Colour, ratio: float) -> Colour:
    mixes = (_mix(wish, end, step / _STEPS) for step in range(_STEPS + 1))
    return next(mix for mix in mixes if contrast(mix, ground) >= ratio)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    return Colour(
        round(one.red + (other.red - one.red) * share),
        round(one.green + (other.green - one.green) * share),
        round(one.blue + (other.blue - one.blue) * share),
    )


def _distance(one: Colour, other: Colour) -> int:
    return abs(one.red - other.red) + abs(one.green - other.green) + abs(one.blue - other.blue)
