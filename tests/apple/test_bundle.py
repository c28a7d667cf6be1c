"""The .pkpass file, taken apart by readers that we did not write."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apple.builders import unzipped
from walletpass.apple.bundle import Files, bundle

PASS_JSON = b'{"formatVersion":1}'
PICTURES = {"icon.png": b"an icon", "en.lproj/pass.strings": b'"a" = "b";'}


def signed(manifest: bytes) -> bytes:
    return b"signature of " + manifest


def entries(pkpass: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(pkpass)) as archive:
        return archive.infolist()


def a_bundle(files: Mapping[str, bytes] = PICTURES, pass_json: bytes = PASS_JSON) -> bytes:
    return bundle(Files().plus(files), pass_json, signed)


def test_it_holds_the_files_with_pass_json_manifest_and_signature_at_the_top() -> None:
    files = unzipped(a_bundle())
    assert list(files) == ["icon.png", "en.lproj/pass.strings", "pass.json", "manifest.json", "signature"]
    assert files["icon.png"] == b"an icon"
    assert files["pass.json"] == PASS_JSON


def test_the_manifest_has_the_sha_1_of_every_file_but_itself_and_the_signature() -> None:
    files = unzipped(a_bundle())
    expected = {
        name: hashlib.sha1(content).hexdigest()
        for name, content in files.items()
        if name not in ("manifest.json", "signature")
    }
    assert json.loads(files["manifest.json"]) == expected


def test_the_signature_is_made_of_the_manifest_as_it_lies_in_the_file() -> None:
    files = unzipped(a_bundle())
    assert files["signature"] == signed(files["manifest.json"])


def test_nothing_in_it_is_exotic() -> None:
    for entry in entries(a_bundle()):
        assert entry.compress_type == zipfile.ZIP_STORED
        assert entry.flag_bits == 0  # neither encryption nor data descriptors
        assert entry.extract_version == 10  # no ZIP64
        assert entry.extra == b""


def test_no_clock_goes_into_it() -> None:
    assert {entry.date_time for entry in entries(a_bundle())} == {(1980, 1, 1, 0, 0, 0)}
    assert a_bundle() == a_bundle()


def test_unpacked_files_can_be_read_by_everybody() -> None:
    assert {entry.external_attr >> 16 for entry in entries(a_bundle())} == {0o100644}


def test_names_beyond_ascii_are_marked_as_utf_8() -> None:
    pkpass = a_bundle({"żółw.png": b"a turtle"})
    assert unzipped(pkpass)["żółw.png"] == b"a turtle"
    assert "żółw.png" in json.loads(unzipped(pkpass)["manifest.json"])


def test_a_bundle_of_nothing_but_pass_json_is_sound() -> None:
    assert list(unzipped(a_bundle({}))) == ["pass.json", "manifest.json", "signature"]


@given(
    layers=st.lists(
        st.dictionaries(st.text("abcdef", min_size=1, max_size=8), st.binary(max_size=400), max_size=4), max_size=4
    ),
    pass_json=st.binary(max_size=400),
)
@settings(deadline=None)
def test_whatever_is_put_in_comes_out(layers: list[dict[str, bytes]], pass_json: bytes) -> None:
    named = [{f"{n}-{name}": content for name, content in layer.items()} for n, layer in enumerate(layers)]
    files = Files()
    for layer in named:
        files = files.plus(layer)
    found = unzipped(bundle(files, pass_json, signed))
    expected = {name: content for layer in named for name, content in layer.items()}
    assert {name: found[name] for name in expected} == expected
    assert found["pass.json"] == pass_json
    assert len(found) == len(expected) + 3


def test_files_that_are_shared_stay_as_they_were_when_more_are_added() -> None:
    shared = Files().plus({"icon.png": b"an icon"})
    before = bundle(shared, PASS_JSON, signed)
    five = bundle(shared.plus({"strip.png": b"five stamps"}), PASS_JSON, signed)
    six = bundle(shared.plus({"strip.png": b"six stamps"}), PASS_JSON, signed)
    assert unzipped(five)["strip.png"] == b"five stamps"
    assert unzipped(six)["strip.png"] == b"six stamps"
    assert bundle(shared, PASS_JSON, signed) == before


def test_two_builds_without_arguments_share_nothing() -> None:
    Files().plus({"icon.png": b"an icon"})
    assert list(unzipped(bundle(Files(), PASS_JSON, signed))) == ["pass.json", "manifest.json", "signature"]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_the_weight_is_that_of_the_contents(size: int) -> None:
    assert Files().plus({"a.png": bytes(size)}).plus({"b.png": b"12"}).weight == size + 2
