"""What a workspace and an account used, as people read it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.tenancy import services as tenancy
from apps.tenancy.isolation import workspace_scope
from billing.metering.months import Month
from tests.factories.dispatch import make_deployment, running
from tests.factories.metering import completed, record_all, tell, use
from tests.factories.tenancy import join, make_key

pytestmark = pytest.mark.django_db


def used_by_a_deployment(workspace, count):
    with workspace_scope(workspace.id):
        run = running(make_deployment(workspace), workspace)
    tell(run, [completed(run, ended_at=utc_now()) for _ in range(count)])
    return run.deployment_id


def test_a_workspace_sees_its_usage_by_day_and_by_deployment(api, bob, workspace, rival_workspace):
    deployment_id = used_by_a_deployment(workspace, 3)
    use(workspace, 2)
    use(rival_workspace, 50)
    record_all()

    body = api(bob, workspace).get("usage").json()

    month, today = Month.of(utc_now()), utc_now().date()
    assert body["period"]["month"] == str(month)
    (meter,) = body["meters"]
    assert (meter["meter"], meter["unit"], meter["used"]) == ("task_runs", "task_run", 5)
    assert meter["forecast"] >= 5
    assert len(meter["by_day"]) == len(month.days)
    assert {"day": today.isoformat(), "quantity": 5} in meter["by_day"]
    assert meter["by_deployment"] == [
        {
            "kind": "deployment",
            "workspace_id": str(workspace.id),
            "deployment_id": str(deployment_id),
            "name": "load/main",
            "quantity": 3,
        },
        {
            "kind": "local",
            "workspace_id": str(workspace.id),
            "deployment_id": None,
            "name": None,
            "quantity": 2,
        },
    ]


def test_an_account_sees_all_its_workspaces(api, alice, workspace, rival_workspace):
    second = tenancy.create_workspace(
        account_id=workspace.account_id, user_id=alice.user.id, name="Second", now=utc_now()
    )
    deployment_id = used_by_a_deployment(second, 4)
    use(workspace, 1)
    use(rival_workspace, 50)
    record_all()

    (meter,) = api(alice).get(f"/api/v1/account/{workspace.account_id}/usage").json()["meters"]

    assert meter["used"] == 5
    assert [(line["workspace"]["name"], line["quantity"]) for line in meter["by_workspace"]] == [
        ("Second", 4),
        (workspace.name, 1),
    ]
    first = meter["by_deployment"][0]
    assert (first["deployment_id"], first["name"]) == (str(deployment_id), "load/main")


def test_a_month_can_be_chosen(api, alice, workspace):
    last_month = Month.of(utc_now()).starts_at - timedelta(hours=1)
    use(workspace, 7, at=last_month)
    use(workspace, 1)
    record_all()

    body = api(alice).get(f"usage?month={Month.of(last_month)}").json()
    ahead = api(alice).get("usage?month=2199-12").json()

    assert body["period"]["ends_at"] == Month.of(last_month).ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (body["meters"][0]["used"], body["meters"][0]["forecast"]) == (7, 7)
    assert (ahead["meters"][0]["used"], ahead["meters"][0]["forecast"]) == (0, None)


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-1", "9999-12", "0001-01", "2026-01-01", "٢٠٢٦-٠١", "", "%00"]
)
def test_what_is_no_month_is_refused(api, alice, workspace, month):
    for place in ("usage", f"/api/v1/account/{workspace.account_id}/usage"):
        answer = api(alice).get(f"{place}?month={month}")

        assert answer.status_code == 400
        assert answer.json()["error"]["fields"].keys() == {"month"}


def test_usage_of_an_account_is_for_those_who_answer_for_it(api, alice, bob, workspace):
    path = f"/api/v1/account/{workspace.account_id}/usage"
    key = make_key(alice, role="OWNER")

    assert api(alice).get(path).status_code == 200
    assert api(bob).get(path).json()["error"]["code"] == "permission_denied"
    assert api(key).get(path).status_code == 403


def test_usage_of_a_workspace_needs_its_scope(api, alice, workspace):
    developer = join("dev@acme.example", workspace, "DEVELOPER")

    assert api(developer).get("usage").status_code == 200
    assert api(make_key(alice, role="AGENT"), workspace).get("usage").status_code == 403


def test_reading_usage_takes_few_queries(api, alice, workspace, django_assert_max_num_queries):
    for _ in range(5):
        use(workspace, 1)
    used_by_a_deployment(workspace, 1)
    record_all()
    client = api(alice)

    with django_assert_max_num_queries(20):
        client.get(f"/api/v1/account/{workspace.account_id}/usage")
