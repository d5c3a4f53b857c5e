"""Rules that watch metrics: by a simulated clock, killed, late, and with nothing there."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.automations import selectors, services
from apps.automations.models import Automation, Deadline, Firing, MetricState
from apps.automations.services import watch as module
from apps.core.clock import utc_now
from apps.runs.models import Run
from apps.telemetry.limits import VALUE_MOST
from apps.telemetry.models import Listener, PendingBatch
from apps.tenancy.isolation import workspace_scope
from tests.factories.automations import (
    evaluate,
    evaluate_and_die,
    event,
    make_automation,
    put,
    put_points,
    roll_up,
)
from tests.factories.dispatch import make_deployment
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
NOON = (
    (utc_now() - timedelta(days=2))
    .astimezone(UTC)
    .replace(hour=12, minute=0, second=0, microsecond=0)
)
HIGH = {
    "type": "metric",
    "metric": "lag",
    "aggregate": "max",
    "is": "above",
    "threshold": 5,
    "within_seconds": 60,
    "allow_late_seconds": 30,
}


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


def points(*values, start=0):
    """One point in the middle of each minute from `start` on; None: none."""
    return [
        (at(start + place + 0.5), value) for place, value in enumerate(values) if value is not None
    ]


def told(workspace):
    """Return what fired: (minute of the look, key, state)."""
    with workspace_scope(workspace.id):
        return [
            ((each.occurred_at - NOON) / MINUTE, each.key, each.reason["state"])
            for each in Firing.objects.order_by("occurred_at", "key")
        ]


def levels(workspace):
    with workspace_scope(workspace.id):
        return {each.key: each.level for each in MetricState.objects.all()}


def look(workspace, now):
    """Let an evaluator look, once what was stored before is rolled up."""
    roll_up()
    evaluate(workspace, now)


def live(workspace, minutes):
    """Let evaluators look each half a minute for that long."""
    for half in range(2 * minutes + 1):
        look(workspace, at(half / 2))


def test_it_fires_once_per_crossing_and_says_when_it_is_over(workspace):
    watch = HIGH | {"for_seconds": 60, "tell_resolved": True}
    make_automation(workspace, watch, now=at(0))
    put_points(workspace, points(1, 6, 7, 8, 9, 2, 6))

    live(workspace, 8)

    # The minute from 1 to 2 is looked at at 2; it held for a minute at 3.
    assert told(workspace) == [(3, "", "firing"), (6, "", "resolved")]
    with workspace_scope(workspace.id):
        first = Firing.objects.earliest("occurred_at")
    assert first.fired_at == at(3.5)
    assert first.reason | {"text": ""} == {
        "type": "metric",
        "text": "",
        "state": "firing",
        "metric": "lag",
        "aggregate": "max",
        "is": "above",
        "value": 7,
        "threshold": 5,
        "series": {},
        "window": {
            "from": f"{at(2):%Y-%m-%dT%H:%M:%S.000000Z}",
            "to": f"{at(3):%Y-%m-%dT%H:%M:%S.000000Z}",
        },
        "since": f"{at(2):%Y-%m-%dT%H:%M:%S.000000Z}",
        "count": 1,
    }
    assert first.reason["text"] == (
        "the highest lag over 1 minute was 7, above 5 for 1 minute,"
        f" at {at(3):%Y-%m-%d} 12:03:00 UTC."
    )
    assert levels(workspace) == {"": "PENDING"}


def test_an_evaluator_that_lags_behind_finds_the_same(workspace, rival_workspace, monkeypatch):
    monkeypatch.setattr(module, "MOMENTS", 7)
    values = [1, 6, None, None, None, 6, 7, 3, *[None] * 5, 9, 9, 4, 6] * 2
    for place in (workspace, rival_workspace):
        watch = HIGH | {"tell_resolved": True, "for_each": ["table"]}
        make_automation(place, watch, now=at(0))
        put_points(place, points(*values), table="orders")

    live(workspace, len(values) + 3)
    for _ in range(6):
        look(rival_workspace, at(len(values) + 3))

    assert len(told(workspace)) >= 8
    assert told(rival_workspace) == told(workspace)
    assert levels(rival_workspace) == levels(workspace)


def test_killed_before_its_commit_it_looks_again_and_fires_once(workspace):
    make_automation(workspace, HIGH, now=at(0))
    put_points(workspace, points(6, 6, 6))

    for _ in range(3):
        evaluate_and_die(workspace, at(3))
        assert told(workspace) == []
    look(workspace, at(3))
    look(workspace, at(3))

    assert told(workspace) == [(1, "", "firing")]


def test_each_line_stands_for_itself(workspace):
    watch = HIGH | {"for_each": ["table"], "where": {"zone": ["eu", ""]}}
    make_automation(workspace, watch, now=at(0))
    put_points(workspace, points(1, 6), table="orders", zone="eu")
    put_points(workspace, points(6, 1), table="customers")
    put_points(workspace, points(9, 9), table="orders", zone="us")

    live(workspace, 2)

    assert told(workspace) == [(1, '["customers"]', "firing")]
    look(workspace, at(2.5))
    assert told(workspace)[1:] == [(2, '["orders"]', "firing")]
    assert levels(workspace) == {'["orders"]': "FIRING"}
    with workspace_scope(workspace.id):
        firing = Firing.objects.get(key='["orders"]')
    assert firing.reason["series"] == {"table": "orders"}
    assert firing.reason["text"].endswith("for orders.")


def test_points_count_that_come_late_but_within_what_is_allowed(workspace):
    make_automation(workspace, HIGH, now=at(0))
    put_points(workspace, points(1, 1, 1, 1), now=at(0))
    look(workspace, at(1.4))
    put_points(workspace, [(at(0.9), 6)], now=at(1.45))
    look(workspace, at(1.5))
    in_time = told(workspace)

    look(workspace, at(3.5))
    put_points(workspace, [(at(2.9), 6)], now=at(3.6))
    look(workspace, at(4.5))

    assert in_time == [(1, "", "firing")]
    assert told(workspace) == in_time  # what came after its look changes nothing


def test_a_look_waits_for_the_rollup(workspace):
    make_automation(workspace, HIGH | {"is": "absent", "threshold": None}, now=at(0.1))
    put_points(workspace, points(1), now=at(1), rolled_up=False)

    evaluate(workspace, at(1.5))
    waiting = told(workspace)
    with as_worker():
        assert services.workspaces_with_work(now=at(1.5)) == [workspace.id]
    roll_up()
    look(workspace, at(1.5))

    assert (waiting, told(workspace)) == ([], [])
    look(workspace, at(2.5))
    assert told(workspace) == [(2, "", "firing")]


def test_a_metric_that_is_not_there_is_absent_and_adds_up_to_nothing(workspace):
    make_automation(workspace, HIGH | {"is": "absent", "threshold": None}, name="a", now=at(0))
    make_automation(workspace, HIGH | {"aggregate": "sum", "is": "below"}, name="b", now=at(0))
    make_automation(workspace, HIGH | {"aggregate": "avg", "is": "below"}, name="c", now=at(0))

    live(workspace, 60)

    with workspace_scope(workspace.id):
        fired = Firing.objects.values_list("automation__name", "reason__value")
        assert list(fired) == [("a", None)]
        states = MetricState.objects.values_list("automation__name", "level", "since")
        assert sorted(states) == [
            ("a", "FIRING", at(0)),
            ("b", "NO_DATA", at(0)),
            ("c", "NO_DATA", at(0)),
        ]


def test_once_it_was_there_nothing_adds_up_to_nothing(workspace):
    make_automation(workspace, HIGH | {"aggregate": "sum", "is": "below"}, now=at(0))
    live(workspace, 2)
    put_points(workspace, points(7, start=2))
    live_on = [look(workspace, at(half / 2)) for half in range(5, 12)]

    assert len(live_on) == 7
    assert told(workspace) == [(4, "", "firing")]
    assert levels(workspace) == {"": "FIRING"}


def test_a_rule_for_each_of_nothing_says_so_until_there_is_something(workspace):
    watch = HIGH | {"aggregate": "sum", "is": "below", "for_each": ["table"]}
    automation = make_automation(workspace, watch, now=at(0))
    live(workspace, 2)
    assert (told(workspace), levels(workspace)) == ([], {"": "NO_DATA"})
    with workspace_scope(workspace.id):
        assert selectors.standing_of(automation_ids=[automation.id]) == {automation.id: "NO_DATA"}

    put_points(workspace, points(7, start=2), table="orders")
    look(workspace, at(3.5))

    assert (told(workspace), levels(workspace)) == ([], {})


def test_a_preview_says_nothing_of_what_nobody_told(workspace):
    watch = HIGH | {"aggregate": "count", "is": "below"}
    put_points(workspace, points(6, 6, 6, 6, 6, 6, start=30), now=at(30.5))

    with workspace_scope(workspace.id):
        found = services.preview_trigger(
            workspace_id=workspace.id, trigger=watch, since=at(0), until=at(38)
        )

    assert [(one.at - NOON) / MINUTE for one in found.would_fire] == [31]


def test_a_rollup_that_is_stuck_holds_up_its_own_workspace_only(workspace, rival_workspace):
    for place in (workspace, rival_workspace):
        make_automation(place, HIGH, now=at(0))
    put_points(rival_workspace, points(6), now=at(0.5), rolled_up=False)
    with as_worker():
        PendingBatch.objects.update(content=b"nobody can read this")
    evaluate(rival_workspace, at(3))

    for minute in (0.5, 1.5):
        evaluate(workspace, at(minute))

    with workspace_scope(workspace.id):
        assert Deadline.objects.get().ends_at == at(2)
    with workspace_scope(rival_workspace.id):
        assert Deadline.objects.get().ends_at == at(1)  # 12:00 came before what waits


def test_more_lines_than_may_be_watched_are_said(workspace):
    automation = make_automation(workspace, HIGH | {"for_each": ["table"]}, now=at(0))
    for number in range(103):
        put_points(workspace, points(6), table=f"t{number:03}", rolled_up=number == 102)

    look(workspace, at(1.5))

    assert len(told(workspace)) == 100
    with workspace_scope(workspace.id):
        automation.refresh_from_db()
        assert automation.trouble == "103 lines, of which 100 are watched."


def test_the_greatest_numbers_are_reckoned_with(workspace):
    watch = HIGH | {"aggregate": "sum", "within_seconds": 120}
    huge = make_automation(workspace, watch | {"for_each": ["t"]}, name="huge", now=at(0))
    make_automation(workspace, HIGH, name="small", now=at(0))
    put_points(workspace, points(VALUE_MOST, VALUE_MOST), t="x")

    look(workspace, at(3))

    assert (1, "", "firing") in told(workspace)
    with workspace_scope(workspace.id):
        assert Firing.objects.filter(automation=huge).exists()


def test_a_pause_forgets_and_going_on_begins_anew(workspace):
    automation = make_automation(workspace, HIGH, now=at(0))
    put_points(workspace, points(*[6] * 20))
    look(workspace, at(2))

    def change(moment, **changes):
        with workspace_scope(workspace.id):
            services.edit_automation(
                workspace_id=workspace.id,
                automation_id=automation.id,
                changes=changes,
                now=moment,
            )

    change(at(3), paused=True)
    with workspace_scope(workspace.id):
        assert not MetricState.objects.exists()
        assert not Deadline.objects.exists()
    look(workspace, at(9))
    change(at(10.1), paused=False)
    look(workspace, at(12))
    change(at(13), name="another")
    look(workspace, at(15))

    assert told(workspace) == [(1, "", "firing"), (11, "", "firing")]


def test_nothing_of_events_is_kept_for_it(workspace):
    make_automation(workspace, HIGH, now=at(0))

    with workspace_scope(workspace.id):
        assert not Listener.objects.exists()


def test_events_and_metrics_are_watched_beside_each_other(workspace):
    make_automation(workspace, HIGH, name="metric", now=at(0))
    make_automation(workspace, name="event", now=at(0))
    put(workspace, event(at=at(0.5)), now=at(0.5))
    put_points(workspace, points(6), now=at(1))

    look(workspace, at(1.5))

    with workspace_scope(workspace.id):
        names = Firing.objects.values_list("automation__name", flat=True)
        assert sorted(names) == ["event", "metric"]


def test_templates_say_the_value_and_the_line(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
    said = "{{ firing.series.table }}: {{ firing.value }} > {{ firing.threshold }}"
    start = {
        "type": "run_deployment",
        "deployment_id": str(deployment.id),
        "parameters": {"said": said, "state": "{{ firing.state }}", "value": "{{ firing.value }}"},
    }
    make_automation(workspace, HIGH | {"for_each": ["table"]}, [start], now=at(0))
    put_points(workspace, points(6.5), table="orders")
    look(workspace, at(1.5))

    with workspace_scope(workspace.id):
        attempt = Firing.objects.get().attempts.get()
    services.perform_action(workspace_id=workspace.id, attempt_id=attempt.id, now=utc_now())

    with workspace_scope(workspace.id):
        assert Run.objects.get().parameters == {
            "said": "orders: 6.5 > 5.0",
            "state": "firing",
            "value": 6.5,
        }


def test_a_preview_finds_what_the_rule_then_does(workspace):
    watch = HIGH | {"for_each": ["table"], "for_seconds": 60, "tell_resolved": True}
    make_automation(workspace, watch, now=at(0))
    values = [1, 6, 6, 6, 1, None, 7, 7, None, 6, 6, 2]
    put_points(workspace, points(*values), table="orders")
    put_points(workspace, points(*values, start=3), table="customers")
    live(workspace, 30)

    with workspace_scope(workspace.id):
        found = services.preview_trigger(
            workspace_id=workspace.id, trigger=watch, since=at(0), until=at(29.5)
        )

    played = [((one.at - NOON) / MINUTE, one.key, one.reason["state"]) for one in found.would_fire]
    assert sorted(played) == sorted(told(workspace))
    assert (found.fired, found.moments, found.is_cut) == (len(played), 30, False)
    assert {line.labels["table"] for line in found.lines} == {"orders", "customers"}


def test_a_trigger_says_in_words_what_it_watches(api, alice):
    watch = HIGH | {"for_each": ["table"], "for_seconds": 600, "where": {"zone": ["eu"]}}

    made = api(alice).post("automations", {"name": "w", "trigger": watch, "actions": []})

    body = made.json()
    assert made.status_code == 201, made.content
    assert body["sentence"] == (
        "When the highest lag with zone eu over 1 minute is above 5 for any table, for 10 minutes,"
        " do nothing."
    )
    assert (body["posture"], body["states"], body["trouble"]) == ("reactive", [], None)
    assert body["trigger"] == watch | {"over": None, "resolve_at": None, "tell_resolved": False}


def test_a_rule_of_before_a_field_came_does_not_begin_anew(api, alice, workspace):
    automation = make_automation(workspace, HIGH, now=at(0))
    with workspace_scope(workspace.id):
        row = Automation.objects.get()
        row.trigger = {name: value for name, value in row.trigger.items() if name != "over"}
        row.save(update_fields=["trigger"])

    changed = api(alice).patch(f"automations/{automation.id}", {"trigger": HIGH, "name": "b"})

    assert changed.json()["active_since"] == f"{at(0):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metric": ""}, "trigger.metric"),
        ({"metric": "a\0b"}, "trigger.metric"),
        ({"metric": "m" * 201}, "trigger.metric"),
        ({"aggregate": "p42"}, "trigger.aggregate"),
        ({"is": "beside"}, "trigger.is"),
        ({"threshold": None}, "trigger.threshold"),
        ({"threshold": "5"}, "trigger.threshold"),
        ({"threshold": True}, "trigger.threshold"),
        ({"is": "absent"}, "trigger.threshold"),
        ({"resolve_at": 6}, "trigger.resolve_at"),
        ({"within_seconds": 59}, "trigger.within_seconds"),
        ({"within_seconds": 61}, "trigger.within_seconds"),
        ({"within_seconds": 7_260}, "trigger.within_seconds"),
        ({"within_seconds": 90_000}, None),
        ({"within_seconds": 90_060}, "trigger.within_seconds"),
        ({"within_seconds": 10**30}, "trigger.within_seconds"),
        ({"for_seconds": -1}, "trigger.for_seconds"),
        ({"allow_late_seconds": 3_601}, "trigger.allow_late_seconds"),
        ({"for_each": ["a", "a"]}, "trigger.for_each.1"),
        ({"for_each": ["a", "b", "c", "d", "e"]}, "trigger.for_each"),
        ({"for_each": ["a\0"]}, "trigger.for_each.0"),
        ({"where": {"a": []}}, "trigger.where"),
        ({"where": {"a": ["\0"]}}, "trigger.where.a"),
        ({"where": {"": ["x"]}}, "trigger.where"),
        ({"colour": "red"}, "trigger"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_a_trigger_on_a_metric_is_checked_by_field(api, alice, workspace, change, field):
    rule = {"name": "w", "trigger": HIGH | change, "actions": []}
    answer = api(alice).post("automations", rule)
    preview = api(alice).post("automations/preview", {"trigger": rule["trigger"]})

    if field is None:
        assert (answer.status_code, preview.status_code) == (201, 200)
        return
    assert (answer.status_code, preview.status_code) == (400, 400), answer.content
    assert list(answer.json()["error"]["fields"]) == [field]
    with workspace_scope(workspace.id):
        assert not Automation.objects.exists()


def test_the_page_of_a_rule_tells_what_is_pending_and_firing(api, alice, workspace):
    watch = HIGH | {"for_each": ["table"], "for_seconds": 60}
    automation = make_automation(workspace, watch, now=at(0))
    put_points(workspace, points(6, 6), table="orders")
    put_points(workspace, points(1, 6), table="customers")
    look(workspace, at(2.5))

    body = api(alice).get(f"automations/{automation.id}").json()

    assert [(each["key"], each["level"], each["value"]) for each in body["states"]] == [
        (["customers"], "PENDING", 6),
        (["orders"], "FIRING", 6),
    ]
