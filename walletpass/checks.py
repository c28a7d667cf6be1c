"""What a check of an installation says."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One line of `walletpass doctor`. advice: what to do, when there is something to do."""

    name: str
    state: Literal["ok", "warning", "failed"]
    message: str
    advice: str = ""
