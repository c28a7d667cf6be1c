"""Passwords: how they are kept, checked and made up."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from walletpass.i18n import N_
from walletpass.loyalty.errors import Unfit
from walletpass.loyalty.ids import CODE_ALPHABET

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000

_HASHER = PasswordHasher()  # Argon2id with the second recommended choice of RFC 9106, section 4
_GROUPS, _GROUP_LENGTH = 4, 5  # 20 of 31 signs: 99 bits


def check_password(password: str) -> str:
    """The password, if it may be chosen: long enough is the only rule. Raises Unfit."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Unfit("password", N_("A password has 10 to 1000 characters. Several words are a good choice."))
    return password


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(_bytes(password))


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the hash was made of that password.

    password_hash: None when there is no such account; that takes as long as a wrong password.
    """
    if password_hash is None:
        hash_password(password)
        return False
    try:
        return _HASHER.verify(password_hash, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's, and should be made anew at the next sign-in."""
    return _HASHER.check_needs_rehash(password_hash)


def new_password() -> str:
    """A password to hand out: four groups of five signs that are not misread, such as `k7fmq-...`."""
    signs = CODE_ALPHABET.lower()
    return "-".join("".join(secrets.choice(signs) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))


def _bytes(password: str) -> bytes:
    # An "ű" arrives as one sign or as two, depending on the keyboard; NIST SP 800-63B, 3.1.1.2 asks for NFKC or NFKD.
    # Signs that are no text (lone surrogates, from a shell) are kept as they are, so that nothing typed can fail here.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
