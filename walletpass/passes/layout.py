"""Where the stamps sit: any number from 1 to 30 in balanced rows, as large as the space allows."""

from collections.abc import Iterator
from dataclasses import dataclass

MOST_STAMPS = 30

SIDE_MARGIN = 1 / 24
"""Free space left and right of the stamps, as a part of the width."""

MARGIN = 1 / 25
"""Free space above and below them, as a part of the height that is always shown."""

GAP = 1 / 10
"""Least free space between two stamps, as a part of their size."""

WIDEST_GAP = 1 / 3
"""Most free space between two stamps: further apart they no longer read as one group."""

LARGEST = 3 / 4
"""The largest stamp, as a part of the height that is always shown: one or two alone should not shout."""


@dataclass(frozen=True)
class Slot:
    """The square of one stamp: the top left corner and the side, in whole points, so that edges fall on pixels."""

    x: int
    y: int
    size: int


@dataclass(frozen=True)
class Canvas:
    """A picture in points, and the height of its central band that no wallet ever crops."""

    width: int
    height: int
    safe_height: int

    @property
    def free_width(self) -> int:
        """What the stamps may use of the width."""
        return self.width - 2 * round(self.width * SIDE_MARGIN)

    @property
    def free_height(self) -> int:
        """What the stamps may use of the height."""
        return self.safe_height - 2 * round(self.safe_height * MARGIN)


def slots(count: int, canvas: Canvas) -> tuple[Slot, ...]:
    """The places of `count` stamps, left to right and top to bottom. Raises ValueError outside 1 to 30."""
    if not 1 <= count <= MOST_STAMPS:
        raise ValueError(f"a card has 1 to {MOST_STAMPS} stamps, not {count}")
    rows = max(range(1, count + 1), key=lambda rows: stamp_size(count, rows, canvas))
    return tuple(_placed(balanced(count, rows), stamp_size(count, rows, canvas), canvas))


def balanced(count: int, rows: int) -> tuple[int, ...]:
    """How many stamps each row holds; longer rows first, none longer than another by more than one."""
    least, longer = divmod(count, rows)
    return tuple(least + (row < longer) for row in range(rows))


def stamp_size(count: int, rows: int, canvas: Canvas) -> int:
    """The side of the largest stamps that fit in so many rows."""
    columns = balanced(count, rows)[0]
    across = canvas.free_width / (columns + (columns - 1) * GAP)
    down = canvas.free_height / (rows + (rows - 1) * GAP)
    return int(min(across, down, canvas.safe_height * LARGEST))


def _placed(rows: tuple[int, ...], size: int, canvas: Canvas) -> Iterator[Slot]:
    down = size + _gap(len(rows), size, canvas.free_height)
    across = size + _gap(rows[0], size, canvas.free_width)
    top = (canvas.height - (len(rows) - 1) * down - size) // 2
    for row, columns in enumerate(rows):
        left = (canvas.width - (columns - 1) * across - size) // 2
        for column in range(columns):
            yield Slot(left + column * across, top + row * down, size)


def _gap(count: int, size: int, space: int) -> int:
    """The gap that shares out the space left over, up to the widest gap."""
    return min((space - count * size) // (count - 1), int(size * WIDEST_GAP)) if count > 1 else 0
