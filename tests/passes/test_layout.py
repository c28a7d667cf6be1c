"""Stamps sit in balanced rows, inside what every wallet shows, as large as they can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletpass.passes.layout import GAP, LARGEST, Canvas, Slot, balanced, slots
from walletpass.passes.stamps import STRIP

HERO = Canvas(width=1032, height=336, safe_height=336)

counts = st.integers(1, 30)
canvases = st.sampled_from([STRIP, HERO, Canvas(width=300, height=300, safe_height=280)])


def rows_of(placed: tuple[Slot, ...]) -> list[int]:
    """How many stamps each row holds, from the top."""
    tops = sorted({slot.y for slot in placed})
    return [sum(slot.y == top for slot in placed) for top in tops]


@given(counts, canvases)
def test_there_is_a_place_for_every_stamp(count: int, canvas: Canvas) -> None:
    assert len(slots(count, canvas)) == count


@given(counts, canvases)
def test_all_stamps_are_equally_large(count: int, canvas: Canvas) -> None:
    assert len({slot.size for slot in slots(count, canvas)}) == 1


@given(counts, canvases)
def test_every_stamp_is_inside_the_band_that_no_wallet_crops(count: int, canvas: Canvas) -> None:
    cropped = (canvas.height - canvas.safe_height) / 2
    for slot in slots(count, canvas):
        assert slot.x > 0 and slot.x + slot.size < canvas.width
        assert cropped < slot.y and slot.y + slot.size < canvas.height - cropped


@given(counts, canvases)
def test_no_stamp_touches_another(count: int, canvas: Canvas) -> None:
    placed = slots(count, canvas)
    for number, one in enumerate(placed):
        for other in placed[number + 1 :]:
            apart = max(abs(one.x - other.x), abs(one.y - other.y))
            assert apart >= one.size + int(one.size * GAP)


@given(counts, canvases)
def test_stamps_are_read_from_left_to_right_and_from_top_to_bottom(count: int, canvas: Canvas) -> None:
    placed = slots(count, canvas)
    assert list(placed) == sorted(placed, key=lambda slot: (slot.y, slot.x))


@given(counts, canvases)
def test_rows_are_balanced_with_the_longer_ones_on_top(count: int, canvas: Canvas) -> None:
    rows = rows_of(slots(count, canvas))
    assert rows == sorted(rows, reverse=True)
    assert max(rows) - min(rows) <= 1


@given(counts, canvases)
def test_every_row_is_centred_to_the_point(count: int, canvas: Canvas) -> None:
    placed = slots(count, canvas)
    for top in {slot.y for slot in placed}:
        row = [slot for slot in placed if slot.y == top]
        left, right = row[0].x, canvas.width - row[-1].x - row[-1].size
        assert right - left in (0, 1)


@given(counts, canvases)
def test_no_other_number_of_rows_would_allow_larger_stamps(count: int, canvas: Canvas) -> None:
    size = slots(count, canvas)[0].size + 1

    def fits(rows: int) -> bool:
        columns = balanced(count, rows)[0]
        return (
            size * (columns + (columns - 1) * GAP) <= canvas.free_width
            and size * (rows + (rows - 1) * GAP) <= canvas.free_height
            and size <= canvas.safe_height * LARGEST
        )

    assert not any(fits(rows) for rows in range(1, count + 1))


@pytest.mark.parametrize(
    ("count", "rows"),
    [(1, [1]), (3, [3]), (5, [5]), (6, [3, 3]), (7, [4, 3]), (8, [4, 4]), (10, [5, 5]), (12, [6, 6]), (30, [10] * 3)],
)
def test_the_usual_cards_look_as_one_would_lay_them_out(count: int, rows: list[int]) -> None:
    assert rows_of(slots(count, STRIP)) == rows


@pytest.mark.parametrize("count", [0, 31, -1])
def test_a_card_that_cannot_be_laid_out_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 30 stamps"):
        slots(count, STRIP)
