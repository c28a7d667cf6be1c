"""The pictures of a pass: real PNGs, in the sizes of Apple's table."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.apple.builders import a_png
from walletpass.apple.images import NotAPng, image_findings, png_size

ICON = a_png(38, 38)
SET = {"icon.png": ICON, "icon@2x.png": a_png(76, 76), "icon@3x.png": a_png(114, 114)}


def words(files: dict[str, bytes], style: str = "storeCard", *, refused: bool | None = None) -> list[str]:
    return [f.words for f in image_findings(files, style) if refused is None or f.refused == refused]


def test_three_good_icons_are_enough() -> None:
    assert words(SET) == []


def test_without_any_icon_wallet_refuses() -> None:
    assert words({"logo.png": a_png(50, 50)}, refused=True) == [
        "there is no icon; add icon.png, icon@2x.png and icon@3x.png"
    ]


def test_a_missing_scale_is_told() -> None:
    assert words({"icon.png": ICON}) == [
        "icon@2x.png is missing; give every image in all three sizes",
        "icon@3x.png is missing; give every image in all three sizes",
    ]


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (38, 38)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(jpeg(), id="a renamed JPEG"),
        pytest.param(b"", id="empty"),
        pytest.param(ICON[:-1], id="cut off"),
        pytest.param(ICON[:-12], id="without its end"),
        pytest.param(ICON[:30] + bytes([ICON[30] ^ 1]) + ICON[31:], id="damaged"),
        pytest.param(ICON[:8] + bytes(4) + b"IHDR" + b"\xa8\xa1\xae\x0a" + ICON[-12:], id="without measures"),
        pytest.param(ICON[:8], id="nothing but a signature"),
    ],
)
def test_what_is_not_a_whole_png_is_refused(data: bytes) -> None:
    assert len(words({**SET, "logo.png": data}, refused=True)) == 1


@given(st.binary(max_size=100), st.integers(0, 200))
@settings(deadline=None)
def test_garbage_is_refused_and_nothing_else(data: bytes, start: int) -> None:
    try:
        png_size(ICON[:start] + data)
    except NotAPng as error:
        assert str(error)


@pytest.mark.parametrize(("width", "height"), [(29, 29), (37, 37), (40, 38)])
def test_an_icon_is_square_and_has_38_points(width: int, height: int) -> None:
    assert words({**SET, "icon.png": a_png(width, height)}) == [
        f"icon.png is {width} x {height} pixels; an icon is a square of at least 38"
    ]


def test_a_larger_icon_is_fine() -> None:
    assert words({**SET, "icon.png": a_png(60, 60)}) == []


def of_all_scales(name: str, width: int, height: int) -> dict[str, bytes]:
    return {f"{name}{'' if n == 1 else f'@{n}x'}.png": a_png(width * n, height * n) for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("width", "height", "fits"), [(160, 50, True), (50, 50, True), (161, 50, False), (90, 51, False)]
)
def test_a_logo_has_at_most_160_by_50_points(width: int, height: int, fits: bool) -> None:
    assert (words(SET | of_all_scales("logo", width, height)) == []) == fits


@pytest.mark.parametrize(
    ("style", "height", "fits"),
    [("storeCard", 144, True), ("storeCard", 123, True), ("storeCard", 98, False), ("eventTicket", 98, True)],
)
def test_a_strip_has_a_height_that_its_style_does_not_crop(style: str, height: int, fits: bool) -> None:
    assert (words(SET | of_all_scales("strip", 375, height), style) == []) == fits


def test_a_picture_with_a_name_that_wallet_does_not_know_is_told() -> None:
    assert words({**SET, "icon@4x.png": ICON}) == [
        "icon@4x.png: Wallet knows no image of this name; name it like icon@2x.png"
    ]


def test_a_translated_picture_is_hidden_by_one_at_the_top() -> None:
    assert "pl.lproj/icon.png: the one at the top hides it; keep only one of them" in words(
        {**SET, "pl.lproj/icon.png": ICON}
    )
