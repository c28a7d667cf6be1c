"""What phones complain of, made fit for our log: anybody may send it, so it is bounded, tamed and without secrets.

Source: https://developer.apple.com/documentation/walletpasses/log-a-message
"""

import json
import re
from collections.abc import Iterator

MOST_LINES = 20
LONGEST_LINE = 500

# Tokens and device identifiers are long runs without a blank; our serial numbers have 20 signs and may stay.
_SECRETS = re.compile(r"[0-9A-Za-z_=+-]{24,}")


def read_lines(body: bytes) -> Iterator[str]:
    """The lines in a body like `{"logs": ["...", ...]}`, as far as it holds any."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return
    lines = given.get("logs") if isinstance(given, dict) else None
    if isinstance(lines, list):
        yield from (_tamed(line) for line in lines[:MOST_LINES] if isinstance(line, str))


def _tamed(line: str) -> str:
    """One line of printable signs, with what may be a secret left out."""
    printable = "".join(sign if sign.isprintable() else " " for sign in line)
    return _SECRETS.sub("…", printable)[:LONGEST_LINE]
