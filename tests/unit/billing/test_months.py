from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from billing.metering.months import Month, forecast

NOVEMBER = Month(date(2026, 11, 1))


def at(day, hour=0):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "2026-12"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2027-01"),
        (datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2026-12"),
        (datetime(2028, 2, 29, tzinfo=UTC), "2028-02"),
    ],
)
def test_a_moment_is_in_one_month_of_utc(moment, month):
    assert str(Month.of(moment)) == month
    assert Month.read(month) == Month.of(moment)


@pytest.mark.parametrize(
    ("month", "days", "until"),
    [("2026-02", 28, "2026-03-01"), ("2028-02", 29, "2028-03-01"), ("2026-12", 31, "2027-01-01")],
)
def test_a_month_has_its_days(month, days, until):
    assert len(Month.read(month).days) == days
    assert Month.read(month).until.isoformat() == until


@pytest.mark.parametrize("text", ["2026-00", "2026-13", "26-01", "2026-1", "9999-01", "2026-01\n"])
def test_other_texts_are_no_month(text):
    with pytest.raises(ValueError, match="month"):
        Month.read(text)


@pytest.mark.parametrize(
    ("by_day", "now", "expected"),
    [
        ({}, at(10), 0),
        # 100 a day, seven days back from the 11th at noon: 6.5 days with 650.
        (
            {date(2026, 11, day): 100 for day in range(1, 11)} | {date(2026, 11, 11): 50},
            at(11, 12),
            3000,
        ),
        # It stands still since ten days: nothing is added.
        ({date(2026, 11, 1): 700}, at(12), 700),
        # In the first minutes half a day is what the pace is taken from.
        ({date(2026, 11, 1): 10}, at(1, 1), 10 + round(10 / 12 * (30 * 24 - 1))),
        ({date(2026, 11, 1): 10}, at(1) - timedelta(days=1), None),
        ({date(2026, 11, 1): 10}, at(1) + timedelta(days=40), 10),
    ],
)
def test_a_forecast_goes_on_at_the_pace_of_the_week(by_day, now, expected):
    assert forecast(by_day, month=NOVEMBER, now=now) == expected
