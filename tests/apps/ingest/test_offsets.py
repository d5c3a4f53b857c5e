"""Times as senders write them: any offset of ISO 8601, also those that Postgres does not read."""

from datetime import timedelta, timezone

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7

pytestmark = pytest.mark.django_db


@pytest.fixture
def sender(api, alice):
    return api(alice)


@pytest.mark.parametrize("hours", [-23, -16, 16, 20, 23], ids=str)
@pytest.mark.parametrize("count", [1, 60], ids=["a few", "many"])
def test_an_odd_offset_is_a_time_all_the_same(sender, hours, count):
    at = utc_now().astimezone(timezone(timedelta(hours=hours))).isoformat()
    run_id = str(uuid7())
    told = {"run_id": run_id, "epoch": 1, "occurred_at": at}
    task = told | {
        "task_run_id": str(uuid7()),
        "sequence": 1,
        "state": "RUNNING",
        "started_at": at,
        "task_name": "read",
        "name": "read-0",
    }
    line = {"run_id": run_id, "occurred_at": at, "level": "INFO", "message": "hello"}

    answers = [
        sender.post("ingest", {"runs": [told | {"state": "RUNNING", "flow_name": "load"}]}),
        sender.post("ingest", {"task_runs": [task]}),
        sender.post("ingest", {"logs": [line] * count}),
        sender.post("ingest", {"events": [{"name": "a", "occurred_at": at}] * count}),
        sender.post(
            "ingest",
            {"points": [{"name": "rows", "occurred_at": at, "value": n} for n in range(count)]},
        ),
    ]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert [answer.json()["rejected"] for answer in answers] == [[]] * 5


@pytest.mark.parametrize(
    ("at", "code"),
    [("0001-01-01T00:00:00+20:00", "too_old"), ("9999-12-31T23:59:59-20:00", "in_future")],
)
def test_beyond_the_calendar_is_refused_for_its_age(sender, at, code):
    answer = sender.post("ingest", {"events": [{"name": "a", "occurred_at": at}]})

    assert (answer.status_code, answer.json()["rejected"][0]["code"]) == (200, code)
