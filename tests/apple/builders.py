"""Faces, pictures and finished passes that show only what matters to a test."""

import io
import json
import random
import subprocess
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from walletpass.i18n import Words
from walletpass.keys import Keyring
from walletpass.passes.face import Barcode, Colour, Face, Field, Place, Scale

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEYRING = Keyring(["the first secret of the tests, long enough"])
BASE_URL = "https://cards.example.com"
LINK = "https://cards.example.com/c/7f3a91-secret"


def in_three(text: str) -> Words:
    """A text that differs between the languages."""
    return {"en": text, "pl": f"{text} (pl) żółć", "hu": f"{text} (hu) őű"}


def a_png(width: int, height: int, *, noisy: bool = False) -> bytes:
    """A picture; a noisy one hardly compresses."""
    picture = Image.new("RGB", (width, height), (60, 36, 20))
    if noisy:
        picture = Image.frombytes("RGB", (width, height), random.Random(width).randbytes(width * height * 3))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def pictures(width: int, height: int, *, noisy: bool = False) -> Mapping[Scale, bytes]:
    """The picture at 1x, 2x and 3x; width and height in points."""
    return {scale: a_png(width * scale, height * scale, noisy=noisy) for scale in (1, 2, 3)}


ICON, LOGO, STRIP = pictures(38, 38), pictures(50, 50), pictures(375, 144)


def a_face(**changes: Any) -> Face:
    """The face of a card with 4 of 10 stamps."""
    given: dict[str, Any] = {
        "static_key": "design-1",
        "organization": "Bean Bar",
        "program": "Coffee Card",
        "description": in_three("Stamp card"),
        "background": Colour(60, 36, 20),
        "foreground": Colour(255, 255, 255),
        "label": Colour(230, 210, 190),
        "places": (Place(52.2297, 21.0122, in_three("High Street is near")),),
        "back_static": (
            Field("terms", in_three("Terms"), "One stamp a coffee.\nNo cash value."),
            Field("contact", in_three("Contact"), "hello@bean.example"),
        ),
        "icon": ICON,
        "logo": LOGO,
        "serial_number": "7f3a91c04d",
        "strip": STRIP,
        "header": (Field("stamps", in_three("Stamps"), "4 / 10", in_three("You now have %@ stamps")),),
        "secondary": (Field("reward", in_three("Next reward"), "Free coffee"),),
        "back": (
            Field("news", in_three("Latest"), in_three("Thank you for your visit")),
            Field("card", in_three("This card on the web"), LINK, link=LINK),
        ),
        "barcode": Barcode("ABCDEFGHJ", "ABC DEF GHJ"),
        "stamps": 4,
        "stamps_required": 10,
        "rewards_ready": 0,
        "language": "en",
        "web_url": LINK,
        "revision": 5,
        "last_modified": int(NOON.timestamp()),
        **changes,
    }
    return Face(**given)


def unzipped(pkpass: bytes) -> dict[str, bytes]:
    """The files in a bundle, by Python's own ZIP reader, which also checks every checksum."""
    with zipfile.ZipFile(io.BytesIO(pkpass)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pass_json_of(pkpass: bytes) -> Any:
    return json.loads(unzipped(pkpass)["pass.json"])


def openssl(*arguments: str | Path, stdin: bytes = b"") -> str:
    """What OpenSSL says; raises CalledProcessError when it does not agree."""
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, check=True, capture_output=True)
    return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


def openssl_verify(signature: bytes, manifest: bytes, root: Path, directory: Path) -> str:
    """OpenSSL's verdict on a detached signature; only the root is given, the rest must come from the signature."""
    (directory / "signature").write_bytes(signature)
    (directory / "manifest.json").write_bytes(manifest)
    return openssl(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", directory / "signature"),
        *("-content", directory / "manifest.json", "-CAfile", root, "-purpose", "any", "-out", "/dev/null"),
        *("-attime", str(int(NOON.timestamp()))),  # the tests' clock stands still, OpenSSL's does not
    )
