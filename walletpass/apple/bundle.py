"""The .pkpass file: a ZIP of the pass's files with their manifest and signature.

A design's pictures are the bulk of every bundle and rarely change: their digests, checksums and ZIP headers are
computed once, and they are stored rather than compressed (PNG is compressed already). What is left per pass is
copying, three small files, and the signature.
Source: Apple, "Building a pass"; PKWARE APPNOTE 6.3 (ZIP) sections 4.3.7 and 4.3.12.
"""

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha1
from zlib import crc32

MEDIA_TYPE = "application/vnd.apple.pkpass"

Sign = Callable[[bytes], bytes]
"""Makes the content of `signature` out of the content of `manifest.json`."""

# No clock goes into the file: the same pass is the same bytes whenever it is made.
_NEW_YEAR_1980 = 0x0021 << 16  # date and time of every entry, in MS-DOS notation
_STORED = 0
_UTF8_NAME = 0x0800
_NEEDS_ZIP_1_0, _MADE_BY_UNIX = 10, 3 << 8 | 20
_PLAIN_FILE = 0o100644 << 16

_BEFORE_SIZES = struct.Struct("<HHHI")  # in both headers: version needed, flags, method, date and time
_SIZES = struct.Struct("<III")  # checksum, compressed and plain length
_OFFSET = struct.Struct("<I")
_END = struct.Struct("<4sHHHHIIH")


class _Name:
    """What the headers of a file say whatever is in it: all but checksum, lengths and offset."""

    def __init__(self, name: str) -> None:
        raw = name.encode()
        common = _BEFORE_SIZES.pack(_NEEDS_ZIP_1_0, 0 if raw.isascii() else _UTF8_NAME, _STORED, _NEW_YEAR_1980)
        self.local_start = b"PK\x03\x04" + common
        self.local_end = struct.pack("<HH", len(raw), 0) + raw
        self.central_start = b"PK\x01\x02" + struct.pack("<H", _MADE_BY_UNIX) + common
        self.central_middle = struct.pack("<HHHHHI", len(raw), 0, 0, 0, 0, _PLAIN_FILE)
        self.central_end = raw
        self.local_size = 30 + len(raw)
        self.central_size = 46 + len(raw)


_PASS_JSON, _MANIFEST, _SIGNATURE = (_Name(name) for name in ("pass.json", "manifest.json", "signature"))
_CENTRAL_SIZE = sum(each.central_size for each in (_PASS_JSON, _MANIFEST, _SIGNATURE))


@dataclass(frozen=True)
class Files:
    """Files made ready for any number of bundles, as ZIP entries and as lines of the manifest.

    entries: local headers and contents; size: their length; directory: the central headers; count: of files.
    manifest: `"name":"sha-1",` for each file.
    weight: bytes of content, for the weight budget.
    """

    entries: tuple[bytes, ...] = ()
    size: int = 0
    directory: bytes = b""
    count: int = 0
    manifest: str = ""
    weight: int = 0

    def plus(self, files: Mapping[str, bytes]) -> "Files":
        """These files with more of them behind; the bytes of what is here already are shared, not copied."""
        added = [(_Name(name), content) for name, content in files.items()]
        entries, directory = _write(added, self.size)
        entry = b"".join(entries)
        return Files(
            (*self.entries, entry),
            self.size + len(entry),
            self.directory + b"".join(directory),
            self.count + len(files),
            self.manifest + "".join(f'{json.dumps(name)}:"{_digest(files[name])}",' for name in files),
            self.weight + sum(map(len, files.values())),
        )


def bundle(files: Files, pass_json: bytes, sign: Sign) -> bytes:
    """The finished .pkpass of the files and a pass.json."""
    manifest = f'{{{files.manifest}"pass.json":"{_digest(pass_json)}"}}'.encode()
    signature = sign(manifest)
    entries, directory = _write(((_PASS_JSON, pass_json), (_MANIFEST, manifest), (_SIGNATURE, signature)), files.size)
    size, count = files.size + sum(map(len, entries)), files.count + 3
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(files.directory) + _CENTRAL_SIZE, size, 0)
    return b"".join((*files.entries, *entries, files.directory, *directory, end))


def _write(files: Iterable[tuple[_Name, bytes]], offset: int) -> tuple[list[bytes], list[bytes]]:
    """The parts of the entries and of the central headers of files that begin at the offset."""
    entries: list[bytes] = []
    directory: list[bytes] = []
    for name, content in files:
        length = len(content)
        sizes = _SIZES.pack(crc32(content), length, length)
        entries += (name.local_start, sizes, name.local_end, content)
        directory += (name.central_start, sizes, name.central_middle, _OFFSET.pack(offset), name.central_end)
        offset += name.local_size + length
    return entries, directory


def _digest(content: bytes) -> str:
    # SHA-1 is what Apple asks for here; what guards the manifest itself is the signature, which uses SHA-256.
    return sha1(content, usedforsecurity=False).hexdigest()
