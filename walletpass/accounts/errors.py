"""What sign-in and API keys refuse. The words are fit to show on the page, and give nothing away to guessers."""

from datetime import datetime

from walletpass.i18n import N_
from walletpass.loyalty.errors import Conflict, LoyaltyError, NotFound


class AccountError(LoyaltyError):
    """Something that an account or a key may not do."""


class WrongSignIn(AccountError):
    """The same words for an unknown address as for a wrong password: nobody learns who is a member."""

    message = N_("The e-mail address or the password is not right.")


class TooManyAttempts(AccountError):
    """The door stays shut for a while, for the right password too.

    retry_at: when the next attempt will be looked at, UTC.
    """

    message = N_("Too many attempts to sign in. Wait %(wait)s, then try again.")

    def __init__(self, retry_at: datetime, wait: str) -> None:
        super().__init__(wait=wait)
        self.retry_at = retry_at


class KeyNeeded(AccountError):
    message = N_("Send a valid API key in the header “Authorization: Bearer ...”.")


class Forbidden(AccountError):
    message = N_("This needs a manager. Ask one, or use a manager's key.")


class EmailTaken(Conflict, AccountError):
    message = N_("There is already an account for %(email)s.")

    def __init__(self, email: str) -> None:
        super().__init__(email=email)


class NoSuchKey(NotFound, AccountError):
    message = N_("There is no such API key.")
