"""From a face to a finished pass: sound, complete, and never one that Wallet would refuse."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from tests.apple.builders import (
    BASE_URL,
    ICON,
    KEYRING,
    LINK,
    NOON,
    STRIP,
    a_face,
    in_three,
    pass_json_of,
    pictures,
    unzipped,
)
from walletpass.apple.certificates import CertificateExpired, Identity
from walletpass.apple.renderer import PassRenderer, UnfitPass
from walletpass.apple.validation import WEIGHT_BUDGET
from walletpass.apple.verification import verify
from walletpass.i18n import same
from walletpass.keys import RetiredKey
from walletpass.passes.face import Barcode, Colour, Field


def rendered(renderer: PassRenderer, **changes: Any) -> bytes:
    return renderer.render(a_face(**changes), None, NOON)


def test_a_phone_takes_it(renderer: PassRenderer, root: x509.Certificate) -> None:
    report = verify(rendered(renderer), roots=[root], now=NOON)
    assert report.faults == ()
    assert report.warnings == ()


def test_all_pictures_are_there_at_all_densities(renderer: PassRenderer) -> None:
    files = unzipped(rendered(renderer))
    expected = {f"{name}{scale}.png" for name in ("icon", "logo", "strip") for scale in ("", "@2x", "@3x")}
    assert {name for name in files if name.endswith(".png")} == expected
    assert files["icon.png"] == ICON[1]
    assert files["strip@3x.png"] == STRIP[3]


def test_two_cards_of_one_program_differ_only_in_what_is_their_own(renderer: PassRenderer) -> None:
    alice = unzipped(rendered(renderer, serial_number="alice1"))
    bob = unzipped(rendered(renderer, serial_number="bob22"))
    assert {name for name in alice if alice[name] != bob[name]} == {"pass.json", "manifest.json", "signature"}


def test_a_stamp_changes_the_strip_and_the_count(renderer: PassRenderer) -> None:
    rendered(renderer)
    five = pictures(375, 123)
    header = (Field("stamps", in_three("Stamps"), "5 / 10"),)
    pkpass = rendered(renderer, strip=five, header=header)
    assert unzipped(pkpass)["strip@2x.png"] == five[2]
    assert pass_json_of(pkpass)["storeCard"]["headerFields"][0]["value"] == "5 / 10"
    assert unzipped(rendered(renderer))["strip@2x.png"] == STRIP[2]


def test_news_reaches_the_strings_of_every_language(renderer: PassRenderer) -> None:
    for news in ("Enjoy!", "Welcome!", "Enjoy!"):
        files = unzipped(rendered(renderer, back=(Field("news", in_three("Latest"), in_three(news)),)))
        assert f'" = "{news} (pl) żółć";' in files["pl.lproj/pass.strings"].decode()


def test_a_changed_program_is_drawn_anew(renderer: PassRenderer) -> None:
    rendered(renderer)
    pkpass = rendered(renderer, static_key="design-2", organization="Bean House", background=Colour(0, 0, 0))
    assert pass_json_of(pkpass)["organizationName"] == "Bean House"
    assert pass_json_of(pkpass)["backgroundColor"] == "rgb(0, 0, 0)"


def test_fields_that_come_and_go_leave_nothing_behind(renderer: PassRenderer) -> None:
    for number in range(200):
        field = Field("news", same("Latest"), f"news {number}")
        assert (
            pass_json_of(rendered(renderer, back=(field,)))["storeCard"]["backFields"][0]["value"] == f"news {number}"
        )


def test_many_threads_get_what_one_would(renderer: PassRenderer, identity: Identity) -> None:
    faces = [
        a_face(serial_number=f"card{n}", static_key=f"design-{n % 3}", organization=f"Shop {n % 3}") for n in range(60)
    ]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda face: renderer.render(face, None, NOON), faces))
    alone = PassRenderer(identity, KEYRING, BASE_URL)
    assert together == [alone.render(face, None, NOON) for face in faces]


def test_the_same_face_at_the_same_moment_is_the_same_file(renderer: PassRenderer) -> None:
    assert rendered(renderer) == rendered(renderer)


def test_an_expired_certificate_makes_no_pass(renderer: PassRenderer, identity: Identity) -> None:
    with pytest.raises(CertificateExpired):
        renderer.render(a_face(), None, identity.not_after + timedelta(seconds=1))


def test_a_card_whose_secret_is_gone_gets_no_pass(renderer: PassRenderer) -> None:
    with pytest.raises(RetiredKey):
        renderer.render(a_face(), "0123456789ab", NOON)


LONG = tuple(Field(key, same("L"), "v") for key in ("reward", "ready", "name", "progress", "rewards"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"serial_number": "a/b"}, "serial number 'a/b' may hold only"),
        ({"serial_number": ""}, "serial number '' may hold only"),
        ({"barcode": Barcode("", "")}, "the barcode is empty"),
        ({"barcode": Barcode("żółć", "żółć")}, "signs that scanners cannot read"),
        ({"header": LONG[:4]}, "Wallet shows 3 header"),
        ({"secondary": LONG}, "and 4 secondary fields"),
        ({"back": (Field("stamps", same("Stamps"), "4"),)}, "two fields have the same key"),
        ({"back": (Field("terms", same("Terms"), "none"),)}, "two fields have the same key"),
        ({"back": (Field("news", same("Latest"), "x", same("Changed")),)}, "'news' lacks %@"),
        ({"back": (Field("news", same("Latest"), "x", same("%@")),)}, "more than one field has a change message"),
        ({"back": (Field("card", same("Card"), "x", link="javascript:alert(1)"),)}, "the link of 'card' must be"),
        ({"back": (Field("card", same("Card"), "x", link="https://a b"),)}, "the link of 'card' must be"),
        ({"back": (Field("news", same("Latest"), "half a \ud83d"),)}, "half a character"),
        ({"back": (Field("news", same("Latest"), in_three("half a \ud83d")),)}, "half a character"),
    ],
)
def test_what_is_wrong_with_one_card_is_told_although_its_design_is_known(
    renderer: PassRenderer, changes: dict[str, Any], words: str
) -> None:
    rendered(renderer)
    with pytest.raises(UnfitPass, match=words):
        rendered(renderer, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"icon": {}}, "there is no icon"),
        ({"icon": pictures(29, 29)}, "an icon is a square of at least 38"),
        ({"logo": {1: b"GIF89a", 2: b"", 3: b""}}, "logo.png: it is not a PNG"),
        ({"strip": pictures(375, 98)}, "draw the strip of a storeCard"),
        ({"organization": "  "}, "organizationName is empty"),
        ({"back_static": (Field("contact", same("Contact"), "us", link="us"),)}, "the link of 'contact' must be"),
        ({"organization": "half a \ud83d"}, "half a character"),
        ({"strip": pictures(375, 144, noisy=True)}, "should stay under 300 kB"),
    ],
)
def test_what_is_wrong_with_a_design_is_told(renderer: PassRenderer, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UnfitPass, match=words):
        rendered(renderer, static_key="broken", **changes)


def test_everything_is_told_at_once(renderer: PassRenderer) -> None:
    with pytest.raises(UnfitPass) as caught:
        rendered(renderer, serial_number="a/b", barcode=Barcode("", ""), secondary=LONG)
    assert len(caught.value.faults) == 3


def test_a_fault_of_a_new_strip_is_found_although_its_design_is_known(renderer: PassRenderer) -> None:
    rendered(renderer)
    with pytest.raises(UnfitPass, match=r"strip@2x\.png: it is not a PNG"):
        rendered(renderer, strip={**STRIP, 2: b"JFIF"})


def test_a_card_with_a_novel_on_its_back_breaks_the_weight_budget(renderer: PassRenderer) -> None:
    rendered(renderer)
    novel = Field("news", same("Latest"), "x" * WEIGHT_BUDGET)
    with pytest.raises(UnfitPass, match="should stay under 300 kB"):
        rendered(renderer, back=(novel,))


def test_an_unfit_card_does_not_spoil_the_next(renderer: PassRenderer) -> None:
    with pytest.raises(UnfitPass):
        rendered(renderer, serial_number="a/b")
    assert pass_json_of(rendered(renderer))["serialNumber"] == "7f3a91c04d"


def test_no_secret_goes_into_a_log(renderer: PassRenderer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = pass_json_of(rendered(renderer))["authenticationToken"]
        with pytest.raises(UnfitPass) as caught:
            rendered(renderer, serial_number="a/b")
    for secret in (token, LINK):
        assert secret not in caplog.text
        assert secret not in str(caught.value)


def test_the_face_is_left_as_it_was(renderer: PassRenderer) -> None:
    face = a_face()
    before = replace(face)
    renderer.render(face, None, NOON)
    assert face == before
