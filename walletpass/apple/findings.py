"""What can be wrong with a pass, in two degrees."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing to put right.

    words: what is wrong, where, and what to do.
    refused: whether Wallet would not take the pass; otherwise it takes it and shows less than was meant.
    """

    words: str
    refused: bool


def refused(words: str) -> Finding:
    return Finding(words, refused=True)


def unwise(words: str) -> Finding:
    return Finding(words, refused=False)
