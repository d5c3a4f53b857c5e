"""Senders that repeat all of a request: over a rate limit all of it comes in later, or none."""

from __future__ import annotations

import csv
import io

import pytest
import redis

from apps.core.http import rate_classes
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import WorkspaceLimits
from tests.apps.ingest.doors.otlp_bodies import JSON, NOW, as_json, request, span
from tests.apps.ingest.doors.test_prometheus import millis, sample, series, write

pytestmark = pytest.mark.django_db
PER_MINUTE = 60
EVENT = {"specversion": "1.0", "source": "/s", "type": "t", "time": NOW.isoformat()}
LINEAGE = {"eventTime": NOW.isoformat(), "job": {"namespace": "n"}}


def lineage(sender, count, begin):
    body = [
        LINEAGE | {"job": LINEAGE["job"] | {"name": str(begin + number)}} for number in range(count)
    ]
    return sender.send("/api/v1/lineage", body)


def cloudevents(sender, count, begin):
    body = [EVENT | {"id": str(begin + number)} for number in range(count)]
    return sender.send("/cloudevents", body, "application/cloudevents-batch+json")


def spans(sender, count, begin):
    body = request("traces", [span(name=str(begin + number)) for number in range(count)])
    return sender.send("/otlp/v1/traces", as_json("traces", body), JSON)


def samples(sender, count, begin):
    labels = {"of": str(begin)}
    found = [sample(1.0, millis(seconds=number)) for number in range(count)]
    return write(sender, series(found, **labels))


def query_log(sender, count, begin):
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["query_id", "statement", "ended_at"])
    rows.writerows([begin + number, "SELECT 1", NOW.isoformat()] for number in range(count))
    path = f"/api/v1/workspaces/{sender.workspace.slug}/query-log"
    return sender.send(path, out.getvalue().encode(), "text/csv")


EACH = pytest.mark.parametrize("send", [lineage, cloudevents, spans, samples, query_log])


@pytest.fixture
def limited(sender, valkey):
    """A sender, and `wait(seconds)`, which lets the buckets fill for so long."""
    with workspace_scope(sender.workspace.id):
        limits = WorkspaceLimits.objects.filter(workspace_id=sender.workspace.id)
        limits.update(events_per_minute=PER_MINUTE)
    bucket = f"headway:rate:{{{sender.workspace.id}}}:facts"

    def wait(seconds):
        rate_classes.forget_all()
        with redis.Redis.from_url(valkey.url) as client:
            client.hincrby(bucket, "at", -seconds * 1_000_000)

    return sender, wait


def stored(sender):
    sent = [each for each in sender.events() if each.source != "headway"]
    return len(sent) + len(sender.points())


@EACH
def test_what_is_sent_again_as_it_was_comes_in_whole(send, limited):
    sender, wait = limited
    assert send(sender, 50, 0).status_code < 300

    refused = send(sender, 25, 1_000)

    assert refused.status_code in {429, 503}
    assert stored(sender) == 50  # none of it: what has no time of its own would be there twice
    assert sender.refused() == {}
    wait(int(refused.headers["Retry-After"]))
    assert send(sender, 25, 1_000).status_code < 300
    assert stored(sender) == 75


@EACH
def test_a_request_larger_than_a_minute_comes_in_and_is_owed(send, limited):
    sender, wait = limited

    assert send(sender, 3 * PER_MINUTE, 0).status_code < 300

    assert stored(sender) == 3 * PER_MINUTE
    wait(60)
    still = send(sender, 1, 1_000)
    assert still.status_code in {429, 503}
    assert stored(sender) == 3 * PER_MINUTE
    wait(120)
    assert send(sender, 1, 1_000).status_code < 300


def test_what_a_refused_request_would_have_taken_is_there_for_others(limited):
    sender, _ = limited
    assert spans(sender, 50, 0).status_code == 200
    assert spans(sender, 25, 1_000).status_code == 429

    assert spans(sender, 8, 2_000).status_code == 200
