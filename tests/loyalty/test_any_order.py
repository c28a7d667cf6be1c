"""Whatever happens to cards, in whatever order: the ledger and the balances agree, and nothing counts twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine

from tests.builders import KEY_ID, STAFF, open_shop, terms
from tests.conftest import NOON
from tests.loyalty.audit import audit
from tests.loyalty.model import Model, Name
from walletpass.database import reading, transaction
from walletpass.loyalty import cards, operations, programs
from walletpass.loyalty.cards import Card
from walletpass.loyalty.change import Outcome
from walletpass.loyalty.errors import (
    AlreadyReversed,
    CardClosed,
    KeyReused,
    LoyaltyError,
    NothingToRedeem,
    NotReversible,
    RewardAlreadyRedeemed,
    RewardExpired,
    RewardInTheWay,
)
from walletpass.loyalty.idempotency import answer_once
from walletpass.loyalty.ledger import Entry
from walletpass.loyalty.programs import Program
from walletpass.loyalty.rules import Extra, Reward, Terms

Act = Callable[[Connection], Outcome]

extras = st.lists(
    st.builds(Extra, st.integers(1, 5), st.just("Pastry"), st.sampled_from(["round", "card"])),
    max_size=3,
    unique_by=lambda extra: extra.at,
)


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    """Short cards, so that rounds, extras and expiry meet often."""
    required = draw(st.integers(1, 6))
    return terms(
        stamps_required=required,
        extras=tuple(extra for extra in draw(extras) if extra.at < required),
        reward_days=draw(st.sampled_from([None, 1, 3])),
        first_stamp=draw(st.booleans()),
    )


class Cards(RuleBasedStateMachine):
    """Customers join; staff stamp, redeem, undo and close; the worker sweeps; the network repeats requests."""

    shops: ClassVar[Iterator[int]] = count()

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.now = NOON
        self.cards: list[str] = []
        self.entries: list[Entry] = []
        self.sent: list[tuple[str, dict[str, object], dict[str, Any]]] = []
        self.latest: dict[str, Card] = {}

    # What may happen.

    @initialize(program_terms=some_terms())
    def open(self, program_terms: Terms) -> None:
        shop = open_shop(self.engine, now=NOON, slug=f"shop-{next(self.shops)}")
        self.merchant_id = shop.merchant.id
        self.program = self.save_terms(shop.program, program_terms)
        self.join()

    @precondition(lambda self: len(self.cards) < 3)
    @rule()
    def join(self) -> None:
        def act(connection: Connection) -> Outcome:
            return operations.join(connection, self.program, key_id=KEY_ID, now=self.now, language="en")

        outcome = self.ask("join", "", act)
        assert isinstance(outcome, Outcome)
        self.cards.append(outcome.card.id)

    @rule(data=st.data(), stamps=st.integers(1, 9))
    def stamp(self, data: st.DataObject, stamps: int) -> None:
        card_id = data.draw(st.sampled_from(self.cards))

        def act(connection: Connection) -> Outcome:
            return operations.stamp(connection, self.merchant_id, card_id, by=STAFF, now=self.now, count=stamps)

        self.ask("stamp", card_id, act)

    @rule(data=st.data(), named=st.booleans())
    def redeem(self, data: st.DataObject, named: bool) -> None:
        card_id = data.draw(st.sampled_from(self.cards))
        able = self.latest[card_id].rewards if named else ()
        reward_id = data.draw(st.sampled_from([None, *(reward.id for reward in able)]))

        def act(connection: Connection) -> Outcome:
            return operations.redeem(connection, self.merchant_id, card_id, by=STAFF, now=self.now, reward_id=reward_id)

        self.ask("redeem", card_id, act, reward_id)

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.entries))

        def act(connection: Connection) -> Outcome:
            return operations.reverse(connection, self.merchant_id, entry.id, by=STAFF, now=self.now)

        self.ask("undo", entry.card_id, act, entry)

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        card_id = data.draw(st.sampled_from(self.cards))

        def act(connection: Connection) -> Outcome:
            return operations.close(connection, self.merchant_id, card_id, by=STAFF, now=self.now)

        self.ask("close", card_id, act)

    @rule()
    def sweep(self) -> None:
        with transaction(self.engine) as connection:
            operations.expire_rewards(connection, self.now)
        with transaction(self.engine) as connection:
            assert operations.expire_rewards(connection, self.now) == 0

    @rule(
        passed=st.sampled_from(
            [timedelta(milliseconds=1), timedelta(seconds=1), timedelta(hours=12), timedelta(days=2)]
        )
    )
    def wait(self, passed: timedelta) -> None:
        self.now += passed

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """The network sends a request again: the first answer comes again, and nothing happens (see `agree`)."""
        key, request, body = data.draw(st.sampled_from(self.sent))
        again = answer_once(self.engine, self.merchant_id, key, request, self.now, self.never)
        assert (again.body, again.replayed) == (body, True)
        with pytest.raises(KeyReused):
            answer_once(self.engine, self.merchant_id, key, {"other": "request"}, self.now, self.never)

    # What must be true after each of them.

    @invariant()
    def agree(self) -> None:
        with reading(self.engine) as connection:
            for card_id in self.cards:
                card = cards.card_by_id(connection, self.merchant_id, card_id)
                _, rewards = audit(connection, card)
                assert set(card.ready(self.now)) == {reward for reward in rewards if reward.is_ready(self.now)}
                self.check_revision(card)
                self.check_model(card, rewards)

    def check_revision(self, card: Card) -> None:
        """Whatever changes a card gives it the next revision, and another second."""
        before = self.latest.get(card.id)
        if before is not None and card != before:
            assert card.revision > before.revision
            assert card.last_modified - before.last_modified >= card.revision - before.revision
            assert card.entries >= before.entries
        self.latest[card.id] = card

    def check_model(self, card: Card, rewards: list[Reward]) -> None:
        """Nothing more, where the terms change."""

    # How it is done.

    def ask(self, verb: str, card_id: str, act: Act, about: Entry | str | None = None) -> Outcome | LoyaltyError:
        """Send a request; what is refused must have changed nothing, which `agree` would see."""
        key, request = f"{verb}-{len(self.sent)}", {"verb": verb, "number": len(self.sent)}
        done: list[Outcome] = []

        def body(connection: Connection) -> dict[str, Any]:
            done.append(act(connection))
            return {"entry": done[0].entry.id, "stamps": done[0].card.stamps}

        try:
            answer = answer_once(self.engine, self.merchant_id, key, request, self.now, body)
        except LoyaltyError as refused:
            self.expect(verb, card_id, refused, about)
            return refused
        outcome = done[0]
        self.sent.append((key, request, answer.body))
        self.entries += [outcome.entry, *outcome.caused]
        self.expect(verb, outcome.card.id, outcome, about)
        return outcome

    def expect(self, verb: str, card_id: str, result: Outcome | LoyaltyError, about: Entry | str | None) -> None:
        """Nothing more, where the terms change."""

    def never(self, connection: Connection) -> dict[str, Any]:
        raise AssertionError("a repeated request was carried out")

    def save_terms(self, program: Program, changed: Terms) -> Program:
        with transaction(self.engine) as connection:
            return programs.update_program(connection, replace(program, terms=changed), self.now)


class CardsOfAProgramThatChanges(Cards):
    """The merchant changes the rules of the program under the cards."""

    @rule(changed=some_terms())
    def change_terms(self, changed: Terms) -> None:
        self.program = self.save_terms(self.program, changed)


REFUSALS: dict[str, type[LoyaltyError] | None] = {
    "ready": None,
    "redeemed": RewardAlreadyRedeemed,
    "expired": RewardExpired,
}


class CardsOfAProgramThatStays(Cards):
    """Under constant terms a model that counts in another way foretells every balance and every refusal."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.models: dict[str, Model] = {}
        self.names: dict[str, Name] = {}
        self.undone: set[str] = set()

    @rule()
    def sweep(self) -> None:
        super().sweep()
        for model in self.models.values():
            model.expire(self.now)

    def expect(self, verb: str, card_id: str, result: Outcome | LoyaltyError, about: Entry | str | None) -> None:
        model = self.models.setdefault(card_id, Model(self.program.terms))
        refusal = self.refusal(verb, model, about)
        if isinstance(result, LoyaltyError):
            assert type(result) is refusal
            return
        assert refusal is None
        if verb == "join" and self.program.terms.first_stamp:
            model.stamp(result.caused[0].id, 1, self.now)
        elif verb == "stamp":
            model.stamp(result.entry.id, result.entry.stamps, self.now)
        elif verb == "redeem":
            model.redeem(self.name_of(result.entry), self.now, first=about is None)
        elif verb == "close":
            model.closed = True
        elif isinstance(about, Entry):
            self.expect_undone(model, about)

    def expect_undone(self, model: Model, entry: Entry) -> None:
        self.undone.add(entry.id)
        if entry.kind == "redeemed":
            model.give_back(self.name_of(entry), self.now)
        elif entry.kind == "closed":
            model.closed = False
        else:
            model.take_back(entry.id)

    def refusal(self, verb: str, model: Model, about: Entry | str | None) -> type[LoyaltyError] | None:
        """How the request must be refused; None when it must not be."""
        if isinstance(about, Entry):
            return self.refusal_to_undo(model, about)
        if verb != "join" and model.closed:
            return CardClosed
        if verb == "redeem" and about is not None:
            return REFUSALS[model.rewards[self.names[about]].state_at(self.now)]
        if verb == "redeem" and not model.ready(self.now):
            return NothingToRedeem
        return None

    def refusal_to_undo(self, model: Model, entry: Entry) -> type[LoyaltyError] | None:
        if entry.id in self.undone:
            return AlreadyReversed
        if entry.kind not in ("stamped", "bonus", "redeemed", "closed"):
            return NotReversible
        return RewardInTheWay if entry.id in model.standing and model.would_be_missed(entry.id) else None

    def name_of(self, entry: Entry) -> Name:
        return self.names[str(entry.reward_id)]

    def check_model(self, card: Card, rewards: list[Reward]) -> None:
        self.names.update({reward.id: (reward.round, reward.milestone) for reward in rewards})
        model = self.models[card.id]
        assert (card.round, card.stamps) == divmod(model.total, self.program.terms.stamps_required)
        assert (card.closed_at is not None) == model.closed
        standing = [reward for reward in rewards if reward.state != "revoked"]
        assert sorted(
            (reward.round, reward.milestone, reward.state, str(reward.expires_at)) for reward in standing
        ) == (sorted((*name, reward.state, str(reward.expires_at)) for name, reward in model.rewards.items()))


@pytest.mark.parametrize("machine", [CardsOfAProgramThatChanges, CardsOfAProgramThatStays])
def test_the_ledger_and_the_balances_agree_whatever_happens_in_whatever_order(
    sqlite_engine: Engine, machine: type[Cards]
) -> None:
    run_state_machine_as_test(
        lambda: machine(sqlite_engine),  # type: ignore[arg-type]  # it calls what it gets, class or not
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
