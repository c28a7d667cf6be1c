"""Drawings: plain shapes, with colours to fill in, that mean the same wherever they are placed."""

import pytest

from walletpass.passes.vector import BadDrawing, Drawing

COLOURS = {"solid", "mark"}


def a_drawing(shapes: str, root: str = 'viewBox="0 0 100 50"') -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{shapes}</svg>'


def parsed(shapes: str) -> Drawing:
    return Drawing.parse(a_drawing(shapes), COLOURS)


def test_a_drawing_has_its_own_measures() -> None:
    drawing = parsed("")
    assert (drawing.width, drawing.height, drawing.view_box) == (100, 50, "0 0 100 50")


def test_colours_are_filled_in_by_name() -> None:
    drawing = parsed('<path d="M0 0z" fill="var(--solid, #000)" stroke="var(--mark, #fff)"/>')
    assert drawing.coloured({"solid": "#123456", "mark": "none"}) == '<path d="M0 0z" fill="#123456" stroke="none"/>'


def test_colours_that_are_fixed_stay() -> None:
    assert (
        parsed('<circle r="3" fill="#fff" stroke="none"/>').coloured({}) == '<circle r="3" fill="#fff" stroke="none"/>'
    )


def test_comments_are_dropped() -> None:
    assert parsed("<!-- the cup --><g/>").shapes == "<g/>"


def test_a_drawing_becomes_a_picture_of_any_size() -> None:
    assert parsed("<g/>").svg({}, 30, 15) == (
        '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="15" viewBox="0 0 100 50" '
        'preserveAspectRatio="none"><g/></svg>'
    )


@pytest.mark.parametrize(
    ("shapes", "fault"),
    [
        ("<script/>", "<script> is not taken"),
        ('<image href="https://example.com/x.png"/>', "<image> is not taken"),
        ("<style>g { fill: red }</style>", "<style> is not taken"),
        ("<text>Free coffee</text>", "<text> is not taken"),
        ("<g>Free coffee</g>", "<g> holds text; draw letters as paths"),
        ('<g onclick="alert(1)"/>', "onclick of <g> is not taken"),
        ('<g style="fill: red"/>', "style of <g> is not taken"),
        ('<g id="cup"/>', "id of <g> is not taken"),
        ('<g fill="url(https://example.com/)"/>', "is not a colour; write #rrggbb, none or var(--name, #rrggbb)"),
        ('<g fill="red"/>', "red is not a colour"),
        ('<g fill="var(--cup, #fff)"/>', "there is no colour 'cup'; choose one of mark, solid"),
    ],
)
def test_what_is_more_than_a_shape_is_refused(shapes: str, fault: str) -> None:
    with pytest.raises(BadDrawing) as refused:
        parsed(shapes)
    assert fault in str(refused.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(BadDrawing) as refused:
        parsed('<text/><g id="a" fill="red"/>')
    assert all(fault in str(refused.value) for fault in ("<text>", "id of <g>", "red is not a colour"))


@pytest.mark.parametrize("root", ["", 'viewBox="0 0 0 0"', 'viewBox="5 5 10 10"', 'viewBox="a b c d"'])
def test_a_drawing_without_measures_is_refused(root: str) -> None:
    with pytest.raises(BadDrawing, match="needs a viewBox that starts at 0 0"):
        Drawing.parse(a_drawing("", root), COLOURS)


def test_what_is_not_xml_is_refused() -> None:
    with pytest.raises(BadDrawing, match="is not XML"):
        Drawing.parse("<svg>", COLOURS)


def test_what_is_not_svg_is_refused() -> None:
    with pytest.raises(BadDrawing, match="must be an <svg"):
        Drawing.parse('<html viewBox="0 0 1 1"/>', COLOURS)


def test_attributes_of_the_root_that_would_be_lost_are_refused() -> None:
    with pytest.raises(BadDrawing, match="fill of <svg> is not taken; set it on a <g> inside"):
        Drawing.parse(a_drawing("", 'viewBox="0 0 1 1" fill="#fff"'), COLOURS)


def test_entities_that_unfold_without_end_are_refused_before_they_are_read() -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + a_drawing("<g>&b;</g>")
    with pytest.raises(BadDrawing, match="leave out <!DOCTYPE"):
        Drawing.parse(bomb, COLOURS)
