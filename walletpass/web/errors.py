"""Which HTTP status an error is: the one place that says so, for the API and for the pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from walletpass.accounts.errors import Forbidden, KeyNeeded, TooManyAttempts, WrongSignIn
from walletpass.loyalty.errors import Conflict, KeyReused, LoyaltyError, NotFound, Unfit

STATUS: Mapping[type[LoyaltyError], int] = {
    LoyaltyError: 400,
    Unfit: 422,
    NotFound: 404,
    Conflict: 409,
    # A key is reused by a mistake in the caller's program; as a conflict it would look worth trying again.
    # Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header, section 2.7
    KeyReused: 422,
    KeyNeeded: 401,
    Forbidden: 403,
    WrongSignIn: 403,
    TooManyAttempts: 429,
}


def status_of(kind: type[LoyaltyError]) -> int:
    """The HTTP status of errors of that kind."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def retry_at(error: Exception) -> datetime | None:
    """When the same request may succeed; None when waiting does not help, or nobody knows."""
    moment: datetime | None = getattr(error, "retry_at", None)
    return moment


def retry_after(moment: datetime, now: datetime) -> str:
    """The value of the header Retry-After: whole seconds, rounded up, at least one."""
    return str(max(1, -((now - moment) // timedelta(seconds=1))))
