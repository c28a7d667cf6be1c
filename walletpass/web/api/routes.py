"""Every call that the API answers: one table, from which both the addresses and their description are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from walletpass.accounts.roles import Role
from walletpass.loyalty import errors
from walletpass.loyalty.errors import LoyaltyError
from walletpass.web.api import cards, changes, locations, programs


@dataclass(frozen=True)
class Route:
    """One call.

    path: below `/api/v1`, as OpenAPI writes it. act: reads, or does what the call asks for; gets the call, then the
    query or the body where there is one, then the parts of the path by name. answers: the type of what it answers.
    role: what the key needs at least. refusals: what may be in the way, besides the key and the form of the request.
    """

    method: Literal["GET", "POST", "PATCH"]
    path: str
    act: Callable[..., Any]
    summary: str
    answers: Any
    body: Any = None
    query: Any = None
    role: Role = "staff"
    refusals: Sequence[type[LoyaltyError]] = ()

    @property
    def name(self) -> str:
        """A name of its own, such as `stamp_card`."""
        return self.act.__name__

    @property
    def status(self) -> int:
        """The status of success."""
        return 201 if self.method == "POST" else 200


_CHANGING = (errors.UnknownCard, errors.UnknownLocation, errors.CardClosed)

ROUTES: Sequence[Route] = (
    Route(
        "POST",
        "/cards",
        cards.create_card,
        "A customer joins a program and gets a card",
        answers=cards.Card,
        body=cards.NewCard,
        refusals=(errors.UnknownProgram,),
    ),
    Route(
        "GET",
        "/cards",
        cards.find_card,
        "The card with a barcode",
        answers=cards.Card,
        query=cards.CardQuery,
        refusals=(errors.UnknownCard,),
    ),
    Route("GET", "/cards/{card_id}", cards.show_card, "A card", answers=cards.Card, refusals=(errors.UnknownCard,)),
    Route(
        "GET",
        "/cards/{card_id}/entries",
        changes.list_entries,
        "All that happened to a card",
        answers=changes.Entries,
        refusals=(errors.UnknownCard,),
    ),
    Route(
        "POST",
        "/cards/{card_id}/stamps",
        changes.stamp_card,
        "Stamp a card; a reason in `override` goes past the shield, with a manager's key",
        answers=changes.Change,
        body=changes.NewStamps,
        refusals=(
            *_CHANGING,
            errors.StampedTooSoon,
            errors.TooManyAtOnce,
            errors.TooManyToday,
        ),
    ),
    Route(
        "POST",
        "/cards/{card_id}/redemptions",
        changes.redeem_reward,
        "Use a reward: the one named, or the one that expires first",
        answers=changes.Change,
        body=changes.NewRedemption,
        refusals=(
            *_CHANGING,
            errors.NothingToRedeem,
            errors.UnknownReward,
            errors.RewardAlreadyRedeemed,
            errors.RewardExpired,
        ),
    ),
    Route(
        "POST",
        "/cards/{card_id}/closing",
        changes.close_card,
        "Close a card: no more stamps, nothing more to redeem",
        answers=changes.Change,
        body=changes.Remark,
        role="manager",
        refusals=_CHANGING,
    ),
    Route(
        "POST",
        "/entries/{entry_id}/reversal",
        changes.reverse_entry,
        "Undo a stamp, a redemption or a closing, with everything that came of it",
        answers=changes.Change,
        body=changes.Remark,
        role="manager",
        refusals=(
            errors.UnknownEntry,
            errors.UnknownLocation,
            errors.AlreadyReversed,
            errors.NotReversible,
            errors.RewardInTheWay,
        ),
    ),
    Route("GET", "/programs", programs.list_programs, "The programs", answers=programs.Programs),
    Route(
        "POST",
        "/programs",
        programs.create_program,
        "Set a program up; customers can join at once",
        answers=programs.Program,
        body=programs.NewProgram,
        role="manager",
        refusals=(errors.NameTaken, programs.Illegible),
    ),
    Route(
        "GET",
        "/programs/{slug}",
        programs.show_program,
        "A program",
        answers=programs.Program,
        refusals=(errors.UnknownProgram,),
    ),
    Route(
        "PATCH",
        "/programs/{slug}",
        programs.change_program,
        "Change a program; all its cards are brought up to date",
        answers=programs.Program,
        body=programs.ProgramChanges,
        role="manager",
        refusals=(errors.UnknownProgram, errors.ProgramChanged, programs.Illegible),
    ),
    Route("GET", "/locations", locations.list_locations, "The shops", answers=locations.Locations),
    Route(
        "POST",
        "/locations",
        locations.open_location,
        "Add a shop",
        answers=locations.Location,
        body=locations.NewLocation,
        role="manager",
    ),
)
