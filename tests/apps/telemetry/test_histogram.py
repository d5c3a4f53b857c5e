"""Histograms of more rows than are counted: estimated, said to be so, and exact when asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import selectors, services
from apps.telemetry.items import NewEvent, TelemetryBatch
from apps.telemetry.search.parse import parse
from apps.telemetry.search.terms import EVENT_FIELDS
from apps.telemetry.selectors.histogram import Effort
from apps.telemetry.selectors.walk import Budget
from apps.tenancy.isolation import workspace_scope

HOUR = timedelta(hours=1)
NOW = utc_now()
MIDNIGHT = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC)
SINCE, UNTIL = MIDNIGHT - timedelta(days=3), MIDNIGHT
BUSY = (SINCE + 5 * HOUR, SINCE + 30 * HOUR)
QUIET = SINCE + 40 * HOUR
EACH = 1_200  # rows in a busy hour
# As long as a busy machine takes: what is done when the time is up has tests of its own.
LITTLE = Effort(
    quick_rows=100,
    overview_seconds=60,
    counting_seconds=60,
    looking_seconds=60,
    fine_seconds=60,
)


def event(name, at, payload="{}"):
    return NewEvent(name=name, occurred_at=at, id=uuid7(), payload=Raw(payload.encode()))


def fill(workspace, as_worker):
    """Two busy hours, in which every third is red and a quarter loads, and a quiet one."""
    busy = [
        event(
            "load" if step % 4 == 0 else "query",
            hour + HOUR * step / EACH,
            '{"color": "%s"}' % ("red" if step % 3 == 0 else "blue"),
        )
        for hour in BUSY
        for step in range(EACH)
    ]
    quiet = [
        event("load", QUIET + timedelta(minutes=step), '{"color": "red"}') for step in range(7)
    ]
    for first in range(0, len(busy), 500):
        put(workspace, [*busy[first : first + 500], *(quiet if first == 0 else ())])
    with as_worker():
        while services.merge_pending_batches():
            pass


def put(workspace, events):
    with workspace_scope(workspace.id):
        outcome = services.store_batch(
            workspace_id=workspace.id, batch=TelemetryBatch(events=events), now=NOW
        )
    assert not outcome.rejected


@pytest.fixture
def filled(workspace, as_worker):
    fill(workspace, as_worker)
    return workspace


def count(workspace, q, *, since=SINCE, until=UNTIL, **options):
    with workspace_scope(workspace.id):
        return selectors.event_histogram(
            workspace_id=workspace.id,
            since=since,
            until=until,
            query=parse(q, EVENT_FIELDS),
            **{"effort": LITTLE} | options,
        )


def test_busy_bars_are_estimated_and_the_others_are_counted(filled):
    found = count(filled, "payload.color:red")

    bars = {bar.at: bar for bar in found.buckets if bar.count}
    assert set(bars) == {*BUSY, QUIET}
    assert (bars[QUIET].count, bars[QUIET].is_estimate) == (7, False)
    for hour in BUSY:
        assert bars[hour].is_estimate
        assert bars[hour].low < bars[hour].count < bars[hour].high
        assert bars[hour].low <= EACH / 3 <= bars[hour].high
    assert [each.is_estimate for each in found.buckets].count(True) == 2
    assert found.counted_from is None
    assert found.sample.of == 2 * EACH
    assert 0 < found.sample.examined <= 2 * EACH
    assert found.sample.low <= 2 * EACH / 3 + 7 <= found.sample.high


def test_names_beside_it_are_estimated_alike(filled):
    found = count(filled, "payload.color:red")

    names = {each.name: each for each in found.names}
    assert names["query"].is_estimate
    assert names["query"].count == pytest.approx(2 * EACH / 4, rel=0.2)
    assert names["load"].count == pytest.approx(2 * EACH / 12 + 7, rel=0.4)


def test_a_name_in_the_search_narrows_what_is_estimated(filled):
    found = count(filled, "name:load payload.color:red,blue")

    assert found.sample.of == 2 * EACH / 4
    assert {bar.at: bar.count for bar in found.buckets if bar.count} == {
        **dict.fromkeys(BUSY, EACH / 4),
        QUIET: 7,
    }


def test_what_was_met_nowhere_may_be_there(filled):
    found = count(filled, "payload.color:green")

    assert [bar.high > 0 for bar in found.buckets if bar.is_estimate] == [True, True]
    assert (found.sample.low, found.names) == (0, [])
    assert found.sample.high > 0


def test_the_same_look_twice_says_the_same(filled):
    assert count(filled, "payload.color:red") == count(filled, "payload.color:red")


@pytest.mark.parametrize(
    ("q", "options"),
    [
        ("payload.color:red", {"exact": True}),
        ("payload.color:red", {"effort": Effort()}),
        ("payload.color:red", {"effort": Effort(quick_rows=100, overview_seconds=0)}),
        ("payload.color:red", {"effort": Effort(quick_rows=100, counting_seconds=0)}),
    ],
    ids=["asked for", "few rows", "no time for an overview", "no time for the few"],
)
def test_else_every_row_is_counted(filled, q, options):
    found = count(filled, q, budget=Budget(60), **options)

    assert {bar.at: bar.count for bar in found.buckets if bar.count} == {
        **dict.fromkeys(BUSY, EACH / 3),
        QUIET: 7,
    }
    assert all(bar.low == bar.count == bar.high for bar in found.buckets)
    assert not any(each.is_estimate for each in (*found.buckets, *found.names))
    assert found.sample is None
    assert found.counted_from is None


def test_ids_are_looked_for_and_never_estimated(filled):
    found = count(filled, f"id:{uuid7()}")

    assert found.sample is None


def test_when_the_looks_take_too_long_it_is_counted_as_far_as_the_time_reaches(filled):
    hurried = Effort(quick_rows=100, looking_seconds=0)

    found = count(filled, "payload.color:red", effort=hurried, budget=Budget(0, first_rows=300))

    assert found.sample is None
    assert found.counted_from is not None
    assert sum(bar.count for bar in found.buckets) < 2 * EACH / 3


def test_a_narrow_range_is_estimated_by_the_minute(filled):
    since = BUSY[0] + timedelta(minutes=10)

    few = count(filled, "payload.color:red", since=since, until=since + timedelta(minutes=20))
    names = count(filled, "name:load", since=since, until=since + timedelta(minutes=20))

    assert few.step_seconds == names.step_seconds == 60
    # 20 in a minute are as quickly counted as looked at.
    assert [bar.count for bar in few.buckets] == pytest.approx([20 / 3] * 20, abs=1)
    assert sum(bar.count for bar in names.buckets) == 400 / 4


def test_what_another_workspace_has_is_not_met(filled, rival_workspace):
    found = count(rival_workspace, "payload.color:red")

    assert not any(bar.count for bar in found.buckets)
    assert found.sample is None


def test_events_that_are_gone_leave_no_estimate(filled, as_worker):
    with as_worker(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM telemetry_event WHERE workspace_id = %s AND occurred_at < %s",
            [filled.id, BUSY[0] + HOUR],
        )

    found = count(filled, "payload.color:red")

    assert {bar.at for bar in found.buckets if bar.high} == {BUSY[1], QUIET}
    assert found.sample.of == EACH


def test_where_looking_takes_long_the_estimate_is_a_coarse_one(filled):
    fine = count(filled, "payload.color:red")
    coarse = count(filled, "payload.color:red", effort=replace(LITTLE, fine_seconds=0))

    assert 0 < coarse.sample.examined < fine.sample.examined / 2
    assert coarse.sample.of == fine.sample.of == 2 * EACH
    assert coarse.sample.low <= 2 * EACH / 3 + 7 <= coarse.sample.high
    for bar in coarse.buckets:
        if bar.is_estimate:
            assert bar.low <= EACH / 3 <= bar.high


def test_looks_are_few_statements_however_many_bars(filled):
    with CaptureQueriesContext(connection) as captured:
        count(filled, "payload.color:red")

    looks = [each["sql"] for each in captured if "telemetry_event " in each["sql"]]
    assert len(looks) == 3  # what is counted, and two times 13 and 19 spots


def test_the_route_says_what_is_estimated_and_counts_when_asked(api, bob, filled):
    span = f"from={quote(SINCE.isoformat())}&to={quote(UNTIL.isoformat())}"

    for exact in ("", "&exact=true", "&exact=false"):
        answer = api(bob).get(f"events/histogram?{span}&q=payload.color:red{exact}").json()

        assert answer["sample"] is None
        assert sum(bucket["count"] for bucket in answer["buckets"]) == 2 * EACH // 3 + 7
        assert not any(bucket["is_estimate"] for bucket in answer["buckets"])
        assert answer["names"][0].keys() == {"name", "count", "is_estimate"}


@pytest.mark.parametrize("value", ["", "maybe", "2", "%00"], ids=["empty", "word", "2", "nul"])
def test_exact_is_yes_or_no(api, bob, value):
    span = f"from={quote(SINCE.isoformat())}&to={quote(UNTIL.isoformat())}"

    answer = api(bob).get(f"events/histogram?{span}&exact={value}")

    assert answer.status_code == 400
    assert "exact" in answer.json()["error"]["fields"]
