"""One call of the API: whose it is, when it came, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from walletpass.accounts.api_keys import ApiKey
from walletpass.deps import Deps
from walletpass.loyalty.ledger import By
from walletpass.web.api.links import PrivateLinks


@dataclass(frozen=True)
class Call:
    """A call that showed a valid key, inside the transaction that answers it."""

    deps: Deps
    connection: Connection
    key: ApiKey
    now: datetime
    links: PrivateLinks

    @property
    def merchant_id(self) -> str:
        """The merchant that everything this call reads and writes is bound to."""
        return self.key.merchant_id

    def by(self, remark: Mapping[str, Any] | None = None) -> By:
        """Who acts, where, and what they say about it."""
        said = remark or {}
        return By(f"key:{self.key.id}", said.get("location"), said.get("note"))


@dataclass(frozen=True)
class Written:
    """What a call that changes something answers, as it is remembered for its repetitions.

    key_id: the secret key behind the private links of the card in the body, where there is one. The links themselves
    are added when the answer goes out: tokens are never stored.
    """

    body: Mapping[str, Any]
    key_id: str | None = None


def written_moment(moment: datetime) -> str:
    """A moment as the API writes it: RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
