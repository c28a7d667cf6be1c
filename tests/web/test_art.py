"""Pictures of cards, named by what they show."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.cafe import Cafe
from walletpass.database import transaction
from walletpass.loyalty.programs import Program, update_program
from walletpass.web.art import IMMUTABLE, Art


def repaint(cafe: Cafe) -> Program:
    """Give the program another design."""
    with transaction(cafe.deps.engine) as connection:
        return update_program(connection, replace(cafe.shop.program, design={"template": "barber"}), cafe.now)


@pytest.mark.parametrize("stamps", range(11))
def test_every_state_of_a_card_has_a_picture(cafe: Cafe, stamps: int) -> None:
    answer = cafe.browser().get(Art(cafe.shop.program).stamps(stamps))
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")


def test_a_picture_may_be_kept_for_ever_by_anyone(cafe: Cafe) -> None:
    headers = cafe.browser().get(Art(cafe.shop.program).stamps(4)).headers
    assert headers["Cache-Control"] == IMMUTABLE
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in headers


def test_the_same_picture_has_the_same_name_and_another_picture_another(cafe: Cafe) -> None:
    art = Art(cafe.shop.program)
    assert art.stamps(4) == art.stamps(4)
    assert len({art.stamps(4), art.stamps(5), art.stamps(4, ready=True)}) == 3


def test_a_new_design_has_new_names(cafe: Cafe) -> None:
    before, after = Art(cafe.shop.program), Art(repaint(cafe))
    assert before.stamps(4) != after.stamps(4)
    assert before.logo != after.logo
    assert before.colours != after.colours


def test_an_old_name_shows_the_picture_of_today_and_is_not_kept(cafe: Cafe) -> None:
    old = Art(cafe.shop.program).stamps(4)
    new = Art(repaint(cafe)).stamps(4)
    answer = cafe.browser().get(old)
    assert answer.data == cafe.browser().get(new).data
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_the_colours_are_a_style_sheet_for_this_program_alone(cafe: Cafe) -> None:
    art = Art(cafe.shop.program)
    answer = cafe.browser().get(art.colours)
    assert answer.mimetype == "text/css"
    assert answer.text.startswith(f".{art.css_class}{{--card-background:#")


@pytest.mark.parametrize(
    "name",
    ["stamps-11", "stamps-99", "stamps--1", "stamps-x", "stamps-4-ready-ready", "logo.png", "colours.svg", "x", "%00"],
)
def test_what_no_card_shows_is_a_404(cafe: Cafe, name: str) -> None:
    stem, _, kind = name.partition(".")
    assert cafe.browser().get(f"/art/{cafe.shop.program.id}/{stem}-0123.{kind or 'svg'}").status_code == 404


@pytest.mark.parametrize("program", ["none", "%00", "x" * 3000, "%E2%82%AC"])
def test_the_art_of_a_program_that_does_not_exist_is_a_404(cafe: Cafe, program: str) -> None:
    assert cafe.browser().get(f"/art/{program}/stamps-4-0123.svg").status_code == 404
