"""Names that we give: row ids, serial numbers, and the codes that staff scan or type."""

import secrets

from ulid import ULID

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 signs without 0, 1, I, L and O, which are misread; 31 is prime, which the check sign relies on."""

CODE_LENGTH = 9  # eight random signs and the check sign: 31 ** 8 is about 850 thousand million codes
_ALIASES = str.maketrans({" ": None, "-": None, ".": None, "\t": None})


class MistypedCode(ValueError):
    """The text cannot be the code of any card of ours."""


def new_id() -> str:
    """An id for a row: unique everywhere, and later ids sort later, which keeps indexes compact."""
    return str(ULID()).lower()


def new_serial_number() -> str:
    """A serial number for a card: 20 signs, 80 random bits. It appears in addresses, so it is plain ASCII."""
    return secrets.token_hex(10)


def new_code() -> str:
    """A code for the barcode of a card, short enough to type, with a check sign at the end."""
    body = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH - 1))
    return body + _check_sign(body)


def read_code(text: str) -> str:
    """The code in what was scanned or typed, in any case and grouping. Raises MistypedCode.

    The check sign catches every single wrong sign and every swap of two neighbours.
    """
    code = text.strip().translate(_ALIASES).upper()
    if len(code) != CODE_LENGTH or set(code) - set(CODE_ALPHABET) or _check_sign(code[:-1]) != code[-1]:
        raise MistypedCode(text)
    return code


def group_code(code: str) -> str:
    """The code as people read it aloud: three groups of three."""
    return " ".join(code[i : i + 3] for i in range(0, len(code), 3))


def _check_sign(body: str) -> str:
    # Different weights for every place, modulo a prime: no single change and no swap leaves the sum as it was.
    total = sum((place + 2) * CODE_ALPHABET.index(sign) for place, sign in enumerate(body))
    return CODE_ALPHABET[total % len(CODE_ALPHABET)]
