"""Opening a .pkpass that anybody may have made: nothing in it is believed, and nothing in it can exhaust us."""

import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from walletpass.apple.findings import Finding, refused, unwise

LARGEST_BUNDLE = 10_000_000
LARGEST_CONTENT = 30_000_000
MOST_FILES = 1000

_ENCRYPTED, _DATA_DESCRIPTOR = 0x1, 0x8
_DAMAGED = (BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""All that zipfile raises about bytes that are no ZIP, or one that was damaged."""


class Opened(NamedTuple):
    """The files by path, and what is wrong with the container."""

    files: dict[str, bytes]
    findings: list[Finding]


def open_bundle(data: bytes) -> Opened:
    """The files in a bundle. Never raises: whatever is wrong is found, and then there may be no files."""
    if len(data) > LARGEST_BUNDLE:
        return Opened({}, [refused(f"the file is larger than {LARGEST_BUNDLE // 1_000_000} MB; no pass is")])
    if not data.startswith(b"PK\x03\x04"):
        return Opened({}, [refused("the file is not a ZIP; a .pkpass is one (was an HTML page saved in its place?)")])
    try:
        with ZipFile(BytesIO(data)) as archive:
            return _open(archive)
    except _DAMAGED:
        return Opened({}, [refused("the ZIP is damaged or cut off; make it again, or download it again")])


def _open(archive: ZipFile) -> Opened:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if not entries:
        return Opened({}, [refused("the ZIP is empty")])
    if found := list(_grave_findings(entries)):
        return Opened({}, found)
    files = {entry.filename: _content(archive, entry) for entry in entries}
    return Opened(files, list(_placing_findings(entries, files)))


def _content(archive: ZipFile, entry: ZipInfo) -> bytes:
    # Headers may understate what comes out: never take more than they said, and the checksum then tells.
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise BadZipFile(entry.filename)
    return content


def _grave_findings(entries: list[ZipInfo]) -> Iterator[Finding]:
    """For these nothing is unpacked at all."""
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_CONTENT:
        yield refused(
            f"the ZIP unpacks to more than {MOST_FILES} files or {LARGEST_CONTENT // 1_000_000} MB; no pass does"
        )
    for name, count in Counter(entry.filename for entry in entries).items():
        if count > 1:
            yield refused(f"{name} is in the ZIP {count} times; keep one")
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED:
            yield refused(f"{entry.filename} is encrypted; make the ZIP without a password")
        elif entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            yield refused(f"{entry.filename} is compressed in a rare way; make the ZIP with ordinary deflate")


def _placing_findings(entries: list[ZipInfo], files: dict[str, bytes]) -> Iterator[Finding]:
    if (
        wrapped := re.search(r"^([^/\n]+)/pass\.json$", "\n".join(files), re.MULTILINE)
        if "pass.json" not in files
        else None
    ):
        yield refused(
            f"the files lie in a folder {wrapped[1]!r}; put the folder's content into the ZIP, not the folder"
        )
    for name in files:
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            yield refused(f"{name!r} is no path inside a pass; rename it")
    if any(entry.flag_bits & _DATA_DESCRIPTOR for entry in entries):
        yield unwise(
            "the ZIP was written as a stream (data descriptors); some readers refuse that, so write it to a file"
        )
