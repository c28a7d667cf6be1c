"""What a card, a program or a merchant will not do. The words are fit to show at the counter."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from walletpass.i18n import N_, translate

Rule = Literal["pause_seconds", "per_scan", "per_day"]


class LoyaltyError(Exception):
    """Something that cannot be done; str(error) is English, `in_words` speaks any of our languages."""

    message: str

    def __init__(self, **values: object) -> None:
        super().__init__(self.message % values if values else self.message)
        self.values: Mapping[str, object] = values

    def in_words(self, language: str) -> str:
        """The message in the given language."""
        return translate(language, self.message, **self.values)


class NotFound(LoyaltyError):
    """There is nothing of that name, or it belongs to somebody else: both look the same."""

    message = N_("There is nothing here by that name.")


class UnknownCard(NotFound):
    message = N_("This is not one of your cards. Check the code, or scan the card again.")


class UnknownProgram(NotFound):
    message = N_("There is no loyalty program by that name.")

    def __init__(self, slug: str) -> None:
        super().__init__()
        self.slug = slug


class UnknownEntry(NotFound):
    message = N_("There is no such entry in the ledger.")


class UnknownReward(NotFound):
    message = N_("There is no such reward on this card.")


class UnknownLocation(NotFound):
    message = N_("There is no such location; leave it out or use the id of one of your locations.")


class Unfit(LoyaltyError):
    """What was asked for does not hold together.

    field: which part of it, by its name in the JSON API. fault: a text of the catalogue that says what to do.
    """

    def __init__(self, field: str, fault: str, **values: object) -> None:
        self.message = fault
        super().__init__(**values)
        self.field = field


class Conflict(LoyaltyError):
    """The state of things does not allow it."""

    message = N_("This cannot be done now.")


class NameTaken(Conflict):
    message = N_("The name “%(slug)s” is already taken; choose another.")

    def __init__(self, slug: str) -> None:
        super().__init__(slug=slug)


class CardClosed(Conflict):
    message = N_("This card has been closed. Offer the customer a new one.")


class ProgramChanged(Conflict):
    message = N_("Somebody else has just changed this program. Open it again and repeat your change.")


class NothingToRedeem(Conflict):
    message = N_("This card has no reward to redeem yet.")


class RewardAlreadyRedeemed(Conflict):
    message = N_("This reward was already redeemed on %(when)s.")

    def __init__(self, redeemed_at: datetime) -> None:
        super().__init__(when=f"{redeemed_at:%Y-%m-%d %H:%M} UTC")
        self.redeemed_at = redeemed_at


class RewardExpired(Conflict):
    message = N_("This reward has expired.")


class AlreadyReversed(Conflict):
    message = N_("This was already undone.")


class NotReversible(Conflict):
    message = N_("This cannot be undone by itself. Undo the stamp or the redemption behind it.")


class RewardInTheWay(Conflict):
    message = N_("The reward from this stamp (%(reward)s) was already redeemed. Undo the redemption first.")

    def __init__(self, reward: str) -> None:
        super().__init__(reward=reward)


class StampRefused(Conflict):
    """The abuse shield of the program says no.

    rule: which of its rules. retry_at: when a stamp will be possible again, UTC; None when waiting does not help.
    """

    rule: Rule

    def __init__(self, retry_at: datetime | None, **values: object) -> None:
        super().__init__(**values)
        self.retry_at = retry_at


class StampedTooSoon(StampRefused):
    rule = "pause_seconds"
    message = N_("This card was stamped a moment ago. Wait %(wait)s, or ask a manager.")


class TooManyAtOnce(StampRefused):
    rule = "per_scan"
    message = N_("At most %(limit)s stamps at once on this card. Stamp fewer, or ask a manager.")


class TooManyToday(StampRefused):
    rule = "per_day"
    message = N_("A card may get %(limit)s stamps a day; this one has %(left)s left today. Ask a manager for more.")


class KeyReused(Conflict):
    """An idempotency key came with another request than the first time."""

    message = N_("This key was already used for a different request; use a new key for every request.")
