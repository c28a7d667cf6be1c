"""What Wallet draws of a pass (apple-wallet 1.4, 1.6, 2.4 to 2.6), and what it does not let a pass do."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.apple.builders import a_png
from tests.conftest import NOON
from tests.sandbox.pass_service import a_pass_json, files_of
from walletpass.passes.face import Colour
from walletpass.sandbox.barcodes import DrawnBarcode, draw_barcode
from walletpass.sandbox.pass_file import PassFile, Region, ShownPass
from walletpass.sandbox.wallet_view import PassView, image_of, view_of


def a_file(pictures: Mapping[str, bytes] | None = None, **changes: Any) -> PassFile:
    document = a_pass_json(**changes)
    files = {"pass.json": json.dumps(document).encode(), **files_of({}, pictures or {})}
    return PassFile(document, files, {path: hashlib.sha1(data).hexdigest() for path, data in files.items()})


def view(file: PassFile, language: str = "en") -> PassView:
    return view_of(ShownPass(file, Region(language)), NOON)


def named(*keys: str, **more: Any) -> list[dict[str, Any]]:
    return [{"key": key, "label": key.upper(), "value": key, **more} for key in keys]


def back_of(**field: Any) -> list[tuple[str, str | None]]:
    """The parts of the one back field."""
    fields = {"backFields": [{"key": "k", "label": "L", "value": "", **field}]}
    [shown] = view(a_file(fields=fields)).back
    return [(part.text, part.href) for part in shown.parts if part.text]


def test_the_header_has_room_for_three_fields() -> None:
    shown = view(a_file(fields={"headerFields": named("a", "b", "c", "d")}))
    assert [field.value for field in shown.header] == ["a", "b", "c"]


def test_secondary_and_auxiliary_fields_of_a_store_card_share_a_row_of_four() -> None:
    fields = {"secondaryFields": named("a", "b", "c"), "auxiliaryFields": named("d", "e")}
    [row] = view(a_file(fields=fields)).rows
    assert [field.value for field in row] == ["a", "b", "c", "d"]


def test_a_generic_pass_has_two_rows_of_four() -> None:
    style = {"secondaryFields": named(*"abcde"), "auxiliaryFields": named(*"fghij")}
    rows = view(a_file(storeCard=None, generic=style)).rows
    assert [[field.value for field in row] for row in rows] == [list("abcd"), list("fghi")]


def test_one_primary_field_is_drawn_over_the_strip() -> None:
    assert [field.value for field in view(a_file(fields={"primaryFields": named("a", "b")})).primary] == ["a"]


def test_fields_stand_where_they_are_told_to() -> None:
    fields = {"headerFields": named("a", textAlignment="PKTextAlignmentRight") + named("b")}
    assert [field.align for field in view(a_file(fields=fields)).header] == ["right", "natural"]


def test_colours_are_read_from_their_numbers() -> None:
    shown = view(a_file(backgroundColor="rgb(60, 36,20)", foregroundColor="rgb(255,255,255)", labelColor="rgb(1,2,3)"))
    assert (shown.background, shown.foreground, shown.label) == (
        Colour(60, 36, 20),
        Colour(255, 255, 255),
        Colour(1, 2, 3),
    )
    assert shown.colours == "3c2414-ffffff-010203"


def test_labels_take_the_foreground_for_want_of_a_colour() -> None:
    assert view(a_file(foregroundColor="rgb(9, 9, 9)")).label == Colour(9, 9, 9)


def test_the_first_barcode_that_can_be_drawn_is_drawn() -> None:
    codes = [
        {"format": "PKBarcodeFormatEAN13", "message": "4006381333931", "messageEncoding": "iso-8859-1"},
        {"format": "PKBarcodeFormatQR", "message": "ABC-DEF", "messageEncoding": "iso-8859-1", "altText": "ABC DEF"},
    ]
    drawn = view(a_file(barcodes=codes)).barcode
    assert drawn is not None
    assert (scanned(drawn), drawn.text) == ("ABC-DEF", "ABC DEF")


@pytest.mark.parametrize("kind", ["QR", "Aztec", "PDF417", "Code128"])
def test_a_barcode_can_be_scanned(kind: str) -> None:
    code = {"format": f"PKBarcodeFormat{kind}", "message": "GZJ-Y72-CK3", "messageEncoding": "iso-8859-1"}
    drawn = draw_barcode({"barcodes": [code]})
    assert drawn is not None and scanned(drawn) == "GZJ-Y72-CK3"


def test_the_barcode_of_old_phones_is_drawn_for_want_of_another() -> None:
    code = {"format": "PKBarcodeFormatQR", "message": "zażółć", "messageEncoding": "utf-8"}
    drawn = draw_barcode({"barcode": code})
    assert drawn is not None and scanned(drawn) == "zażółć"


def test_a_pass_may_have_no_barcode() -> None:
    assert view(a_file()).barcode is None


def test_images_come_in_all_their_sizes() -> None:
    file = a_file()
    logo = view(file).logo
    assert logo is not None
    assert [image_of(file, logo.digests[scale]) for scale in (1, 2, 3)] == [
        file.files[path] for path in ("logo.png", "logo@2x.png", "logo@3x.png")
    ]


def test_an_image_of_the_language_is_shown_unless_there_is_one_at_the_root() -> None:
    picture = a_png(90, 90)
    file = a_file({"pl.lproj/thumbnail.png": picture, "pl.lproj/logo.png": picture})
    shown = ShownPass(file, Region("pl"))
    assert shown.images("thumbnail") == {1: "pl.lproj/thumbnail.png"}
    assert shown.images("logo")[1] == "logo.png"


def test_only_pictures_are_given_away() -> None:
    file = a_file()
    assert image_of(file, file.digests["pass.json"]) is None


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, ""),
        ({"voided": True}, "voided"),
        ({"expirationDate": NOON.isoformat()}, "expired"),
        ({"expirationDate": (NOON + timedelta(seconds=1)).isoformat()}, ""),
    ],
)
def test_a_pass_that_is_no_longer_good_says_why(changes: dict[str, Any], gone: str) -> None:
    assert view(a_file(**changes)).gone == gone


def test_addresses_on_the_back_become_links() -> None:
    text = "Web: https://bean.example/menu?a=1, mail: hello@bean.example. Call +48 22 555 01 23!"
    assert back_of(value=text) == [
        ("Web: ", None),
        ("https://bean.example/menu?a=1", "https://bean.example/menu?a=1"),
        (", mail: ", None),
        ("hello@bean.example", "mailto:hello@bean.example"),
        (". Call ", None),
        ("+48 22 555 01 23", "tel:+48225550123"),
        ("!", None),
    ]


def test_nothing_becomes_a_link_where_the_field_forbids_it() -> None:
    assert back_of(value="https://bean.example", dataDetectorTypes=[]) == [("https://bean.example", None)]


def test_only_the_detectors_that_are_asked_for_look() -> None:
    text = "+48 22 555 01 23 https://bean.example"
    assert back_of(value=text, dataDetectorTypes=["PKDataDetectorTypePhoneNumber"]) == [
        ("+48 22 555 01 23", "tel:+48225550123"),
        (" https://bean.example", None),
    ]


def test_an_attributed_value_may_link_and_nothing_else() -> None:
    html = "See <a href='https://bean.example/?a=1&amp;b=2'>our <b>menu</b></a> &amp; more"
    assert back_of(attributedValue=html) == [
        ("See ", None),
        ("our ", "https://bean.example/?a=1&b=2"),
        ("menu", "https://bean.example/?a=1&b=2"),
        (" & more", None),
    ]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", ""])
def test_a_link_that_leads_elsewhere_is_plain_text(address: str) -> None:
    assert back_of(attributedValue=f"<a href='{address}'>tap me</a>") == [("tap me", None)]


def scanned(drawn: DrawnBarcode) -> str:
    """What a scanner reads from the shapes of a barcode."""
    size, margin = 6, 60
    picture = Image.new("L", (drawn.width * size + 2 * margin, drawn.height * size + 2 * margin), 255)
    for run in drawn.path.split("M")[1:]:
        (x, y), width = map(int, run.split("h")[0].split()), int(run.split("h")[1].partition("v")[0])
        picture.paste(0, (margin + x * size, margin + y * size, margin + (x + width) * size, margin + (y + 1) * size))
    [found] = zxingcpp.read_barcodes(picture)
    return str(found.text)
