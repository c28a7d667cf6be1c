"""Reading DER, the one strict encoding of ASN.1 that signatures and certificates are written in (X.690, section 10)."""

from typing import NamedTuple

INTEGER, OCTET_STRING, OBJECT_IDENTIFIER = 0x02, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
CONTEXT_0 = 0xA0  # [0], constructed
CONTEXT_0_PRIMITIVE = 0x80

_CONSTRUCTED = 0x20
_LONGEST_LENGTH = 4  # bytes: far beyond anything that we ever hold in memory


class BadDer(ValueError):
    """The bytes are not DER."""


class Element(NamedTuple):
    """One element: its tag, what is in it, and all its bytes, tag and length included."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list["Element"]:
        """The elements in a constructed one. Raises BadDer."""
        if not self.tag & _CONSTRUCTED:
            raise BadDer(f"an element with tag 0x{self.tag:02x} holds no others")
        found, position = [], 0
        while position < len(self.content):
            element = _element_at(self.content, position)
            found.append(element)
            position += len(element.raw)
        return found

    def expect(self, tag: int) -> "Element":
        """This element, provided that it has the tag. Raises BadDer."""
        if self.tag != tag:
            raise BadDer(f"expected tag 0x{tag:02x}, found 0x{self.tag:02x}")
        return self


def read(data: bytes) -> Element:
    """The single element that the bytes consist of. Raises BadDer."""
    element = _element_at(data, 0)
    if len(element.raw) != len(data):
        raise BadDer(f"{len(data) - len(element.raw)} bytes too many at the end")
    return element


def _element_at(data: bytes, position: int) -> Element:
    if len(data) < position + 2:
        raise BadDer("it ends too early")
    if data[position] & 0x1F == 0x1F:
        raise BadDer("tags of several bytes do not occur in signatures")
    start, length = _content_at(data, position + 1)
    end = start + length
    if len(data) < end:
        raise BadDer("it ends too early")
    return Element(data[position], data[start:end], data[position:end])


def _content_at(data: bytes, position: int) -> tuple[int, int]:
    """Where the content begins, and how long it is, by the length field at the position."""
    first = data[position]
    if first < 0x80:
        return position + 1, first
    start = position + 1 + (first & 0x7F)
    encoded = data[position + 1 : start]
    if not 0 < len(encoded) <= _LONGEST_LENGTH or len(data) < start:
        raise BadDer("a length is indefinite, cut off or too large")
    length = int.from_bytes(encoded, "big")
    if length < 0x80 or encoded[0] == 0:
        raise BadDer("a length takes more bytes than it needs")
    return start, length
