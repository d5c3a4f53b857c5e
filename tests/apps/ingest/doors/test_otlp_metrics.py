"""`POST /otlp/v1/metrics`: running totals, histograms, labels."""

from __future__ import annotations

import pytest

from apps.core.ids import uuid7
from apps.telemetry import services as telemetry
from apps.telemetry.models import MetricStream
from apps.tenancy.isolation import workspace_scope
from tests.apps.ingest.doors.otlp_bodies import (
    ENCODINGS,
    JSON,
    PROTOBUF,
    ago,
    as_json,
    at,
    attribute,
    attributes,
    counter,
    metric,
    request,
)

pytestmark = pytest.mark.django_db
PATH = "/otlp/v1/metrics"
EACH = pytest.mark.parametrize("encoding", ENCODINGS)
BOUNDS = [10.0, 20.0, 50.0]


def send(sender, *metrics, encoding=JSON, **resource):
    answer = sender.send(
        PATH,
        ENCODINGS[encoding]("metrics", request("metrics", list(metrics), **resource)),
        encoding,
    )
    assert answer.status_code == 200, answer.content
    return answer


def values(sender):
    return [point.value for point in sender.points()]


def histogram(seconds_ago, counts, total, began=600, **more):
    point = at(seconds_ago, began=began) | {
        "count": str(sum(counts)),
        "sum": total,
        "bucketCounts": [str(count) for count in counts],
        "explicitBounds": BOUNDS,
    }
    return point | more


@EACH
def test_a_gauge_is_a_point_of_its_labels_and_its_service(sender, encoding):
    run_id = str(uuid7())
    point = at(5, 2.5, path="/", code=200, headway__run_id=run_id)

    send(
        sender,
        metric("gauge", [point]),
        encoding=encoding,
        service__name="shop",
        deployment__environment__name="prod",
        host__name="pod-7",
    )

    (point,) = sender.points()
    series = sender.series()[point.series_id]
    assert (point.value, str(point.run_id)) == (2.5, run_id)
    assert (series.name, series.unit) == ("requests", "1")
    assert series.labels == {
        "path": "/",
        "code": "200",
        "service.name": "shop",
        "deployment.environment": "prod",
    }


@EACH
def test_of_a_running_total_what_came_on_top_is_stored(sender, encoding):
    for seconds, total in ((50, 7), (40, 10), (30, 10), (20, 15)):
        send(sender, counter([at(seconds, total)]), encoding=encoding)

    assert values(sender) == [7, 3, 0, 5]


def test_a_delta_and_what_goes_up_and_down_are_stored_as_sent(sender):
    send(sender, counter([at(50, 4), at(40, 4)], temporality=1))
    send(sender, metric("sum", [at(30, 9)], name="queue", aggregationTemporality=2))
    send(sender, metric("sum", [at(20, 6)], name="queue", aggregationTemporality=2))

    assert values(sender) == [4, 4, 9, 6]


def test_a_total_that_begins_anew_counts_from_nothing(sender):
    send(sender, counter([at(50, 7)]))
    send(sender, counter([at(40, 2, began=45)]))  # another process
    send(sender, counter([at(30, 1, began=45)]))  # it fell, and does not say why

    assert values(sender) == [7, 2, 1]


def test_a_total_that_began_long_ago_is_where_counting_starts(sender):
    send(sender, counter([at(50, 70_000, began=90_000)]))
    send(sender, counter([at(40, 70_003, began=90_000)]))

    assert values(sender) == [3]


def test_a_reading_counts_once_and_never_backwards(sender):
    first, second = counter([at(50, 7)]), counter([at(40, 10)])

    for each in (first, second, second, first):
        assert send(sender, each).json() == {}

    assert values(sender) == [7, 3]


def test_processes_of_one_service_add_up_in_one_series(sender):
    for pod in ("a", "b"):
        send(sender, counter([at(50, 5)]), service__name="shop", service__instance__id=pod)
        send(sender, counter([at(40, 6)]), service__name="shop", service__instance__id=pod)

    assert sorted(values(sender)) == [1, 1, 5, 5]
    assert len(sender.series()) == 1


def test_what_is_refused_does_not_move_the_stream(sender):
    send(sender, counter([at(50, 7)]))
    answer = send(sender, counter([at(-7_200, 9_999)]), counter([at(45, float("inf"))]))
    send(sender, counter([at(40, 10)]))

    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "2"
    assert values(sender) == [7, 3]


@EACH
def test_a_histogram_is_a_point_that_stands_for_many_values(sender, encoding):
    point = histogram(5, [50, 40, 9, 1], 1_450.0, min=1.0, max=80.0)

    send(
        sender,
        metric("histogram", [point], name="latency", aggregationTemporality=1),
        encoding=encoding,
    )

    (point,) = sender.points()
    assert (point.count, point.value, point.low, point.high) == (100, 14.5, 1.0, 80.0)


@EACH
def test_histograms_answer_for_their_percentiles(sender, encoding, api, alice, as_worker):
    running = [[50, 40, 9, 1], [100, 80, 18, 2]]
    for seconds, counts in zip((50, 40), running, strict=True):
        point = histogram(seconds, counts, sum(counts) * 14.5)
        send(
            sender,
            metric("histogram", [point], name="latency", aggregationTemporality=2),
            encoding=encoding,
        )
    with as_worker():
        while telemetry.merge_pending_batches():
            pass

    def ask(aggregate):
        answer = api(alice).post(
            "metrics/query",
            {
                "queries": [{"name": "latency", "aggregate": aggregate}],
                "step_seconds": 3600,
            }
            | window(),
        )
        assert answer.status_code == 200, answer.content
        (result,) = answer.json()["results"]
        points = [each for line in result["series"] for each in line["points"]]
        return [value for _, value in map(tuple, points) if value is not None]

    assert sum(ask("count")) == 200
    assert sum(ask("sum")) == pytest.approx(200 * 14.5)
    assert all(20 <= value <= 50 for value in ask("p95"))
    assert all(8 <= value <= 11 for value in ask("p50"))


def window():
    from datetime import timedelta

    from tests.apps.ingest.doors.otlp_bodies import NOW

    return {
        "from": (NOW - timedelta(hours=2)).isoformat(),
        "to": (NOW + timedelta(hours=1)).isoformat(),
    }


@EACH
def test_exponential_histograms_too(sender, encoding):
    point = at(5) | {
        "count": "7",
        "sum": 100.0,
        "scale": 3,
        "zeroCount": "1",
        "positive": {"offset": 30, "bucketCounts": ["1", "2", "0", "1"]},
        "negative": {"offset": 2, "bucketCounts": ["2"]},
    }

    send(
        sender,
        metric("exponentialHistogram", [point], aggregationTemporality=1),
        encoding=encoding,
    )

    (point,) = sender.points()
    assert (point.count, point.value) == (7, pytest.approx(100 / 7))
    assert point.low == pytest.approx(-(2 ** (3 / 8)))
    assert point.high == pytest.approx(2 ** (34 / 8))


@EACH
def test_a_summary_is_its_quantiles_its_count_and_its_sum(sender, encoding):
    point = at(5) | {
        "count": "10",
        "sum": 55.0,
        "quantileValues": [{"quantile": 0.5, "value": 5.0}, {"quantile": 0.99, "value": 9.0}],
    }

    send(sender, metric("summary", [point], name="gc"), encoding=encoding)

    found = sender.series()
    by_name = {
        (found[each.series_id].name, found[each.series_id].labels.get("quantile")): each.value
        for each in sender.points()
    }
    assert by_name == {
        ("gc", "0.5"): 5.0,
        ("gc", "0.99"): 9.0,
        ("gc.count", None): 10,
        ("gc.sum", None): 55,
    }


@EACH
def test_bad_points_are_told_and_the_others_kept(sender, encoding):
    bad = [
        counter([at(5, -1)]),
        metric("gauge", [at(5, float("nan"))]),
        metric("gauge", [at(5)]),
        metric("gauge", [at(5, 1.0, **{f"l{number}": "x" for number in range(40)})]),
        metric("gauge", [at(5, 1.0, long="x" * 201)]),
        metric("gauge", [at(5, 1.0)], name=""),
        metric("gauge", [at(5, 1.0)], name="x" * 201),
        metric("sum", [at(5, 1.0)], isMonotonic=True),
        metric("histogram", [histogram(5, [1, 1], 2.0)], aggregationTemporality=1),
        metric("histogram", [histogram(5, [1] * 4, 2.0, count="9")], aggregationTemporality=1),
        metric(
            "histogram",
            [histogram(5, [1] * 4, 2.0, explicitBounds=[3.0, 2.0, 1.0])],
            aggregationTemporality=1,
        ),
        metric("exponentialHistogram", [at(5) | {"scale": 90}], aggregationTemporality=1),
        {"name": "empty"},
    ]

    answer = send(sender, metric("gauge", [at(5, 1.5)]), *bad, encoding=encoding)

    if encoding == JSON:
        assert answer.json()["partialSuccess"]["rejectedDataPoints"] == str(len(bad))
    assert values(sender) == [1.5]
    assert sum(sender.refused().values()) == len(bad)


def test_a_hundred_thousand_labels_are_one_refusal(sender):
    point = at(5, 1.0) | {"attributes": [attribute(f"l{n}", "x") for n in range(100_000)]}
    other = at(5, 2.0)

    answer = sender.send(
        PATH, as_json("metrics", request("metrics", [metric("gauge", [point, other])])), JSON
    )

    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"
    assert values(sender) == [2.0]
    (sample,) = sender.samples()
    assert len(sample["item"]) < 2_100


def test_a_stream_that_ended_says_nothing(sender):
    send(sender, metric("gauge", [at(5, 1.0) | {"flags": 1}]), encoding=PROTOBUF)

    assert sender.points() == []


def test_streams_are_forgotten_a_day_after_their_last_reading(sender, as_worker):
    from datetime import timedelta

    from apps.core.clock import utc_now

    send(sender, counter([at(50, 7)]))
    with as_worker():
        kept = telemetry.drop_old_streams(now=utc_now())
        gone = telemetry.drop_old_streams(now=utc_now() + timedelta(days=2))

    assert (kept, gone) == (0, 1)
    with workspace_scope(sender.workspace.id):
        assert not MetricStream.objects.exists()


def test_rivals_streams_are_their_own(sender, rival_sender):
    send(sender, counter([at(50, 7)]))
    send(rival_sender, counter([at(40, 9)]))

    assert (values(sender), values(rival_sender)) == ([7], [9])


def test_times_are_asked_for(sender):
    lost = {"asDouble": 1.0, "timeUnixNano": "0", "attributes": attributes(a="b")}

    answer = send(
        sender, metric("gauge", [lost, {"asDouble": 1.0, "timeUnixNano": ago(seconds=1)}])
    )

    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"


def test_a_histogram_from_one_end_of_numbers_to_the_other(sender):
    widest = at(5) | {
        "count": "5",
        "sum": 1.0,
        "bucketCounts": ["2", "3"],
        "explicitBounds": [-1e308],
        "min": -1.7e308,
        "max": 1.7e308,
    }
    found = metric("histogram", [widest], name="widest", aggregationTemporality=1)

    answer = send(sender, found)

    assert answer.json() == {}
    (point,) = sender.points()
    assert (point.count, point.low, point.high) == (5, -1.7e308, 1.7e308)
