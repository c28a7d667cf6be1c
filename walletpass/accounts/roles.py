"""Roles: what a member of the team, or a key of the API, may do."""

from typing import Literal

from walletpass.accounts.errors import Forbidden

Role = Literal["owner", "manager", "staff"]
"""Staff stamp and redeem; managers also go past the shield, undo, and set up programs; owners also run the team."""

_RANK: dict[Role, int] = {"staff": 1, "manager": 2, "owner": 3}


def require(role: Role, needed: Role) -> None:
    """Nothing when the role includes what is needed. Raises Forbidden."""
    if _RANK[role] < _RANK[needed]:
        raise Forbidden
