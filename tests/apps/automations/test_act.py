"""What is done after a firing: once where it can be, tried again where it may pass."""

import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from apps.automations import services
from apps.automations.models import ActionAttempt, Automation, Firing
from apps.automations.services import act, attempts
from apps.core.clock import utc_now
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.automations import ON_FAILURE, evaluate, event, make_automation, put
from tests.factories.dispatch import make_deployment, start
from tests.factories.notifications import make_channel
from tests.isolation import as_worker
from tests.receivers import receiving

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"table": {"type": "string"}, "rows": {"type": "integer"}},
}


@pytest.fixture
def receiver(settings):
    with receiving() as receiver:
        settings.OUTBOUND_ALLOWED_HOSTS = {receiver.place}
        yield receiver


def webhook(receiver, **more):
    return {"type": "webhook", "url": f"http://{receiver.place}/in", **more}


def fire(workspace, *actions, trigger=None, name="watch", **changes):
    """Let a rule with these actions hold once; return its attempts."""
    make_automation(workspace, trigger or ON_FAILURE, actions, name=name)
    put(workspace, event(**changes))
    evaluate(workspace)
    return attempts_of(workspace)


def attempts_of(workspace):
    with workspace_scope(workspace.id):
        return list(ActionAttempt.objects.order_by("firing_id", "action", "number"))


def perform(attempt, now=None):
    return services.perform_action(
        workspace_id=attempt.workspace_id, attempt_id=attempt.id, now=now or utc_now()
    )


def answer(status, more=""):
    return f"HTTP/1.1 {status} X\r\n{more}Content-Length: 0\r\n\r\n".encode()


def test_a_run_is_started_with_parameters_from_the_event(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, parameter_schema=SCHEMA)
    parameters = {"table": "t-{{ event.resource.name }}", "rows": "{{ event.payload.rows }}"}
    action = {
        "type": "run_deployment",
        "deployment_id": str(deployment.id),
        "parameters": parameters,
    }
    (attempt,) = fire(workspace, action, resource="orders", payload={"rows": 7})

    state = perform(attempt)

    (attempt,) = attempts_of(workspace)
    with workspace_scope(workspace.id):
        run = Run.objects.get()
    assert state == attempt.state == "SUCCEEDED"
    assert run.parameters == {"table": "t-orders", "rows": 7}
    assert (run.created_by["kind"], run.created_by["name"]) == ("automation", "watch")
    assert attempt.outcome["run_id"] == str(run.id)


def test_a_start_that_is_repeated_starts_nothing_more(workspace):
    """The first try's worker was taken for lost, although its run was made."""
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
    action = {"type": "run_deployment", "deployment_id": str(deployment.id)}
    (attempt,) = fire(workspace, action)
    perform(attempt)
    with workspace_scope(workspace.id):
        ActionAttempt.objects.update(state="PENDING", started_at=None, ended_at=None)

    assert perform(attempt) == "SUCCEEDED"
    with workspace_scope(workspace.id):
        assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"rows": "{{ event.payload.nothing }}"}, "template_failed"),
        ({"rows": "many"}, "invalid_request"),
        ({"rows": "{{ event.name | join }}"}, "template_failed"),
    ],
)
def test_a_start_that_cannot_be_is_given_up_and_leaves_no_run(workspace, parameters, error):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, parameter_schema=SCHEMA)
    action = {
        "type": "run_deployment",
        "deployment_id": str(deployment.id),
        "parameters": parameters,
    }
    (attempt,) = fire(workspace, action)

    state = perform(attempt)

    (attempt,) = attempts_of(workspace)
    assert (state, attempt.outcome["error"]) == ("GAVE_UP", error)
    with workspace_scope(workspace.id):
        assert not Run.objects.exists()


def test_the_run_of_the_event_is_cancelled(workspace):
    with workspace_scope(workspace.id):
        run = start(make_deployment(workspace))
    (attempt,) = fire(workspace, {"type": "cancel_run"}, run_id=run.id)

    assert perform(attempt) == "SUCCEEDED"
    with workspace_scope(workspace.id):
        assert Run.objects.get(pk=run.pk).state == "CANCELLED"


def test_cancelling_what_is_not_there_is_given_up(workspace, rival_workspace):
    with workspace_scope(rival_workspace.id):
        rivals = start(make_deployment(rival_workspace))
    first, second = fire(
        workspace,
        {"type": "cancel_run", "run_id": str(rivals.id)},
        {"type": "cancel_run", "run_id": "nonsense"},
    )

    assert {perform(first), perform(second)} == {"GAVE_UP"}
    assert [each.outcome["error"] for each in attempts_of(workspace)] == [
        "not_found",
        "template_failed",
    ]
    with workspace_scope(rival_workspace.id):
        assert Run.objects.get(pk=rivals.pk).state == "SCHEDULED"


def test_a_webhook_is_signed_with_the_automations_secret(workspace, receiver):
    (attempt,) = fire(workspace, webhook(receiver), resource="orders", payload={"n": [1, None]})

    assert perform(attempt) == "SUCCEEDED"

    with workspace_scope(workspace.id):
        secret, firing = Automation.objects.get().secret, Firing.objects.get()
    moment = receiver.header("Headway-Signature").split(",")[0].removeprefix("t=")
    expected = hmac.new(
        secret.encode(), f"{moment}.".encode() + receiver.body, hashlib.sha256
    ).hexdigest()
    body = json.loads(receiver.body)
    assert receiver.header("Headway-Signature") == f"t={moment},v1={expected}"
    assert receiver.header("Headway-Delivery") == f"{firing.id}-0"
    assert body["event"]["resource"]["name"] == "orders"
    assert body["event"]["payload"] == {"n": [1, None]}
    assert body["firing"]["id"] == str(firing.id)
    assert body["url"].endswith(f"/w/{workspace.slug}/automations/{firing.automation_id}")


def test_a_webhook_sends_the_body_that_was_written(workspace, receiver):
    text = '{"table": {{ event.resource.name | tojson }}}'
    (attempt,) = fire(workspace, webhook(receiver, body=text), resource='a"b')

    perform(attempt)

    assert json.loads(receiver.body) == {"table": 'a"b'}


def test_a_receiver_that_moved_inside_is_not_called(workspace, receiver, settings):
    (attempt,) = fire(workspace, webhook(receiver))
    settings.OUTBOUND_ALLOWED_HOSTS = set()

    assert perform(attempt) == "GAVE_UP"
    (attempt,) = attempts_of(workspace)
    assert attempt.outcome["error"] in {"address_refused", "bad_url"}
    assert receiver.connections == 0


def test_what_may_pass_is_tried_six_times_with_growing_waits(workspace, receiver):
    receiver.answer = answer(503)
    fire(workspace, webhook(receiver))
    now = utc_now()
    waits = []
    for _ in range(6):
        attempt = attempts_of(workspace)[-1]
        assert perform(attempt, now=attempt.due_at - timedelta(seconds=1)) is None
        waits.append((attempt.due_at - now).total_seconds())
        now = attempt.due_at
        perform(attempt, now=now)

    found = attempts_of(workspace)
    assert [each.state for each in found] == ["FAILED"] * 5 + ["GAVE_UP"]
    assert [round(wait) for wait in waits[1:]] == [10, 20, 40, 80, 160]
    assert len(receiver.requests) == 6
    assert receiver.header("Headway-Attempt") == "6"


def test_a_receivers_wish_to_wait_is_heeded_within_bounds(workspace, receiver):
    receiver.answer = answer(429, "Retry-After: 90\r\n")
    (attempt,) = fire(workspace, webhook(receiver))
    now = attempt.due_at

    perform(attempt, now=now)

    following = attempts_of(workspace)[-1]
    assert 90 <= (following.due_at - now).total_seconds() < 95


def test_a_refusal_that_will_stay_one_is_given_up_at_once(workspace, receiver):
    receiver.answer = answer(410)
    (attempt,) = fire(workspace, webhook(receiver))

    assert perform(attempt) == "GAVE_UP"
    assert len(attempts_of(workspace)) == 1


def test_a_message_goes_out_once_per_firing_and_action(workspace, receiver):
    channel = make_channel(workspace, url=f"http://{receiver.place}/in")
    action = {"type": "notify", "channel_id": str(channel.id), "subject": "{{ event.name }}!"}
    (attempt,) = fire(workspace, action)
    perform(attempt)
    with workspace_scope(workspace.id):
        ActionAttempt.objects.update(state="PENDING", started_at=None, ended_at=None)

    assert perform(attempt) == "SUCCEEDED"
    assert len(receiver.requests) == 1
    assert json.loads(receiver.body)["subject"] == "job.failed!"
    assert "happened at" in json.loads(receiver.body)["body"]


def test_a_message_to_a_deleted_channel_is_given_up(workspace, receiver, api, alice):
    channel = make_channel(workspace, url=f"http://{receiver.place}/in")
    (attempt,) = fire(workspace, {"type": "notify", "channel_id": str(channel.id)})
    api(alice).delete(f"channels/{channel.id}")

    assert perform(attempt) == "GAVE_UP"
    assert attempts_of(workspace)[0].outcome["error"] == "not_found"


def test_what_was_saved_at_the_firing_is_what_is_done(workspace, receiver, api, alice):
    (attempt,) = fire(workspace, webhook(receiver, body="old"))
    with workspace_scope(workspace.id):
        automation = Automation.objects.get()
    api(alice).patch(f"automations/{automation.id}", {"actions": [webhook(receiver, body="new")]})

    perform(attempt)

    assert receiver.body == b"old"


def test_an_attempt_is_begun_by_one_worker_only(workspace, receiver):
    (attempt,) = fire(workspace, webhook(receiver))

    assert [perform(attempt), perform(attempt)] == ["SUCCEEDED", None]
    assert len(receiver.requests) == 1


def test_a_worker_that_died_is_replaced_and_changes_nothing_later(workspace, receiver):
    (attempt,) = fire(workspace, webhook(receiver))
    now = attempt.due_at
    with workspace_scope(workspace.id):
        begun = act._begin(workspace.id, attempt.id, now)
    with as_worker():
        early = services.sweep_attempts(now=now + timedelta(minutes=5))
        late = services.sweep_attempts(now=now + timedelta(minutes=7))

    first, second = attempts_of(workspace)
    assert (early[0], late[0]) == (0, 1)
    assert (first.state, first.outcome["error"]) == ("FAILED", "worker_lost")
    assert (second.number, second.state) == (2, "PENDING")
    with workspace_scope(workspace.id):
        outcome = {"ok": True, "retryable": False, "retry_after_seconds": None}
        attempts.end_attempt(attempt=begun.attempt, outcome=outcome, now=now)
    assert attempts_of(workspace)[0].state == "FAILED"


def test_four_at_a_time_and_the_next_when_one_ends(workspace, receiver, monkeypatch):
    sent = []
    monkeypatch.setattr(
        attempts, "enqueue_or_leave", lambda name, **ids: sent.append((name, ids["attempt_id"]))
    )
    fire(workspace, *[webhook(receiver) for _ in range(6)])
    found = attempts_of(workspace)
    assert [attempt_id for _, attempt_id in sent] == [str(each.id) for each in found[:4]]
    assert {name for name, _ in sent} == {"automations.perform_action"}
    now = utc_now()
    with workspace_scope(workspace.id):
        for each in found[:4]:
            assert act._begin(workspace.id, each.id, now) is not None
        assert act._begin(workspace.id, found[4].id, now) is None
    with as_worker():
        services.sweep_attempts(now=now)
    assert len(sent) == 4

    with workspace_scope(workspace.id):
        outcome = {"ok": True, "retryable": False, "retry_after_seconds": None}
        attempts.end_attempt(attempt=found[0], outcome=outcome, now=now)
        services.hand_out(now=now, workspace_id=workspace.id)

    assert [attempt_id for _, attempt_id in sent[4:]] == [str(found[4].id)]


def test_what_was_lost_on_the_way_is_handed_out_again(workspace, receiver, monkeypatch):
    sent = []
    monkeypatch.setattr(attempts, "enqueue_or_leave", lambda _name, **ids: sent.append(ids))
    (attempt,) = fire(workspace, webhook(receiver))
    now = attempt.enqueued_at
    with as_worker():
        services.sweep_attempts(now=now + timedelta(seconds=20))
        services.sweep_attempts(now=now + timedelta(seconds=31))

    assert len(sent) == 2


def test_a_slow_receiver_of_one_workspace_holds_up_no_other(
    workspace, rival_workspace, receiver, monkeypatch
):
    sent = []
    monkeypatch.setattr(
        attempts, "enqueue_or_leave", lambda _name, **ids: sent.append(ids["workspace_id"])
    )
    fire(workspace, *[webhook(receiver) for _ in range(9)])
    sent.clear()
    fire(rival_workspace, webhook(receiver))
    with as_worker():
        services.sweep_attempts(now=utc_now())

    assert sent == [str(rival_workspace.id)]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_four_act_and_nothing_is_done_twice(workspace, receiver):
    fire(workspace, *[webhook(receiver, body=str(n)) for n in range(10)])
    found = attempts_of(workspace)
    ready = threading.Barrier(8)

    def work():
        try:
            ready.wait()
            for _ in range(200):
                left = [each for each in attempts_of(workspace) if each.state == "PENDING"]
                if not left:
                    return
                for each in left:
                    perform(each)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result()

    bodies = sorted(request.partition(b"\r\n\r\n")[2] for request in receiver.requests)
    assert bodies == sorted(str(n).encode() for n in range(10))
    assert {each.state for each in attempts_of(workspace)} == {"SUCCEEDED"}
    assert len(found) == 10


@pytest.mark.django_db(transaction=True)
def test_from_the_event_to_the_receiver_by_celery(workspace, receiver):
    """Eager here, so the task runs at the evaluator's commit, as the worker's role."""
    fire(workspace, webhook(receiver))

    assert len(receiver.requests) == 1
    assert attempts_of(workspace)[0].state == "SUCCEEDED"


def test_old_history_goes_with_the_retention_and_what_is_under_way_stays(workspace, receiver):
    first, second = fire(workspace, webhook(receiver), webhook(receiver))
    perform(first)
    with workspace_scope(workspace.id):
        Firing.objects.update(fired_at=utc_now() - timedelta(days=40))
    with as_worker():
        services.drop_old(now=utc_now())
    with workspace_scope(workspace.id):
        assert Firing.objects.exists()
    perform(second)

    with as_worker():
        services.drop_old(now=utc_now())

    with workspace_scope(workspace.id):
        assert not Firing.objects.exists()
        assert Automation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_holds_up_no_evaluation(workspace, receiver, settings):
    from celery import current_app

    current_app.conf.task_always_eager = False
    before = current_app.conf.broker_url
    current_app.conf.broker_url = "redis://127.0.0.1:1/0"
    try:
        (attempt,) = fire(workspace, webhook(receiver))
    finally:
        current_app.conf.broker_url = before
        current_app.conf.task_always_eager = True

    assert (attempt.state, attempt.enqueued_at is not None) == ("PENDING", True)
    with as_worker():
        services.sweep_attempts(now=attempt.enqueued_at + timedelta(seconds=31))
    assert attempts_of(workspace)[0].state == "SUCCEEDED"
