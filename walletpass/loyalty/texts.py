"""Texts that people give us, checked before they are kept."""

import re
from unicodedata import category

from walletpass.i18n import N_
from walletpass.loyalty.errors import Unfit

LONGEST_NAME = 60
LONGEST_LINE = 200
LONGEST_EMAIL = 254  # RFC 5321, section 4.5.3.1.3
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_BREAKS = {"Cc", "Zl", "Zp"}  # control signs (PostgreSQL cannot keep NUL), and what ends a line
_HALVES = {"Cs"}  # lone surrogates cannot be written as UTF-8


def line(field: str, text: str, longest: int = LONGEST_LINE) -> str:
    """The text without blanks around it. Raises Unfit when it is empty, too long or more than one line."""
    text = text.strip()
    if not 1 <= len(text) <= longest or _has(text, _BREAKS | _HALVES):
        raise Unfit(field, N_("Write 1 to %(longest)s characters, on one line."), longest=longest)
    return text


def line_or_none(field: str, text: str | None, longest: int = LONGEST_LINE) -> str | None:
    """The same for a text that may be left out; an empty one counts as left out."""
    return line(field, text, longest) if text and text.strip() else None


def paragraphs(field: str, text: str, longest: int) -> str:
    """The text, which may be empty or have several lines. Raises Unfit."""
    text = "\n".join(text.splitlines()).strip()
    if len(text) > longest or _has(text.replace("\n", "").replace("\t", ""), _BREAKS | _HALVES):
        raise Unfit(field, N_("Write at most %(longest)s characters of plain text."), longest=longest)
    return text


def email_or_none(field: str, text: str | None) -> str | None:
    """An e-mail address that may be left out. Raises Unfit."""
    address = line_or_none(field, text, LONGEST_EMAIL)
    if address is not None and not EMAIL.fullmatch(address):
        raise Unfit(field, N_("An e-mail address looks like name@example.org."))
    return address


def is_name(text: str) -> bool:
    """Whether the text can be the id, the serial number or the slug of anything.

    What is not plain ASCII names nothing of ours; asking the database for it could only fail.
    """
    return 0 < len(text) <= LONGEST_LINE and text.isascii() and text.isprintable()


def _has(text: str, categories: set[str]) -> bool:
    return any(category(sign) in categories for sign in text)
