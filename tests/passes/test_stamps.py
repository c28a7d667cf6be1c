"""The stamps as SVG: at home in any page, the same picture as the wallets get."""

import xml.etree.ElementTree as ET

import pytest

from walletpass.passes.design import designs, load_design
from walletpass.passes.stamps import STRIP, Progress, strip_svg
from walletpass.passes.vector import SVG

CARD = Progress(stamps=4, stamps_required=10, extras=frozenset({5}))


def drawn(progress: Progress = CARD, name: str = "coffee", title: str = "4 of 10 stamps") -> ET.Element:
    return ET.fromstring(strip_svg(load_design(name), progress, title=title))


def looks(progress: Progress) -> list[str]:
    """What is drawn in each place, such as `stamp-filled`."""
    return [use.get("href", "").split("-", 1)[1] for use in drawn(progress).iter(f"{SVG}use")]


def test_stamps_collected_are_filled_and_those_to_come_are_empty() -> None:
    assert looks(Progress(1, 3)) == ["stamp-filled", "stamp-empty", "reward-empty"]


def test_the_last_place_is_the_reward() -> None:
    assert looks(Progress(1, 1)) == ["reward-filled"]


def test_rewards_on_the_way_show_where_they_fall_and_fill_like_stamps() -> None:
    extras = frozenset({2, 3})
    assert looks(Progress(2, 4, extras)) == ["stamp-filled", "extra-filled", "extra-empty", "reward-empty"]


def test_a_reward_that_waits_shows_while_the_next_round_begins() -> None:
    assert looks(Progress(1, 3, ready=True)) == ["stamp-filled", "stamp-empty", "reward-waiting"]


def test_a_reward_at_the_last_place_stays_the_reward() -> None:
    assert looks(Progress(0, 2, frozenset({2, 7}))) == ["stamp-empty", "reward-empty"]


@pytest.mark.parametrize(("stamps", "required"), [(-1, 5), (6, 5)])
def test_more_stamps_than_places_cannot_be_drawn(stamps: int, required: int) -> None:
    with pytest.raises(ValueError, match=f"{stamps} of {required} stamps cannot be drawn"):
        Progress(stamps, required)


def test_the_title_tells_the_picture_to_those_who_cannot_see_it() -> None:
    picture = drawn(title='Café "Ada": 4 < 10 & counting')
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == 'Café "Ada": 4 < 10 & counting'


def test_the_picture_has_the_measures_of_the_strip() -> None:
    picture = drawn()
    assert (picture.get("width"), picture.get("height")) == (str(STRIP.width), str(STRIP.height))


@pytest.mark.parametrize("name", designs())
def test_nothing_in_the_picture_needs_leave_of_a_content_security_policy(name: str) -> None:
    picture = strip_svg(load_design(name), CARD, title="4 of 10 stamps")
    for forbidden in ("style", "script", "http:", "https:", "data:", "var("):
        assert forbidden not in picture.replace("http://www.w3.org/2000/svg", "")


def test_two_designs_in_one_page_do_not_share_ids() -> None:
    def ids(name: str) -> set[str | None]:
        return {element.get("id") for element in drawn(name=name).iter() if element.get("id")}

    assert ids("coffee").isdisjoint(ids("barber"))


def test_the_picture_is_small_enough_for_any_page() -> None:
    assert len(strip_svg(load_design("groomer"), Progress(15, 30), title="")) < 16_000
