"""Which parts a backfill has, what their runs get, and how many are made ahead."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.dispatch.parts import (
    MAX_ALTERNATIVES,
    MAX_PARTS,
    BadPartsError,
    alone_in,
    keys_of_times,
    most_open,
    schemas_of,
    seconds_for,
    times_in,
    value_of,
)
from apps.flows.recurrence import Cron, Interval

DATE = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_beginning_belongs_to_a_range_and_its_end_does_not():
    daily = Cron(expression="0 0 * * *", timezone="UTC")

    times = times_in(daily, since=at("2026-03-01"), until=at("2026-03-04"))

    assert times == [at("2026-03-01"), at("2026-03-02"), at("2026-03-03")]


def test_an_interval_counts_from_the_beginning():
    since = at("2026-03-01T10:30:00")
    times = times_in(
        Interval(every=timedelta(hours=6), anchor=since),
        since=since,
        until=since + timedelta(hours=13),
    )

    assert [time.hour for time in times] == [10, 16, 22]


def test_what_ends_by_itself_has_no_further_parts():
    class Twice:
        def next_after(self, moment):
            later = [time for time in (at("2026-01-01"), at("2026-01-02")) if time > moment]
            return later[0] if later else None

    assert len(times_in(Twice(), since=at("2025-01-01"), until=at("2027-01-01"))) == 2


@pytest.mark.parametrize(
    ("since", "until"), [("2026-03-01T00:00:01", "2026-03-02"), ("2000-01-01", "2100-01-01")]
)
def test_none_and_too_many_are_refused(since, until):
    with pytest.raises(BadPartsError) as refused:
        times_in(Cron(expression="0 0 * * *", timezone="UTC"), since=at(since), until=at(until))

    assert refused.value.field == "until"


def test_the_most_parts_are_allowed():
    since = at("2026-01-01")
    minutes = Interval(every=timedelta(minutes=1), anchor=since)

    assert len(times_in(minutes, since=since, until=since + timedelta(minutes=MAX_PARTS))) == (
        MAX_PARTS
    )


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_days_keep_their_dates_through_both_changes_of_the_clock(zone):
    daily = Cron(expression="0 0 * * *", timezone=zone)

    times = times_in(daily, since=at("2025-12-31T12:00:00"), until=at("2026-12-31T12:00:00"))
    keys = keys_of_times(times, zone=ZoneInfo(zone), takes=[DATE])

    first = datetime.fromisoformat(keys[0])
    assert len(keys) == 365
    assert keys == [(first + timedelta(days=n)).date().isoformat() for n in range(365)]


def test_moments_are_told_in_utc():
    times = [datetime(2026, 7, 1, 2, tzinfo=ZoneInfo("Europe/Berlin"))]

    for takes in ([], [MOMENT], [{"type": "string"}]):
        assert keys_of_times(times, zone=ZoneInfo("Europe/Berlin"), takes=takes) == [
            "2026-07-01T00:00:00Z"
        ]


def test_two_times_of_a_day_are_no_dates():
    times = [at("2026-07-01T02:00:00"), at("2026-07-01T03:00:00")]

    with pytest.raises(BadPartsError):
        keys_of_times(times, zone=ZoneInfo("UTC"), takes=[DATE])


@pytest.mark.parametrize(
    ("key", "takes", "value"),
    [
        ("7", [], "7"),
        ("7", [{"type": "string"}], "7"),
        ("7", [{"type": "integer"}], 7),
        ("7.5", [{"type": "number"}], 7.5),
        ("true", [{"type": "boolean"}], True),
        ("7", [{"type": ["integer", "null"]}], 7),
        ("7", [{"type": "integer"}, {"type": "string"}], "7"),
        ("7", [{"enum": [6, 7]}], 7),
        ("7", [{"enum": ["6", "7"]}], "7"),
        ("seven", [{"type": "integer"}], "seven"),
        ("[7]", [{"type": "array"}], "[7]"),
    ],
)
def test_a_run_gets_what_its_parameter_takes(key, takes, value):
    got = value_of(key, takes=takes)

    assert got == value
    assert type(got) is type(value)


def test_alternatives_and_references_are_followed():
    schema = {
        "properties": {
            "day": {"anyOf": [{"$ref": "#/$defs/Day"}, {"type": "null"}]},
            "loop": {"$ref": "#/properties/loop"},
        },
        "$defs": {"Day": DATE},
    }

    assert schemas_of(schema, "day") == [DATE, {"type": "null"}]
    assert schemas_of(schema, "loop") == []
    assert schemas_of(schema, "other") == []
    assert schemas_of({}, "day") == []


def test_what_refers_to_itself_many_times_is_walked_once():
    loop = {"$ref": "#/properties/p"}
    schema = {"properties": {"p": {"anyOf": [*[loop] * 5_000, {"type": "integer"}]}}}

    assert schemas_of(schema, "p") == [{"type": "integer"}]
    assert len(schemas_of({"properties": {"p": {"anyOf": [{}] * 5_000}}}, "p")) == MAX_ALTERNATIVES


def test_a_parameter_alone_asks_for_no_other():
    schema = {
        "properties": {"day": DATE, "table": {"type": "string"}},
        "required": ["day", "table"],
        "additionalProperties": False,
    }

    assert alone_in(schema, "day") == {
        "properties": {"day": DATE},
        "required": [],
        "additionalProperties": False,
    }
    assert alone_in(schema, "other")["properties"] == {}
    assert alone_in({}, "day") == {"properties": {}, "required": []}


@pytest.mark.parametrize(("concurrency", "most"), [(1, 21), (10, 30), (50, 150), (1_000, 1_500)])
def test_so_many_runs_are_made_ahead(concurrency, most):
    assert most_open(concurrency) == most


@pytest.mark.parametrize(
    ("parts", "concurrency", "each", "total"),
    [(10, 3, 60.0, 240.0), (0, 1, 5.0, 0.0), (5, 1, None, None)],
)
def test_the_estimate_counts_rounds(parts, concurrency, each, total):
    assert seconds_for(parts=parts, concurrency=concurrency, seconds_each=each) == total
