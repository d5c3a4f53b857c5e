"""As of when Stripe is told of a use, and when a repetition might count twice."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.subscriptions.backoff import next_delay
from billing.subscriptions.reporting import billed_at, hour_of, may_repeat

LAST = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (LAST, LAST),
        (APRIL, LAST),
        (APRIL + 49 * MINUTE, LAST),
        (APRIL + 50 * MINUTE, APRIL + 50 * MINUTE),
        (APRIL + timedelta(days=40), APRIL + timedelta(days=40)),
    ],
)
def test_a_use_is_billed_in_its_month_while_that_is_open(now, then):
    assert billed_at(LAST, now=now) == then


def test_within_a_month_a_late_report_keeps_its_time():
    at = datetime(2026, 3, 1, tzinfo=UTC)

    assert billed_at(at, now=LAST) == at


@pytest.mark.parametrize(
    ("hours", "may"), [(0, True), (22.9, True), (23, True), (23.1, False), (999, False)]
)
def test_what_may_have_arrived_goes_again_for_a_day(hours, may):
    assert may_repeat(APRIL, now=APRIL + timedelta(hours=hours)) is may


def test_what_was_never_tried_may_go_at_any_time():
    assert may_repeat(None, now=APRIL)


def test_hours_begin_on_the_hour():
    assert hour_of(LAST) == datetime(2026, 3, 31, 23, tzinfo=UTC)
    assert hour_of(APRIL) == APRIL


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 15), (2, 30), (8, 1_920), (9, 3_600)])
def test_waits_double_up_to_an_hour(attempt, seconds):
    assert next_delay(attempt) == timedelta(seconds=seconds)
    assert next_delay(attempt + 10_000) <= timedelta(hours=1)
