"""What keeps stamps honest: a pause between two, most per scan, most per day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from tests.builders import NO_SHIELD
from tests.conftest import NOON
from tests.loyalty.counter import Counter, open_counter
from walletpass.database import transaction
from walletpass.loyalty import merchants
from walletpass.loyalty.errors import StampedTooSoon, StampRefused, TooManyAtOnce, TooManyToday, Unfit
from walletpass.loyalty.ledger import By
from walletpass.loyalty.rules import PastStamp, Shield, Terms, check_shield, in_short, start_of_day

WARSAW = ZoneInfo("Europe/Warsaw")
PAUSE = Shield(pause_seconds=300, per_scan=None, per_day=None)
PER_DAY = Shield(pause_seconds=None, per_scan=None, per_day=3)


def moment(text: str) -> datetime:
    """A moment on Warsaw's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW).astimezone(UTC)


def test_the_shield_is_up_unless_the_merchant_says_otherwise() -> None:
    assert Terms(10, "Free coffee").shield == Shield(pause_seconds=300, per_scan=5, per_day=8)


def test_a_rule_that_is_switched_off_refuses_nothing() -> None:
    check_shield(NO_SHIELD, 100, [PastStamp(NOON, 100)], NOON, WARSAW)


def test_a_stamp_during_the_pause_is_refused_until_its_end() -> None:
    with pytest.raises(StampedTooSoon) as refused:
        check_shield(PAUSE, 1, [PastStamp(NOON, 1)], NOON + timedelta(milliseconds=299_999), WARSAW)
    assert (refused.value.rule, refused.value.retry_at) == ("pause_seconds", NOON + timedelta(seconds=300))


def test_a_stamp_at_the_very_end_of_the_pause_is_fine() -> None:
    check_shield(PAUSE, 1, [PastStamp(NOON, 1)], NOON + timedelta(seconds=300), WARSAW)


def test_the_pause_starts_with_the_latest_stamp() -> None:
    past = [PastStamp(NOON, 1), PastStamp(NOON - timedelta(hours=1), 1)]
    with pytest.raises(StampedTooSoon):
        check_shield(PAUSE, 1, past, NOON + timedelta(seconds=299), WARSAW)


def test_the_first_stamp_waits_for_nothing() -> None:
    check_shield(PAUSE, 1, [], NOON, WARSAW)


def test_as_many_stamps_at_once_as_the_rule_says_are_fine() -> None:
    check_shield(Shield(None, 5, None), 5, [], NOON, WARSAW)


def test_more_stamps_at_once_are_refused_and_waiting_does_not_help() -> None:
    with pytest.raises(TooManyAtOnce) as refused:
        check_shield(Shield(None, 5, None), 6, [], NOON, WARSAW)
    assert (refused.value.rule, refused.value.retry_at) == ("per_scan", None)


def test_as_many_stamps_a_day_as_the_rule_says_are_fine() -> None:
    check_shield(PER_DAY, 1, [PastStamp(NOON, 2)], NOON, WARSAW)


def test_more_stamps_a_day_are_refused_until_midnight_at_the_shop() -> None:
    with pytest.raises(TooManyToday) as refused:
        check_shield(PER_DAY, 2, [PastStamp(NOON, 2)], NOON, WARSAW)
    assert (refused.value.rule, refused.value.retry_at) == ("per_day", moment("2026-11-21T00:00"))


def test_more_stamps_at_once_than_a_day_allows_are_no_better_tomorrow() -> None:
    with pytest.raises(TooManyToday) as refused:
        check_shield(PER_DAY, 4, [], NOON, WARSAW)
    assert refused.value.retry_at is None


def test_the_stamps_of_yesterday_do_not_count_after_midnight_at_the_shop() -> None:
    check_shield(PER_DAY, 3, [PastStamp(moment("2026-11-20T23:59:59"), 3)], moment("2026-11-21T00:00"), WARSAW)


def test_the_stamps_since_midnight_at_the_shop_count_although_it_is_still_yesterday_in_utc() -> None:
    with pytest.raises(TooManyToday):
        check_shield(PER_DAY, 1, [PastStamp(moment("2026-11-21T00:00"), 3)], moment("2026-11-21T00:30"), WARSAW)


@pytest.mark.parametrize(
    ("day", "next_day", "hours"),
    [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25), ("2026-11-20", "2026-11-21", 24)],
)
def test_a_day_ends_at_midnight_when_the_clocks_change_as_well(day: str, next_day: str, hours: int) -> None:
    start, end = moment(day), moment(next_day)
    assert end - start == timedelta(hours=hours)
    for now in (start, end - timedelta(milliseconds=1)):
        assert (start_of_day(now, WARSAW), start_of_day(now, WARSAW, days=1)) == (start, end)


def test_a_day_whose_midnight_the_clock_skips_starts_an_hour_later() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # on 2026-04-24 at 00:00 the clock goes to 01:00
    noon = datetime(2026, 4, 24, 12, tzinfo=cairo).astimezone(UTC)
    assert start_of_day(noon, cairo).astimezone(cairo).isoformat() == "2026-04-24T01:00:00+03:00"


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(milliseconds=1), "1 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(seconds=99, milliseconds=1), "2 min"),
        (timedelta(minutes=4, seconds=1), "5 min"),
        (timedelta(minutes=99), "99 min"),
        (timedelta(minutes=100), "2 h"),
        (timedelta(hours=24), "24 h"),
    ],
)
def test_a_waiting_time_is_rounded_up_and_short(wait: timedelta, words: str) -> None:
    assert in_short(wait) == words


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (StampedTooSoon(NOON, wait="4 min"), "This card was stamped a moment ago. Wait 4 min, or ask a manager."),
        (TooManyAtOnce(None, limit=5), "At most 5 stamps at once on this card. Stamp fewer, or ask a manager."),
        (
            TooManyToday(NOON, limit=8, left=1),
            "A card may get 8 stamps a day; this one has 1 left today. Ask a manager for more.",
        ),
    ],
)
def test_a_refusal_says_which_rule_in_words_for_the_counter(refused: StampRefused, words: str) -> None:
    assert refused.in_words("en") == str(refused) == words


def test_a_refused_stamp_changes_nothing(engine: Engine) -> None:
    counter = open_counter(engine, shield=PAUSE)
    counter.stamp()
    before = counter.card
    with pytest.raises(StampedTooSoon):
        counter.stamp()
    assert counter.card == before


def test_the_pause_counts_from_the_stamp_in_the_ledger(engine: Engine) -> None:
    counter = open_counter(engine, shield=PAUSE)
    counter.stamp()
    counter.later(seconds=300)
    assert counter.stamp().card.stamps == 2


def test_a_pause_longer_than_a_day_is_kept(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=Shield(3 * 86_400, None, None))
    counter.stamp()
    counter.later(days=2)
    with pytest.raises(StampedTooSoon):
        counter.stamp()


def test_the_day_is_counted_over_all_scans(engine: Engine) -> None:
    counter = open_counter(engine, shield=PER_DAY)
    counter.stamp(2)
    counter.stamp(1)
    with pytest.raises(TooManyToday):
        counter.stamp()


def test_the_day_goes_by_the_clock_of_the_shop_where_the_stamp_is_given(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=PER_DAY)
    with transaction(sqlite_engine) as connection:
        tokyo = merchants.create_location(
            connection, counter.shop.merchant.id, name="Tokyo", now=NOON, time_zone="Asia/Tokyo"
        )
    counter.now = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)  # one minute to midnight in Tokyo
    counter.stamp(3)
    counter.later(minutes=1)
    with pytest.raises(TooManyToday):
        counter.stamp()
    assert counter.stamp(by=By("member:ann", tokyo.id)).card.stamps == 4


def test_a_shop_without_a_location_goes_by_utc(sqlite_engine: Engine) -> None:
    with transaction(sqlite_engine) as connection:
        merchant = merchants.create_merchant(connection, slug="van", name="Coffee Van", now=NOON)
        assert merchants.shop_zone(connection, merchant.id, None) == ZoneInfo("UTC")


def test_stamps_that_were_undone_do_not_count(engine: Engine) -> None:
    counter = open_counter(engine, shield=Shield(300, None, 3))
    counter.undo(counter.stamp(3))
    assert counter.stamp(3).card.stamps == 3


def test_the_stamp_for_joining_does_not_count(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=Shield(300, None, 3), first_stamp=True)
    assert counter.stamp(3).card.stamps == 4


def test_another_card_waits_for_nothing(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=PAUSE)
    counter.stamp()
    assert Counter(counter.shop, counter.shop.join().id, NOON).stamp().card.stamps == 1


def test_a_manager_goes_past_all_rules_with_a_reason_that_the_ledger_keeps(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=Shield(300, 1, 1))
    counter.stamp()
    counter.stamp(20, override="office party")
    stamped = [entry for entry in counter.entries if entry.kind == "stamped"]
    assert [(entry.stamps, entry.override) for entry in stamped] == [(1, None), (20, "office party")]


def test_the_stamps_past_the_rules_count_for_those_after_them(sqlite_engine: Engine) -> None:
    counter = open_counter(sqlite_engine, shield=PER_DAY)
    counter.stamp(3, override="office party")
    with pytest.raises(TooManyToday):
        counter.stamp()


@pytest.mark.parametrize("reason", ["", "  \n", "r" * 501, "\0", "\ud800"])
def test_a_manager_has_to_give_a_reason_that_can_be_kept(counter: Counter, reason: str) -> None:
    with pytest.raises(Unfit) as refused:
        counter.stamp(override=reason)
    assert refused.value.field == "override"
