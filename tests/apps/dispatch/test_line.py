"""What a run waits for, as people read it."""

import uuid
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.enums import LimitKind
from apps.dispatch.models import Queue
from apps.flows import services as flows
from apps.runs.enums import RunState
from tests.factories.dispatch import agent, lease, make_deployment, report, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(api, alice, workspace):
    def ask(run):
        answer = api(alice, workspace).get(f"runs/{run.id}/line")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


def kinds(told):
    return [reason["kind"] for reason in told["reasons"]]


def test_a_run_for_later_says_when(in_workspace, line):
    deployment = make_deployment(in_workspace)
    at = utc_now() + timedelta(hours=1)
    told = line(start(deployment, scheduled_for=at))

    assert (told["ahead"], kinds(told)) == (None, ["not_due"])
    assert told["reasons"][0]["until"].startswith(at.isoformat()[:19])


def test_without_an_agent_it_says_so_and_who_comes_first(in_workspace, line):
    deployment = make_deployment(in_workspace)
    start(deployment), start(deployment)
    told = line(start(deployment))

    assert (told["ahead"], kinds(told)) == (2, ["no_agent"])


def test_the_urgent_come_first(in_workspace, line):
    deployment = make_deployment(in_workspace)
    calm, urgent = start(deployment), start(deployment, priority=3)

    assert (line(urgent)["ahead"], line(calm)["ahead"]) == (0, 1)


def test_busy_agents_are_named(in_workspace, line):
    deployment = make_deployment(in_workspace)
    worker = agent(capacity=1)
    start(deployment)
    waiting, last = start(deployment), start(deployment)
    lease(deployment, by=worker, limit=1)

    told = line(waiting)

    assert (told["ahead"], kinds(told)) == (0, ["agents_full"])
    assert told["reasons"][0]["text"] == "1 agent with room for 1, and all are busy."
    assert line(last)["ahead"] == 1


def test_an_idle_agent_leaves_nothing_to_wait_for_but_the_line(in_workspace, line):
    deployment = make_deployment(in_workspace)
    lease(deployment, by=agent())
    first, second = start(deployment), start(deployment)

    assert kinds(line(first)) == ["in_line"]
    assert line(first)["reasons"][0]["text"] == "It is next."
    assert line(second)["reasons"][0]["text"] == "1 run of its queue before it."


def test_pauses_are_named_all_at_once(in_workspace, line):
    deployment = make_deployment(in_workspace)
    run = start(deployment)
    lease_by = agent()
    services.pause_pool(
        workspace_id=in_workspace.id, pool_id=deployment.pool_id, paused=True, now=utc_now()
    )
    lease(deployment, by=lease_by)
    Queue.objects.update(paused_at=utc_now())
    flows.edit_deployment(
        workspace_id=in_workspace.id,
        deployment_id=deployment.id,
        changes={"paused": True},
        now=utc_now(),
    )

    assert kinds(line(run)) == ["deployment_paused", "pool_paused", "queue_paused"]


@pytest.mark.parametrize("kind", ["TAG", "POOL"])
def test_a_full_limit_is_shown_with_what_is_taken_of_it(in_workspace, line, kind):
    deployment = make_deployment(in_workspace, tags=["warehouse"])
    key = "warehouse" if kind == "TAG" else str(deployment.pool_id)
    services.set_limit(
        workspace_id=in_workspace.id, kind=LimitKind(kind), key=key, much=1, now=utc_now()
    )
    worker = agent()
    start(deployment)
    (holder,) = lease(deployment, by=worker)
    waiting, last = start(deployment), start(deployment)
    lease(deployment, by=worker)

    told = line(waiting)

    assert (told["ahead"], kinds(told)) == (0, ["limit"])
    limit = told["reasons"][0]["limit"]
    assert (limit["kind"], limit["key"], limit["slots"], limit["used"]) == (kind, key, 1, 1)
    assert line(last)["ahead"] == 1
    report(holder, RunState.RUNNING, in_workspace)
    assert line_of_holder(line, holder) == {"ahead": None, "reasons": []}


def line_of_holder(line, holder):
    class Held:
        id = holder.run_id

    return line(Held)


def test_limits_are_listed_with_who_has_them(api, alice, workspace, in_workspace):
    deployment = make_deployment(in_workspace, tags=["warehouse"])
    client = api(alice, workspace)
    made = client.put("limits", {"kind": "TAG", "key": "warehouse", "slots": 1}).json()
    client.put("limits", {"kind": "DEPLOYMENT", "key": str(deployment.id), "slots": 3})
    first = start(deployment)
    start(deployment), start(deployment)
    lease(deployment)

    listed = client.get("limits").json()["items"]

    assert [(each["kind"], each["name"], each["used"], each["waiting"]) for each in listed] == [
        ("TAG", "warehouse", 1, 2),
        ("DEPLOYMENT", "load/main", 1, 0),
    ]
    (slot,) = client.get(f"limits/{made['id']}/slots").json()["items"]
    assert (slot["run"]["id"], slot["run"]["state"]) == (str(first.id), "PENDING")
    assert slot["run"]["deployment"]["name"] == "main"


def test_bad_limits_are_refused_by_field(api, alice, workspace):
    client = api(alice, workspace)
    bad = [
        ({"kind": "NAMED", "key": "x"}, "slots"),
        ({"kind": "RATE", "key": "x", "slots": 1}, "per_minute"),
        ({"kind": "NAMED", "key": "x", "slots": 1, "per_minute": 1}, "per_minute"),
        ({"kind": "NAMED", "key": "x", "slots": -1}, "slots"),
        ({"kind": "RATE", "key": "x", "per_minute": 0}, "per_minute"),
        ({"kind": "BACKFILL", "key": str(uuid.uuid4()), "slots": 1}, "kind"),
        ({"kind": "DEPLOYMENT", "key": str(uuid.uuid4()), "slots": 1}, "key"),
        ({"kind": "POOL", "key": "default", "slots": 1}, "key"),
    ]
    for body, field in bad:
        answer = client.put("limits", body)
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field]), body


def test_a_viewer_sets_no_limit(api, bob, workspace):
    assert api(bob, workspace).put(
        "limits", {"kind": "NAMED", "key": "x", "slots": 1}
    ).status_code in {403, 404}
