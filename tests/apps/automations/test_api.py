"""Automations through their routes: who may, what is refused, what is shown."""

from datetime import timedelta

import pytest

from apps.automations.models import Automation, Deadline, Firing, TriggerBucket
from apps.core.clock import utc_now
from apps.telemetry.enums import Consumer
from apps.telemetry.models import Listener, PendingBatch
from apps.tenancy.isolation import workspace_scope
from tests.factories.automations import evaluate, event, make_automation, put
from tests.factories.dispatch import make_deployment
from tests.factories.notifications import make_channel
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db
FAILED = {"type": "event", "match": {"name": ["job.failed"]}}
LATE = {"type": "absence", "expect": {"name": ["job.finished"]}, "within_seconds": 60}
NOBODY = "01900000-0000-7000-8000-000000000000"
RULE = {"name": "watch", "trigger": FAILED, "actions": []}


def listens(workspace):
    with workspace_scope(workspace.id):
        return Listener.objects.filter(workspace_id=workspace.id).exists()


def test_a_rule_is_shown_as_a_sentence(api, alice, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
    channel = make_channel(workspace, name="ops")
    actions = [
        {"type": "run_deployment", "deployment_id": str(deployment.id)},
        {"type": "notify", "channel_id": str(channel.id)},
    ]

    made = api(alice).post("automations", RULE | {"actions": actions, "description": "Why."})

    body = made.json()
    assert made.status_code == 201, made.content
    assert body["sentence"] == "When job.failed happens, run load/main and notify ops."
    assert (body["posture"], body["version"], body["paused"]) == ("reactive", 1, False)
    assert (body["last_fired_at"], body["firings_7d"]) == (None, [0] * 7)
    assert body["secret"] is None
    assert body["trigger"] == FAILED | {"for_each": [], "threshold": 1, "within_seconds": 60}
    assert body["actions"][1] == actions[1] | {
        "subject": "{{ automation.name }}",
        "body": "{{ firing.reason }}\n\n{{ url }}",
    }
    row = api(alice).get("automations").json()["items"][0]
    assert row["sentence"] == body["sentence"]
    assert "actions" not in row
    assert api(alice).get(f"automations/{body['id']}").json() == body


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trigger": {"type": "pigeon"}}, "trigger.type"),
        ({"trigger": {"type": "event", "match": {}}}, "trigger.match"),
        ({"trigger": {"type": "event", "match": {"nome": ["x"]}}}, "trigger.match.nome"),
        ({"trigger": {"type": "event", "match": {"name": ["a*b"]}}}, "trigger.match.name"),
        ({"trigger": {"type": "event", "match": {"name": [""]}}}, "trigger.match.name"),
        ({"trigger": {"type": "event", "match": {"name": "x"}}}, "trigger.match"),
        ({"trigger": FAILED | {"threshold": 0}}, "trigger.threshold"),
        ({"trigger": FAILED | {"within_seconds": 10**9}}, "trigger.within_seconds"),
        ({"trigger": FAILED | {"for_each": ["nome"]}}, "trigger.for_each.0"),
        ({"trigger": FAILED | {"for_each": ["name", "name"]}}, "trigger.for_each.1"),
        ({"trigger": FAILED | {"colour": "red"}}, "trigger"),
        ({"trigger": LATE | {"expect": {}}}, "trigger.expect"),
        ({"trigger": LATE | {"within_seconds": 1}}, "trigger.within_seconds"),
        ({"trigger": LATE | {"after": {}}}, "trigger.after"),
        ({"actions": [{"type": "pigeon"}]}, "actions.0.type"),
        ({"actions": [{"type": "cancel_run"}] * 11}, "actions"),
        ({"actions": [{"type": "cancel_run", "run_id": "{{ 2 * 2 }}"}]}, "actions.0.run_id"),
        (
            {"actions": [{"type": "cancel_run", "run_id": "{% for x in url %}{% endfor %}"}]},
            "actions.0.run_id",
        ),
        (
            {"actions": [{"type": "cancel_run", "run_id": "{{ event.__class__ }}"}]},
            "actions.0.run_id",
        ),
        ({"actions": [{"type": "cancel_run", "run_id": "{{ cycler() }}"}]}, "actions.0.run_id"),
        ({"actions": [{"type": "webhook", "url": "http://127.0.0.1/"}]}, "actions.0.url"),
        ({"actions": [{"type": "webhook", "url": "http://169.254.169.254/"}]}, "actions.0.url"),
        (
            {"actions": [{"type": "notify", "channel_id": NOBODY}]},
            "actions.0.channel_id",
        ),
        (
            {
                "actions": [
                    {
                        "type": "run_deployment",
                        "deployment_id": NOBODY,
                    }
                ]
            },
            "actions.0.deployment_id",
        ),
        ({"trigger": LATE, "actions": [{"type": "cancel_run"}]}, "actions.0.run_id"),
        ({"name": ""}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_rule_that_cannot_be_compiled_is_refused_by_field(api, alice, workspace, change, field):
    answer = api(alice).post("automations", RULE | change)

    assert answer.status_code == 400, answer.content
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert list(error["fields"]) == [field]
    with workspace_scope(workspace.id):
        assert not Automation.objects.exists()
    assert not listens(workspace)


def test_a_rivals_channel_or_deployment_cannot_be_named(api, alice, rival_workspace):
    channel = make_channel(rival_workspace)
    with workspace_scope(rival_workspace.id):
        deployment = make_deployment(rival_workspace)

    for action in (
        {"type": "notify", "channel_id": str(channel.id)},
        {"type": "run_deployment", "deployment_id": str(deployment.id)},
    ):
        assert api(alice).post("automations", RULE | {"actions": [action]}).status_code == 400


def test_names_are_unique(api, alice):
    codes = [api(alice).post("automations", RULE).status_code for _ in range(2)]

    assert codes == [201, 400]


def test_a_webhooks_secret_is_shown_once_and_its_address_to_those_who_may_change_it(
    api, alice, bob, workspace
):
    action = {"type": "webhook", "url": "https://hooks.example.com/T0/s3cret"}
    made = api(alice).post("automations", RULE).json()
    path = f"automations/{made['id']}"

    added = api(alice).patch(path, {"actions": [action]}).json()
    again = api(alice).patch(path, {"actions": [action, action]}).json()
    seen = api(bob, workspace).get(path)

    assert made["secret"] is None
    assert added["secret"].startswith("whsec_")
    assert again["secret"] is None
    assert api(alice).get(path).json()["actions"][0]["url"] == action["url"]
    assert seen.json()["actions"][0]["url"] == "https://hooks.example.com/…"
    assert b"s3cret" not in seen.content
    api(alice).patch(path, {"actions": []})
    redrawn = api(alice).patch(path, {"actions": [action]}).json()["secret"]
    assert redrawn not in (None, added["secret"])


def test_an_edit_of_what_somebody_else_changed_is_refused(api, alice):
    made = api(alice).post("automations", RULE).json()
    path = f"automations/{made['id']}"

    first = api(alice).patch(path, {"name": "one", "version": 1})
    second = api(alice).patch(path, {"name": "two", "version": 1})

    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "automation_changed"
    assert second.json()["error"]["details"] == {"version": 2}
    assert api(alice).get(path).json()["name"] == "one"


def test_another_trigger_and_a_pause_begin_anew_a_name_does_not(api, alice, workspace):
    trigger = FAILED | {"threshold": 3}
    made = api(alice).post("automations", RULE | {"trigger": trigger}).json()
    path = f"automations/{made['id']}"
    put(workspace, event())
    evaluate(workspace)

    def buckets():
        with workspace_scope(workspace.id):
            return TriggerBucket.objects.count()

    assert buckets() == 1
    renamed = api(alice).patch(path, {"name": "other", "trigger": trigger}).json()
    assert buckets() == 1
    assert renamed["active_since"] == made["active_since"]
    changed = api(alice).patch(path, {"trigger": trigger | {"threshold": 2}}).json()
    assert buckets() == 0
    assert changed["active_since"] > made["active_since"]
    put(workspace, event())
    evaluate(workspace)
    paused = api(alice).patch(path, {"paused": True}).json()
    assert buckets() == 0
    assert (paused["paused"], paused["paused_at"] is not None) == (True, True)


def test_a_workspace_is_heard_exactly_while_a_rule_wants_it(api, alice, workspace):
    made = api(alice).post("automations", RULE).json()
    path = f"automations/{made['id']}"
    heard = [listens(workspace)]
    put(workspace, event())

    api(alice).patch(path, {"paused": True})
    heard.append(listens(workspace))
    with workspace_scope(workspace.id):
        left = PendingBatch.objects.for_consumer(Consumer.AUTOMATIONS).count()
    api(alice).patch(path, {"paused": False})
    heard.append(listens(workspace))
    api(alice).delete(path)
    heard.append(listens(workspace))

    assert heard == [True, False, True, False]
    assert left == 0


def test_what_happened_before_or_in_a_pause_does_not_count(api, alice, workspace):
    before = utc_now() - timedelta(seconds=5)
    made = api(alice).post("automations", RULE).json()
    path = f"automations/{made['id']}"
    put(workspace, event(at=before))
    api(alice).patch(path, {"paused": True})
    in_pause = event()
    put(workspace, in_pause)
    api(alice).patch(path, {"paused": False})
    put(workspace, event(at=in_pause["occurred_at"]))
    after = event()
    put(workspace, after)

    evaluate(workspace)

    with workspace_scope(workspace.id):
        assert list(Firing.objects.values_list("event_id", flat=True)) == [after["id"]]


def test_the_first_window_of_an_absence_is_open_from_the_beginning(api, alice, workspace):
    made = api(alice).post("automations", RULE | {"trigger": LATE}).json()

    with workspace_scope(workspace.id):
        (deadline,) = Deadline.objects.all()
    assert made["posture"] == "proactive"
    assert deadline.due_at - deadline.starts_at == timedelta(seconds=60)
    api(alice).patch(f"automations/{made['id']}", {"paused": True})
    with workspace_scope(workspace.id):
        assert not Deadline.objects.exists()


def test_history_says_why_and_what_was_done(api, alice, workspace):
    action = {"type": "cancel_run"}
    made = (
        api(alice)
        .post(
            "automations",
            RULE | {"trigger": FAILED | {"for_each": ["resource.name"]}, "actions": [action]},
        )
        .json()
    )
    one, two = event(resource="orders"), event(resource="customers")
    put(workspace, one)
    evaluate(workspace)
    put(workspace, two)
    evaluate(workspace)

    page = api(alice).get("firings?limit=1").json()
    rest = api(alice).get(f"firings?limit=1&cursor={page['next_cursor']}").json()
    own = api(alice).get(f"automations/{made['id']}/firings").json()["items"]

    assert page["items"] + rest["items"] == own
    newest = own[0]
    assert newest["automation"] == {"id": made["id"], "name": "watch"}
    assert newest["key"] == ["customers"]
    assert newest["reason"]["events"][0]["id"] == str(two["id"])
    assert newest["reason"]["text"].startswith("job.failed on customers happened at ")
    (attempt,) = newest["attempts"]
    assert (attempt["kind"], attempt["number"], attempt["state"]) == ("cancel_run", 1, "PENDING")
    row = api(alice).get("automations").json()["items"][0]
    assert row["firings_7d"] == [0, 0, 0, 0, 0, 0, 2]
    assert row["last_fired_at"] == newest["fired_at"]


def test_lists_cost_the_same_however_many_there_are(api, alice, workspace, queries_of):
    client = api(alice)

    def fill(names):
        for name in names:
            make_automation(workspace, actions=[{"type": "cancel_run"}], name=name, now=utc_now())
        put(workspace, event())
        evaluate(workspace)

    fill(["0"])
    for path in ("automations", "firings"):
        client.get(path)
    few = [queries_of(lambda path=path: client.get(path))[1] for path in ("automations", "firings")]
    fill([str(n) for n in range(1, 8)])

    many = [queries_of(lambda path=path: client.get(path)) for path in ("automations", "firings")]

    assert [len(answer.json()["items"]) for answer, _ in many] == [8, 9]
    assert [count for _, count in many] == few


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [("DEVELOPER", True, True), ("RUNNER", True, False), ("VIEWER", True, False)],
)
def test_roles(api, workspace, role, reads, writes):
    person = api(join("p@acme.example", workspace, role))
    automation = make_automation(workspace)

    read = person.get(f"automations/{automation.id}").status_code
    write = person.patch(f"automations/{automation.id}", {"name": "mine"}).status_code

    assert (read == 200, write == 200) == (reads, writes)


@pytest.mark.parametrize(
    ("action", "scope"),
    [("run_deployment", "runs:write"), ("cancel_run", "runs:cancel"), ("notify", "channels:read")],
)
def test_a_rule_is_no_way_around_a_scope(api, alice, workspace, action, scope):
    key = make_key(alice, scopes=["automations:write", "automations:read"])
    automation = make_automation(workspace, actions=[{"type": "cancel_run"}])

    made = api(key, workspace).post("automations", RULE | {"actions": [{"type": action}]})
    changed = api(key, workspace).patch(f"automations/{automation.id}", {"trigger": FAILED})

    assert made.status_code == changed.status_code == 403
    assert made.json()["error"]["details"] == {"scope": scope}
    assert changed.json()["error"]["details"] == {"scope": "runs:cancel"}


def test_a_preview_shows_what_would_have_been(api, alice, workspace):
    now = utc_now()
    for minutes, table in ((50, "orders"), (40, "orders"), (30, "customers"), (20, "orders")):
        put(workspace, event(at=now - timedelta(minutes=minutes), resource=table))
    put(workspace, event("job.other", at=now - timedelta(minutes=10)))
    trigger = FAILED | {"threshold": 2, "within_seconds": 3600, "for_each": ["resource.name"]}

    shown = api(alice).post("automations/preview", {"trigger": trigger}).json()

    assert (shown["total"], shown["fired"], shown["cut"]) == (4, 1, False)
    assert [each["resource"]["name"] for each in shown["events"]] == [
        "orders",
        "customers",
        "orders",
        "orders",
    ]
    (firing,) = shown["would_fire"]
    assert firing["key"] == ["orders"]
    assert "happened 2 times within 1 hour" in firing["reason"]["text"]
    with workspace_scope(workspace.id):
        assert not Firing.objects.exists()


def test_a_preview_of_absence_and_its_limits(api, alice, workspace):
    now = utc_now().replace(microsecond=0)
    since = now - timedelta(minutes=5)
    put(workspace, event("job.finished", at=since + timedelta(seconds=90)))
    body = {"trigger": LATE, "from": since.isoformat(), "to": now.isoformat()}

    shown = api(alice).post("automations/preview", body).json()
    backwards = api(alice).post("automations/preview", body | {"from": body["to"]})
    bad = api(alice).post("automations/preview", {"trigger": {"type": "event", "match": {}}})

    assert shown["fired"] == 4
    assert shown["sentence"] == "When job.finished does not happen within 1 minute, do nothing."
    assert "did not happen between" in shown["would_fire"][0]["reason"]["text"]
    assert (backwards.status_code, bad.status_code) == (400, 400)


def test_a_preview_of_very_many_windows_is_refused(api, alice):
    now = utc_now()
    body = {
        "trigger": LATE | {"within_seconds": 10},
        "from": (now - timedelta(days=30)).isoformat(),
    }

    answer = api(alice).post("automations/preview", body)

    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["from"]


def test_a_preview_that_would_read_too_much_says_so(api, alice, workspace, monkeypatch):
    from apps.automations.services import preview

    monkeypatch.setattr(preview, "MAX_EVENTS", 3)
    now = utc_now()
    put(workspace, *[event(at=now - timedelta(minutes=n)) for n in range(1, 7)])

    shown = api(alice).post("automations/preview", {"trigger": FAILED}).json()

    assert (shown["cut"], shown["total"], shown["fired"]) == (True, 3, 3)
    assert shown["read_until"] == shown["events"][0]["occurred_at"]


def test_reading_events_by_a_preview_needs_their_scope(api, alice, workspace):
    key = make_key(alice, scopes=["automations:read"])

    answer = api(key, workspace).post("automations/preview", {"trigger": FAILED})

    assert answer.status_code == 403
    assert answer.json()["error"]["details"] == {"scope": "telemetry:read"}


def test_deleting_takes_the_history_along(api, alice, workspace):
    automation = make_automation(workspace, actions=[{"type": "cancel_run"}])
    put(workspace, event())
    evaluate(workspace)

    assert api(alice).delete(f"automations/{automation.id}").status_code == 204
    assert api(alice).get(f"automations/{automation.id}").status_code == 404
    with workspace_scope(workspace.id):
        assert not Firing.objects.exists()
