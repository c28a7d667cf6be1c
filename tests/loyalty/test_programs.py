"""What a merchant promises, and changing it."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from tests.builders import NO_SHIELD, open_shop, terms
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from tests.loyalty.statements import listening
from walletpass.database import reading, transaction
from walletpass.loyalty import programs, tables
from walletpass.loyalty.destinations import add_destination
from walletpass.loyalty.errors import NameTaken, ProgramChanged, Unfit, UnknownProgram
from walletpass.loyalty.programs import Program
from walletpass.loyalty.rules import Extra, Shield


def create(counter: Counter, **details: Any) -> Program:
    """A second program of the shop."""
    given = {"slug": "tea-card", "name": "Tea Card", "terms": terms(), "design": {}, "now": NOON, **details}
    with transaction(counter.shop.engine) as connection:
        return programs.create_program(connection, counter.shop.merchant.id, **given)


def test_a_program_is_kept_as_it_was_made(engine: Engine) -> None:
    program = create(
        open_counter(engine),
        terms=terms(
            stamps_required=8,
            extras=(Extra(3, "Biscuit"), Extra(5, "Tote bag", once="card")),
            reward_days=90,
            first_stamp=True,
            shield=Shield(60, None, 4),
        ),
        design={"template": "plain", "colours": {"background": "#ffffff"}},
        conditions="One card per person.\nNo cash value.",
    )
    with reading(engine) as connection:
        assert programs.program_by_id(connection, program.id) == program


def test_a_program_is_found_by_the_name_in_its_address(counter: Counter) -> None:
    with reading(counter.shop.engine) as connection:
        assert programs.program_by_slug(connection, "bean-card") == counter.shop.program


def test_the_programs_of_a_merchant_are_listed_oldest_first(counter: Counter) -> None:
    tea = create(counter)
    open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    with reading(counter.shop.engine) as connection:
        assert programs.programs_of(connection, counter.shop.merchant.id) == [counter.shop.program, tea]


def test_another_merchant_does_not_find_it(counter: Counter) -> None:
    neighbour = open_shop(counter.shop.engine, now=NOON, slug="neighbour")
    with reading(counter.shop.engine) as connection, pytest.raises(UnknownProgram):
        programs.program_by_slug(connection, "bean-card", neighbour.merchant.id)


@pytest.mark.parametrize("garbage", ["", "no-such-program", "\0", "\ud800"])
def test_garbage_is_an_unknown_program(engine: Engine, garbage: str) -> None:
    with reading(engine) as connection, pytest.raises(UnknownProgram):
        programs.program_by_slug(connection, garbage)


def test_no_two_programs_have_the_same_address_not_even_of_two_merchants(engine: Engine) -> None:
    counter = open_counter(engine)
    neighbour = open_counter(engine, slug="neighbour")
    with pytest.raises(NameTaken) as refused:
        create(neighbour, slug="bean-card")
    assert "bean-card" in refused.value.in_words("en")
    assert create(counter).slug == "tea-card"


@pytest.mark.parametrize(
    ("field", "details"),
    [
        ("slug", {"slug": ""}),
        ("slug", {"slug": "Tea Card"}),
        ("slug", {"slug": "tea--card"}),
        ("slug", {"slug": "tea\n"}),
        ("slug", {"slug": "t" * 61}),
        ("name", {"name": " "}),
        ("name", {"name": "n" * 61}),
        ("name", {"name": "NUL\0"}),
        ("terms", {"conditions": "c" * 4001}),
        ("reward", {"terms": terms(reward="")}),
        ("reward", {"terms": terms(reward="two\nlines")}),
        ("stamps_required", {"terms": terms(stamps_required=0)}),
        ("stamps_required", {"terms": terms(stamps_required=31)}),
        ("reward_days", {"terms": terms(reward_days=0)}),
        ("reward_days", {"terms": terms(reward_days=3661)}),
        ("extras", {"terms": terms(extras=(Extra(0, "Biscuit"),))}),
        ("extras", {"terms": terms(extras=(Extra(10, "Biscuit"),))}),
        ("extras", {"terms": terms(extras=(Extra(5, "Biscuit"), Extra(5, "Tote bag")))}),
        ("extras", {"terms": terms(extras=(Extra(5, ""),))}),
        ("extras", {"terms": terms(extras=(Extra(5, "Biscuit", "year"),))}),  # type: ignore[arg-type]
        ("shield.pause_seconds", {"terms": terms(shield=Shield(pause_seconds=-1))}),
        ("shield.per_scan", {"terms": terms(shield=Shield(per_scan=-1))}),
        ("shield.per_day", {"terms": terms(shield=Shield(per_day=1_000_001))}),
    ],
)
def test_a_program_that_does_not_hold_together_is_refused(
    counter: Counter, field: str, details: dict[str, Any]
) -> None:
    with pytest.raises(Unfit) as refused:
        create(counter, **details)
    assert refused.value.field == field


@pytest.mark.parametrize("stamps_required", [1, 30])
def test_a_card_has_one_to_thirty_stamps(counter: Counter, stamps_required: int) -> None:
    assert create(counter, terms=terms(stamps_required=stamps_required)).terms.stamps_required == stamps_required


def test_a_changed_program_has_the_next_revision(engine: Engine) -> None:
    counter = open_counter(engine)
    counter.change_terms(reward="Free tea", shield=NO_SHIELD)
    assert (counter.program.terms.reward, counter.program.revision) == ("Free tea", 2)


def test_all_cards_of_a_changed_program_get_their_next_revision(engine: Engine) -> None:
    counter = open_counter(engine)
    other = Counter(counter.shop, counter.shop.join().id, NOON)
    other.stamp()
    counter.change_terms(reward="Free tea")
    assert (counter.card.revision, other.card.revision) == (2, 3)
    seconds = int(NOON.timestamp())
    assert (counter.card.last_modified, other.card.last_modified) == (seconds + 1, seconds + 2)


def test_the_cards_of_other_programs_are_left_alone(counter: Counter) -> None:
    neighbour = open_counter(counter.shop.engine, slug="neighbour")
    counter.change_terms(reward="Free tea")
    assert neighbour.card.revision == 1


def test_a_change_that_no_card_shows_rings_no_phone(engine: Engine) -> None:
    counter = open_counter(engine)
    with transaction(engine) as connection:
        add_destination(connection, counter.card_id, "apple", revision=1, now=NOON)
    counter.change_terms(shield=Shield(pause_seconds=7), first_stamp=True)
    with reading(engine) as connection:
        due = connection.execute(select(tables.destination.c.due_at)).scalar_one()
    assert (counter.program.terms.shield.pause_seconds, counter.card.revision, due) == (7, 1, None)


def test_all_places_where_the_cards_live_are_behind_after_a_change(engine: Engine) -> None:
    counter = open_counter(engine)
    with transaction(engine) as connection:
        for _ in range(2):
            add_destination(connection, counter.card_id, "apple", revision=1, now=NOON)
    counter.change_terms(reward="Free tea")
    columns = tables.destination.c
    with reading(engine) as connection:
        found = connection.execute(select(columns.wanted_revision, columns.delivered_revision, columns.due_at)).all()
    assert [(row.wanted_revision, row.delivered_revision, row.due_at > NOON) for row in found] == [(2, 1, True)] * 2


def test_a_change_takes_as_many_statements_for_many_cards_as_for_one(counter: Counter) -> None:
    with listening(counter.shop.engine) as one:
        counter.change_terms(reward="Free tea")
    for _ in range(30):
        counter.shop.join()
    with listening(counter.shop.engine) as many:
        counter.change_terms(reward="Free cake")
    assert len(many) == len(one)


def test_a_change_of_what_somebody_else_has_changed_meanwhile_is_refused(engine: Engine) -> None:
    counter = open_counter(engine)
    seen = counter.program
    counter.change_terms(reward="Free tea")
    with pytest.raises(ProgramChanged), transaction(engine) as connection:
        programs.update_program(connection, replace(seen, name="Tea Card"), NOON)
    assert (counter.program.name, counter.program.terms.reward) == ("Coffee Card", "Free tea")


def test_a_change_that_does_not_hold_together_changes_nothing(counter: Counter) -> None:
    with pytest.raises(Unfit):
        counter.change_terms(stamps_required=0)
    assert (counter.program, counter.card.revision) == (counter.shop.program, 1)


def test_a_program_can_get_another_address(engine: Engine) -> None:
    counter = open_counter(engine)
    with transaction(engine) as connection:
        programs.update_program(connection, replace(counter.program, slug="beans"), NOON)
    with reading(engine) as connection:
        assert programs.program_by_slug(connection, "beans").id == counter.shop.program.id


def test_a_program_does_not_get_the_address_of_another(engine: Engine) -> None:
    counter = open_counter(engine)
    create(counter)
    with pytest.raises(NameTaken), transaction(engine) as connection:
        programs.update_program(connection, replace(counter.program, slug="tea-card"), NOON)
