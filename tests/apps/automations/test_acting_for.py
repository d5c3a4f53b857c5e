"""An automation may do what whoever last said what it does may do, as they are when it acts."""

from __future__ import annotations

import pytest

from apps.automations import services
from apps.automations.models import ActionAttempt
from apps.core.clock import utc_now
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import ObjectRule, RoleAssignment
from tests.factories.automations import ON_FAILURE, evaluate, event, put
from tests.factories.dispatch import make_deployment
from tests.factories.tenancy import actor_of, join, make_service_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(workspace):
    return join("dora@acme.example", workspace, "DEVELOPER")


@pytest.fixture
def deployment(workspace):
    with workspace_scope(workspace.id):
        return make_deployment(workspace)


def rule_body(deployment, name="again"):
    return {
        "name": name,
        "trigger": ON_FAILURE,
        "actions": [{"type": "run_deployment", "deployment_id": str(deployment.id)}],
    }


def act_once(workspace):
    """Let every rule hold once; return how its attempts ended: done, or by which refusal."""
    put(workspace, event())
    evaluate(workspace)
    with workspace_scope(workspace.id):
        waiting = list(ActionAttempt.objects.filter(state="PENDING").order_by("id"))
    for attempt in waiting:
        services.perform_action(workspace_id=workspace.id, attempt_id=attempt.id, now=utc_now())
    with workspace_scope(workspace.id):
        ended = ActionAttempt.objects.filter(id__in=[each.id for each in waiting]).order_by("id")
        return [each.outcome["error"] for each in ended], Run.objects.count()


def shut(workspace, deployment, **named):
    with workspace_scope(workspace.id):
        ObjectRule.objects.create(
            workspace_id=workspace.id,
            object_kind="DEPLOYMENT",
            object_id=deployment.id,
            scope="runs:write",
            **named,
        )


def test_it_starts_what_its_maker_may_start(api, dora, workspace, deployment):
    assert api(dora).post("automations", rule_body(deployment)).status_code == 201

    assert act_once(workspace) == ([None], 1)


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("shut out", "object_restricted"),
        ("demoted", "permission_denied"),
        ("gone", "permission_denied"),
    ],
)
def test_it_starts_nothing_that_its_maker_may_start_no_more(
    api, dora, workspace, deployment, way, code
):
    api(dora).post("automations", rule_body(deployment))
    with workspace_scope(workspace.id):
        if way == "demoted":
            RoleAssignment.objects.filter(user=dora.user).update(role="VIEWER")
        elif way == "gone":
            RoleAssignment.objects.filter(user=dora.user).delete()
    if way == "shut out":
        shut(workspace, deployment)

    assert act_once(workspace) == ([code], 0)


def test_nobody_has_started_by_a_rule_what_they_may_not_start(api, dora, workspace, deployment):
    shut(workspace, deployment)

    refused = api(dora).post("automations", rule_body(deployment))

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "object_restricted"
    assert act_once(workspace) == ([], 0)


def test_it_acts_for_who_changed_it_last(api, alice, dora, workspace, deployment):
    made = api(dora).post("automations", rule_body(deployment)).json()
    shut(workspace, deployment)

    kept_out = api(dora).patch(f"automations/{made['id']}", {"description": "mine"})
    taken_over = api(alice).patch(f"automations/{made['id']}", {"description": "ours"})

    assert (kept_out.status_code, taken_over.status_code) == (403, 200)
    assert act_once(workspace) == ([None], 1)


def test_one_that_a_service_account_made_acts_for_it(api, alice, workspace, deployment):
    held = actor_of(alice).scopes
    service, secret = make_service_key(alice, role="DEVELOPER", scopes=held)
    assert api(secret, workspace).post("automations", rule_body(deployment)).status_code == 201
    other, _ = make_service_key(alice, role="DEVELOPER", scopes=held, name="other")

    shut(workspace, deployment, service_account=service)
    first = act_once(workspace)
    with workspace_scope(workspace.id):
        ObjectRule.objects.update(service_account=other)

    assert first == ([None], 1)
    assert act_once(workspace) == (["object_restricted"], 1)
