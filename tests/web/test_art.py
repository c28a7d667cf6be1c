"""Pictures of cards, named by what they show."""

from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.cafe import Cafe
from walletpass.database import transaction
from walletpass.loyalty.programs import Program, update_program
from walletpass.passes.art import Art
from walletpass.web.art import IMMUTABLE


def repaint(cafe: Cafe) -> Program:
    """Give the program another design."""
    with transaction(cafe.deps.engine) as connection:
        return update_program(connection, replace(cafe.shop.program, design={"template": "barber"}), cafe.now)


@pytest.mark.parametrize("stamps", range(11))
def test_every_state_of_a_card_has_a_picture(cafe: Cafe, stamps: int) -> None:
    answer = cafe.browser().get(Art(cafe.shop.program).stamps(stamps))
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")


@pytest.mark.parametrize("kind", ["icon", "home_screen_icon", "logo", "shared"])
def test_a_program_has_pictures_for_tabs_home_screens_cards_and_chats(cafe: Cafe, kind: str) -> None:
    answer = cafe.browser().get(getattr(Art(cafe.shop.program), kind))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("image/")


def test_a_picture_may_be_kept_for_ever_by_anyone(cafe: Cafe) -> None:
    headers = cafe.browser().get(Art(cafe.shop.program).stamps(4)).headers
    assert headers["Cache-Control"] == IMMUTABLE
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(("ready", "stamps"), [(False, 0), (False, 4), (True, 10)])
def test_google_finds_a_picture_of_its_own_for_every_state(cafe: Cafe, ready: bool, stamps: int) -> None:
    answer = cafe.browser().get(Art(cafe.shop.program).hero(stamps, ready=ready))
    assert Image.open(BytesIO(answer.data)).size == (1032, 336)
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/png", IMMUTABLE)


def test_google_finds_a_square_logo_that_is_large_enough(cafe: Cafe) -> None:
    picture = Image.open(BytesIO(cafe.browser().get(Art(cafe.shop.program).round_logo).data))
    assert picture.size == (660, 660)
    assert "transparency" not in picture.info


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


def test_a_card_that_google_has_not_been_told_is_shorter_now_has_a_picture_still(cafe: Cafe) -> None:
    old = Art(cafe.shop.program).hero(10)
    shorter = replace(cafe.shop.program, terms=replace(cafe.shop.program.terms, stamps_required=8))
    with transaction(cafe.deps.engine) as connection:
        update_program(connection, shorter, cafe.now)
    answer = cafe.browser().get(old)
    assert answer.data == cafe.browser().get(Art(shorter).hero(8)).data
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_the_colours_are_a_style_sheet_for_this_program_alone(cafe: Cafe) -> None:
    art = Art(cafe.shop.program)
    answer = cafe.browser().get(art.colours)
    assert answer.mimetype == "text/css"
    assert answer.text.startswith(f".{art.css_class}{{--card-background:#")


@pytest.mark.parametrize(
    "name",
    [
        "stamps-31",
        "hero-4",
        "hero-31.png",
        "round",
        "stamps-99",
        "stamps--1",
        "stamps-x",
        "stamps-4-ready-ready",
        "logo.png",
        "colours.svg",
        "x",
        "%00",
    ],
)
def test_what_no_card_shows_is_a_404(cafe: Cafe, name: str) -> None:
    stem, _, kind = name.partition(".")
    assert cafe.browser().get(f"/art/{cafe.shop.program.id}/{stem}-0123.{kind or 'svg'}").status_code == 404


@pytest.mark.parametrize("program", ["none", "%00", "x" * 3000, "%E2%82%AC"])
def test_the_art_of_a_program_that_does_not_exist_is_a_404(cafe: Cafe, program: str) -> None:
    assert cafe.browser().get(f"/art/{program}/stamps-4-0123.svg").status_code == 404
