"""The ready-made designs: whole, legible, in every language; and what is said of one that is not."""

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from walletpass.i18n import LANGUAGES
from walletpass.passes.design import CHECKOUT, INSTALLED, BadDesign, UnknownDesign, designs, load_design, read_design
from walletpass.passes.face import Colour

NAMES = ("bakery", "barber", "carwash", "coffee", "groomer", "plain")
REPOSITORY = CHECKOUT.parents[1]

Change = Callable[[dict[str, Any]], object]
Spoil = Callable[[Change], Path]

every_design = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def spoiled(tmp_path: Path) -> Spoil:
    """A copy of the coffee design, its design.json changed by the function given."""

    def spoil(change: Change) -> Path:
        folder = tmp_path / "coffee.pass"
        shutil.copytree(CHECKOUT / "coffee.pass", folder)
        content = json.loads((folder / "design.json").read_text(encoding="utf-8"))
        change(content)
        (folder / "design.json").write_text(json.dumps(content), encoding="utf-8")
        return folder

    return spoil


def faults(folder: Path) -> tuple[str, ...]:
    with pytest.raises(BadDesign) as refused:
        read_design(folder)
    return refused.value.faults


def test_six_trades_have_a_design_each() -> None:
    assert tuple(designs()) == NAMES


@every_design
def test_every_design_is_legible(name: str) -> None:
    assert load_design(name).legibility() == ()


@every_design
def test_every_text_of_a_design_is_in_all_languages(name: str) -> None:
    program = load_design(name).program
    for texts in (load_design(name).title, program.reward, program.terms, *(extra.reward for extra in program.extras)):
        assert set(texts) == set(LANGUAGES)
        assert all(texts.values())


@every_design
def test_a_design_loaded_twice_is_the_same_object(name: str) -> None:
    assert load_design(name) is load_design(name)


def test_designs_are_listed_with_their_titles() -> None:
    assert designs()["barber"] == {"en": "Barber", "pl": "Barber", "hu": "Borbély"}


def test_an_unknown_design_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(UnknownDesign, match="no design 'tea'; choose one of bakery, barber, carwash, coffee"):
        load_design("tea")


@pytest.mark.parametrize("name", ["../passes/coffee", "", ".", "coffee.pass"])
def test_a_design_is_never_looked_for_outside_its_place(name: str) -> None:
    with pytest.raises(UnknownDesign):
        load_design(name)


def test_a_program_chooses_its_own_colours_and_keeps_the_others() -> None:
    design = load_design("coffee").with_colours(background="#004d40", reward=Colour(1, 2, 3))
    assert design.colours.background == Colour(0, 0x4D, 0x40)
    assert design.colours.reward == Colour(1, 2, 3)
    assert design.colours.strip == load_design("coffee").colours.strip


def test_a_design_in_other_colours_has_another_digest() -> None:
    design = load_design("coffee")
    assert design.digest != design.with_colours(strip="#ffffff").digest
    assert design.digest == design.with_colours(strip=design.colours.strip).digest


def test_colours_that_cannot_be_read_are_told_and_mended() -> None:
    design = load_design("coffee").with_colours(background="#ffffff")
    assert {finding.role for finding in design.legibility()} == {"foreground", "label"}
    assert design.legible().legibility() == ()


def test_colours_that_are_none_are_refused_all_at_once() -> None:
    with pytest.raises(BadDesign) as refused:
        load_design("coffee").with_colours(strip="beige", cup="#ffffff")
    assert refused.value.faults == (
        "strip: 'beige' is not a colour; write it like #3c2414",
        "cup is not known here; leave it out",
    )


def test_all_faults_of_a_design_are_named_at_once(
    spoiled: Spoil,
) -> None:
    def change(content: dict[str, Any]) -> None:
        del content["title"]["pl"]
        content["title"]["de"] = "Café"
        content["trade"] = "bank"
        content["colours"]["strip"] = "beige"
        del content["colours"]["reward"]
        content["program"]["stamps_required"] = 31
        content["artwork"]["stamp"] = "nothing.svg"
        content["artwork"]["logo"] = "../plain.pass/logo.svg"
        content["artwork"]["icon"] = "backdrop.svg"
        content["sound"] = "ding"

    assert faults(spoiled(change)) == (
        "title: the text in 'pl' is missing, 'de' is not one of our languages",
        "trade: Input should be 'cafe', 'barber', 'car_wash', 'groomer', 'bakery' or 'any'",
        "colours.strip: 'beige' is not a colour; write it like #3c2414",
        "colours.reward is missing",
        "program.stamps_required: Input should be less than or equal to 30",
        "artwork.stamp: there is no file nothing.svg",
        "artwork.icon: must be square; its viewBox is 0 0 100 72",
        "artwork.logo: name a file of the same folder, such as stamp.svg",
        "sound is not known here; leave it out",
    )


@pytest.mark.parametrize("places", [[5, 5], [5, 3], [10]])
def test_extras_that_are_no_steps_towards_the_reward_are_refused(spoiled: Spoil, places: list[int]) -> None:
    def change(content: dict[str, Any]) -> None:
        (extra,) = content["program"]["extras"]
        content["program"]["extras"] = [{**extra, "at": place} for place in places]

    assert faults(spoiled(change)) == ("program: list the extras in rising order, each before the last stamp",)


def test_a_design_is_called_like_its_folder(spoiled: Spoil) -> None:
    folder = spoiled(lambda content: content.update(name="tea"))
    assert faults(folder) == ("name: must be 'coffee', like the folder",)


def test_a_drawing_that_is_not_plain_is_refused_with_its_file(
    spoiled: Spoil,
) -> None:
    folder = spoiled(lambda content: None)
    (folder / "stamp.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text/></svg>')
    (folder / "reward.svg").write_bytes(b"\xff\xfe")
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 161 50"/>')
    stamp, reward, logo = faults(folder)
    assert stamp.startswith("artwork.stamp: stamp.svg: <text> is not taken")
    assert reward == "artwork.reward: reward.svg is not UTF-8 text"
    assert logo == "artwork.logo: must be at most 3.2 times as wide as high; its viewBox is 0 0 161 50"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "design.json is not JSON: Expecting property name"),
        (b"\xff", "design.json is not JSON: 'utf-8' codec"),
        (b"[]", "design.json must hold one object"),
        (None, "there is no design.json"),
    ],
)
def test_a_design_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, fault: str) -> None:
    folder = tmp_path / "tea.pass"
    folder.mkdir()
    if content is not None:
        (folder / "design.json").write_bytes(content)
    with pytest.raises(BadDesign, match=f"^design tea: {fault}"):
        read_design(folder)


def test_a_wheel_carries_the_designs_where_an_installed_package_looks_for_them() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert carried[str(CHECKOUT.relative_to(REPOSITORY))] == str(INSTALLED.relative_to(REPOSITORY))


def test_an_installed_package_finds_its_designs(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(REPOSITORY / "walletpass", tmp_path / "walletpass", ignore=ignored)
    shutil.copytree(CHECKOUT, tmp_path / INSTALLED.relative_to(REPOSITORY))
    program = "from walletpass.passes import design; print(design.__file__, *design.designs())"
    said = subprocess.check_output([sys.executable, "-c", program], cwd=tmp_path, text=True)
    assert said.split() == [str(tmp_path / "walletpass/passes/design.py"), *NAMES]
