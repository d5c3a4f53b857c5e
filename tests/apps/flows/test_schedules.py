from datetime import UTC, datetime, timedelta

import pytest

from apps.core.clock import utc_now
from apps.flows import selectors, services
from apps.flows.errors import BadSchedule
from apps.flows.models import Schedule
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import cron, every, make_deployment

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment(api, alice):
    return (
        api(alice)
        .put(
            "deployments",
            {"flow_name": "f", "name": "d", "entrypoint": "f.py:f", "path": "/srv"},
        )
        .json()
    )


def test_a_schedule_is_added_changed_and_deleted(api, alice, deployment):
    added = api(alice).post(
        f"deployments/{deployment['id']}/schedules",
        {"kind": "INTERVAL", "interval_seconds": 3600},
    )
    path = f"schedules/{added.json()['id']}"
    changed = api(alice).patch(path, {"interval_seconds": 60, "parameters": {"n": 1}})
    deleted = api(alice).delete(path)

    assert added.status_code == 201
    assert changed.json()["parameters"] == {"n": 1}
    assert changed.json()["next_at"] < added.json()["next_at"]
    assert deleted.status_code == 204
    assert api(alice).get(f"deployments/{deployment['id']}").json()["schedules"] == []


def test_the_same_key_adds_one_schedule(api, alice, deployment):
    path = f"deployments/{deployment['id']}/schedules"
    body = {"kind": "CRON", "cron": "0 * * * *"}

    first = api(alice).post(path, body, Idempotency_Key="once")
    second = api(alice).post(path, body, Idempotency_Key="once")

    assert first.json() == second.json()
    assert len(api(alice).get(f"deployments/{deployment['id']}").json()["schedules"]) == 1


@pytest.mark.parametrize("change", [{"cron": "0 * * * *"}, {"kind": "CRON"}])
def test_a_schedule_keeps_its_kind(api, alice, deployment, change):
    added = api(alice).post(
        f"deployments/{deployment['id']}/schedules", {"kind": "INTERVAL", "interval_seconds": 60}
    )

    response = api(alice).patch(f"schedules/{added.json()['id']}", change)

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == list(change)


def test_a_paused_schedule_has_no_next_time(api, alice, deployment):
    added = api(alice).post(
        f"deployments/{deployment['id']}/schedules",
        {"kind": "INTERVAL", "interval_seconds": 60, "paused": True},
    )
    resumed = api(alice).patch(f"schedules/{added.json()['id']}", {"paused": False})

    assert added.json()["next_at"] is None
    assert resumed.json()["next_at"] > utc_now().isoformat()


NEW_YEAR = "2099-01-01T00:00:00Z"
RULE = {"kind": "RRULE", "rrule": "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18", "timezone": "Europe/Berlin"}


def test_each_kind_of_schedule_comes_back_as_it_was_given(api, alice, deployment):
    given = [
        {"kind": "CRON", "cron": "0 6 * * 1-5", "name": "weekdays"},
        {"kind": "INTERVAL", "interval_seconds": 60, "jitter_seconds": 30},
        RULE | {"anchor_at": "2026-01-01T00:30:00Z", "missed_policy": "ALL", "missed_cap": 3},
        {"kind": "ONCE", "once_at": NEW_YEAR, "missed_policy": "SKIP"},
    ]

    made = [api(alice).post(f"deployments/{deployment['id']}/schedules", each) for each in given]

    assert [each.status_code for each in made] == [201] * 4
    for sent, answered in zip(given, made, strict=True):
        body = answered.json()
        assert {name: body[name] for name in sent} == sent
        assert body["next_at"] > utc_now().isoformat()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "RRULE"}, "rrule"),
        ({"kind": "RRULE", "rrule": "FREQ=NEVER"}, "rrule"),
        ({"kind": "RRULE", "rrule": "FREQ=DAILY", "cron": "0 0 * * *"}, "cron"),
        ({"kind": "CRON", "cron": "0 0 * * *", "anchor_at": NEW_YEAR}, "anchor_at"),
        ({"kind": "ONCE"}, "once_at"),
        ({"kind": "ONCE", "once_at": "2020-01-01T00:00:00Z"}, "once_at"),
        ({"kind": "ONCE", "once_at": NEW_YEAR, "timezone": "Mars"}, "timezone"),
        ({"kind": "CRON", "cron": "0 0 * * *", "jitter_seconds": -1}, "jitter_seconds"),
        ({"kind": "CRON", "cron": "0 0 * * *", "missed_cap": 0}, "missed_cap"),
        ({"kind": "CRON", "cron": "0 0 * * *", "missed_policy": "SOME"}, "missed_policy"),
        ({"kind": "CRON", "cron": "0 0 * * *", "name": "taken"}, "name"),
    ],
)
def test_what_no_schedule_can_be_is_refused_by_field(api, alice, deployment, body, field):
    path = f"deployments/{deployment['id']}/schedules"
    api(alice).post(path, {"kind": "CRON", "cron": "5 5 * * *", "name": "taken"})

    response = api(alice).post(path, body)

    assert response.status_code == 400
    blamed = list(response.json()["error"]["fields"])
    assert blamed == [field] or (field == "cron" and blamed == ["rrule"])
    assert len(api(alice).get(f"deployments/{deployment['id']}").json()["schedules"]) == 1


def test_all_of_a_schedule_but_its_kind_can_be_changed(api, alice, deployment):
    added = api(alice).post(f"deployments/{deployment['id']}/schedules", RULE).json()
    changes = {
        "rrule": "FREQ=DAILY",
        "anchor_at": "2026-01-01T00:30:00Z",
        "name": "daily",
        "jitter_seconds": 5,
        "missed_policy": "ALL",
        "missed_cap": 7,
        "timezone": "UTC",
    }

    changed = api(alice).patch(f"schedules/{added['id']}", changes).json()

    assert {name: changed[name] for name in changes} == changes
    assert changed["next_at"][11:] == "00:30:00Z"


def test_a_deploy_changes_a_named_schedule_where_it_stands(workspace):
    with workspace_scope(workspace.id):
        first = make_deployment(
            workspace, schedules=[cron("0 6 * * *", name="early"), cron("0 7 * * *")]
        )
        early, late = Schedule.objects.order_by("cron")
        paused_at = utc_now()
        Schedule.objects.filter(id=early.id).update(paused_at=paused_at, next_at=None)

        make_deployment(
            workspace,
            schedules=[every(60, name="early", jitter_seconds=9), cron("0 7 * * *")],
        )

        assert {each.id for each in Schedule.objects.filter(deployment=first)} == {
            early.id,
            late.id,
        }
        early.refresh_from_db()
        assert (early.kind, early.jitter_seconds, early.paused_at) == ("INTERVAL", 9, paused_at)


def test_a_deploy_leaves_alone_what_was_made_by_hand(api, alice, workspace):
    def deploy(*schedules):
        with workspace_scope(workspace.id):
            return make_deployment(workspace, schedules=list(schedules))

    deployment = deploy(cron("0 6 * * *"), cron("0 7 * * *"))
    place = f"deployments/{deployment.id}/schedules"
    for hour, name in ((8, ""), (9, "late")):
        body = {"kind": "CRON", "cron": f"0 {hour} * * *", "name": name}
        assert api(alice).post(place, body).json()["declared"] is False

    deploy(cron("0 7 * * *"), cron("30 9 * * *", name="late"))

    def shown():
        found = api(alice).get(f"deployments/{deployment.id}").json()["schedules"]
        return sorted((each["cron"], each["declared"]) for each in found)

    # The one of the same name is the deploy's from now on, and goes with the next.
    assert shown() == [("0 7 * * *", True), ("0 8 * * *", False), ("30 9 * * *", True)]
    deploy()
    assert shown() == [("0 8 * * *", False)]


def test_a_deployment_has_at_most_fifty_schedules(api, alice, workspace):
    many = [every(60 + number) for number in range(services.MAX_SCHEDULES - 1)]
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, schedules=many)
    place = f"deployments/{deployment.id}/schedules"
    body = {"kind": "CRON", "cron": "0 8 * * *"}

    first, second = api(alice).post(place, body), api(alice).post(place, body | {"name": "x"})

    assert (first.status_code, second.status_code) == (201, 400)
    assert list(second.json()["error"]["fields"]) == ["schedules"]
    with workspace_scope(workspace.id), pytest.raises(BadSchedule):
        make_deployment(workspace, schedules=[*many, every(9)])
    with workspace_scope(workspace.id):
        assert Schedule.objects.count() == services.MAX_SCHEDULES


def test_two_schedules_of_one_name_are_refused_at_deploy(api, alice):
    response = api(alice).put(
        "deployments",
        {
            "flow_name": "f",
            "name": "d",
            "entrypoint": "f.py:f",
            "path": "/srv",
            "schedules": [{"kind": "CRON", "cron": "0 6 * * *", "name": "x"}] * 2,
        },
    )

    assert list(response.json()["error"]["fields"]) == ["schedules.1.name"]


def test_a_preview_tells_times_and_what_the_wall_shows_and_keeps_nothing(api, bob, workspace):
    body = {"kind": "CRON", "cron": "30 2 * * *", "timezone": "Europe/Berlin", "count": 50}

    times = api(bob).post("schedules/preview", body).json()["times"]

    assert len(times) == 50
    assert times == sorted(times, key=lambda each: each["due_at"])
    for each in times:
        assert each["local"][10:16] in {"T02:30", "T03:00"}
        assert datetime.fromisoformat(each["local"]) == datetime.fromisoformat(each["due_at"])
    with workspace_scope(workspace.id):
        assert not Schedule.objects.exists()


def test_a_preview_of_what_ends_is_short(api, bob):
    once = {"kind": "ONCE", "once_at": "2040-01-01T00:00:00Z", "timezone": "Asia/Tokyo"}

    assert api(bob).post("schedules/preview", once).json() == {
        "times": [{"due_at": "2040-01-01T00:00:00Z", "local": "2040-01-01T09:00:00+09:00"}]
    }
    assert api(bob).post("schedules/preview", RULE | {"rrule": "FREQ=X"}).status_code == 400
    assert api(bob).post("schedules/preview", RULE | {"count": 51}).status_code == 400


def test_the_calendar_tells_what_is_due_when_in_order(api, bob, workspace, rival_workspace):
    since = datetime(2098, 3, 1, tzinfo=UTC)
    with workspace_scope(workspace.id):
        daily = make_deployment(workspace, name="daily", schedules=[cron("0 6 * * *", name="a")])
        make_deployment(
            workspace,
            name="rests",
            schedules=[cron("0 7 * * *", paused=True)],
        )
        often = make_deployment(workspace, name="often", schedules=[every(36_000, anchor_at=since)])
    with workspace_scope(rival_workspace.id):
        make_deployment(rival_workspace, schedules=[cron("0 8 * * *")])

    answer = api(bob).get("schedules?since=2098-03-01T00:00:00Z&until=2098-03-02T00:00:00Z")

    body = answer.json()
    assert body["truncated"] is False
    assert [(each["due_at"], each["deployment"]["name"]) for each in body["items"]] == [
        ("2098-03-01T00:00:00Z", "often"),
        ("2098-03-01T06:00:00Z", "daily"),
        ("2098-03-01T10:00:00Z", "often"),
        ("2098-03-01T20:00:00Z", "often"),
    ]
    second = body["items"][1]
    assert second["deployment"] == {
        "id": str(daily.id),
        "name": "daily",
        "flow": {"id": str(daily.flow_id), "name": "load"},
    }
    assert (second["schedule_name"], second["timezone"]) == ("a", "UTC")
    assert body["items"][0]["deployment"]["id"] == str(often.id)


def test_the_calendar_says_when_there_is_more_than_it_tells(api, bob, workspace):
    with workspace_scope(workspace.id):
        make_deployment(workspace, schedules=[every(60)])

    body = api(bob).get("schedules?since=2098-03-01T00:00:00Z&until=2098-03-09T00:00:00Z").json()

    assert (len(body["items"]), body["truncated"]) == (2_000, True)


def test_the_calendar_tells_of_often_only_how_often(api, bob, workspace):
    with workspace_scope(workspace.id):
        make_deployment(workspace, name="minutely", schedules=[cron("* * * * *", name="m")])
        hourly = make_deployment(workspace, name="hourly", schedules=[cron("0 * * * *")])
        make_deployment(workspace, name="nightly", schedules=[cron("0 6 * * *")])
    week = "schedules?since=2098-03-01T00:00:00Z&until=2098-03-08T00:00:00Z"

    body = api(bob).get(f"{week}&dense_over=24").json()

    assert (len(body["items"]), body["truncated"]) == (7 * 24 + 1 + 7, False)
    (dense,) = body["dense"]
    assert (dense["deployment"]["name"], dense["schedule_name"]) == ("minutely", "m")
    assert (dense["due_at"], dense["seconds_apart"]) == ("2098-03-01T00:00:00Z", 60)

    body = api(bob).get(f"{week}&dense_over=12&deployment_id={hourly.id}").json()

    assert (body["items"], [each["seconds_apart"] for each in body["dense"]]) == ([], [3600])
    assert api(bob).get(f"{week}&dense_over=0").status_code == 400


@pytest.mark.parametrize(
    "until", ["2098-03-01T00:00:00Z", "2098-02-01T00:00:00Z", "2098-07-01T00:00:00Z"]
)
def test_a_calendar_of_no_time_or_of_too_much_is_refused(api, bob, until):
    answer = api(bob).get(f"schedules?since=2098-03-01T00:00:00Z&until={until}")

    assert list(answer.json()["error"]["fields"]) == ["until"]


def test_the_calendar_has_nothing_from_before_a_schedule_was_made(workspace):
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=now, schedules=[every(3600, anchor_at=now)])

        found = selectors.list_due_times(
            workspace_id=workspace.id,
            since=now - timedelta(days=1),
            until=now + timedelta(hours=2),
            limit=50,
        )

    assert [at for at, _ in found.items] == [now + timedelta(hours=1), now + timedelta(hours=2)]
