"""Budgets: rules on what a month costs, in agreement with the costs page, once a month."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection, connections

from apps.automations import services
from apps.automations.models import Automation, Deadline, Firing
from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.costs import selectors as costs
from apps.costs.enums import Group
from apps.tenancy.isolation import workspace_scope
from infra.local.postgres import OWNER
from tests.databases import connected_to, superuser
from tests.factories.automations import (
    evaluate,
    evaluate_and_die,
    make_automation,
    put_points,
    roll_up,
)
from tests.factories.costs import count, llm_call, make_price, store
from tests.factories.dispatch import local_run, make_deployment, running
from tests.factories.notifications import make_channel
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

migration = import_module("apps.automations.migrations.0007_take_over_budgets").Migration
NOW = utc_now()
NEXT_MONTH = (NOW.replace(day=28) + timedelta(days=4)).replace(
    day=1, hour=0, minute=0, second=0, microsecond=0
)
BUDGET = {"name": "models", "amount": "0.015", "currency": "USD"}
REACHED = {"type": "event", "match": {"name": ["headway.cost.budget_reached"]}}


@pytest.fixture
def web(api, alice):
    """Alice's browser."""
    return api(alice)


def call(workspace, run_id, *, at=None, model="acme-large", tokens=1_000):
    """A cent for each thousand tokens."""
    store(workspace, [llm_call(run_id, model, sent=tokens, received=0, at=at)])
    count(workspace)


def look(workspace, now=None):
    evaluate(workspace, now or utc_now() + timedelta(minutes=2))


def fired(workspace, **which):
    with workspace_scope(workspace.id):
        rows = Firing.objects.filter(**which).order_by("fired_at", "id")
        return [(each.automation.name, each.reason["month"]) for each in rows]


def month(at=None):
    return f"{at or NOW:%Y-%m}"


@pytest.fixture
def run(workspace):
    with workspace_scope(workspace.id):
        make_price(workspace)
        return local_run(workspace)


def test_a_month_that_reaches_it_fires_once_and_tells_rules_that_hear(web, workspace, run):
    with workspace_scope(workspace.id):
        make_automation(workspace, REACHED, name="hears")
    budget = web.post("budgets", BUDGET).json()
    counts = []

    for later in range(2, 8, 2):
        with workspace_scope(workspace.id):
            call(workspace, run.id)
        look(workspace, utc_now() + timedelta(minutes=later))
        look(workspace, utc_now() + timedelta(minutes=later))
        with workspace_scope(workspace.id):
            counts.append(sorted(Firing.objects.values_list("automation__name", flat=True)))

    assert counts == [[], ["hears", "models"], ["hears", "models"]]
    told = web.get("events?name=headway.cost.budget_reached").json()["items"]
    assert [each["payload"] for each in told] == [
        {
            "budget_id": budget["id"],
            "firing_id": told[0]["payload"]["firing_id"],
            "month": month(),
            "amount": "0.015",
            "spent": "0.020000",
            "currency": "USD",
            "key": "",
        }
    ]
    with workspace_scope(workspace.id):
        reason = Firing.objects.get(automation_id=budget["id"]).reason
    assert reason["text"].startswith(f"the whole workspace cost 0.02 USD in {NOW:%B %Y} by ")
    assert reason["window"]["from"] == f"{NOW:%Y-%m}-01T00:00:00.000000Z"


def test_it_fires_again_in_the_next_month(web, workspace, run):
    web.post("budgets", BUDGET)
    with workspace_scope(workspace.id):
        call(workspace, run.id, tokens=2_000)
    look(workspace)
    assert fired(workspace) == [("models", month())]

    # Nothing was spent in the new month; the last look at the old one is at its very end.
    look(workspace, NEXT_MONTH + timedelta(minutes=1))
    assert fired(workspace) == [("models", month())]
    with workspace_scope(workspace.id):
        call(workspace, run.id, at=NOW)
        _as_if_used_on(workspace, NEXT_MONTH)
    look(workspace, NEXT_MONTH + timedelta(days=1))

    assert fired(workspace) == [("models", month()), ("models", month(NEXT_MONTH))]


def _as_if_used_on(workspace, at):
    """What lies ahead is refused when it comes in, so the sums are moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE costs_dayusage SET day = %s WHERE workspace_id = %s", [at.date(), workspace.id]
        )


def test_what_the_last_day_used_belongs_to_the_old_month(web, workspace, run):
    web.post("budgets", BUDGET)
    with workspace_scope(workspace.id):
        call(workspace, run.id, tokens=2_000)
        _as_if_used_on(workspace, NEXT_MONTH - timedelta(days=1))
        Deadline.objects.update(ends_at=NEXT_MONTH, due_at=NEXT_MONTH)

    look(workspace, NEXT_MONTH + timedelta(seconds=30))

    assert fired(workspace) == [("models", month(NEXT_MONTH - timedelta(days=1)))]


def test_neither_a_pause_nor_a_correction_makes_it_fire_twice(web, workspace, run):
    budget = web.post("budgets", BUDGET).json()
    with workspace_scope(workspace.id):
        call(workspace, run.id, tokens=2_000)
    look(workspace)
    price = web.get("prices").json()["items"][0]

    web.patch(f"prices/{price['id']}", {"price": "0"})
    look(workspace, utc_now() + timedelta(minutes=5))
    web.patch(f"prices/{price['id']}", {"price": "10"})
    look(workspace, utc_now() + timedelta(minutes=8))
    web.patch(f"automations/{budget['id']}", {"paused": True})
    web.patch(f"automations/{budget['id']}", {"paused": False})
    look(workspace, utc_now() + timedelta(minutes=12))
    assert fired(workspace) == [("models", month())]

    web.patch(f"budgets/{budget['id']}", {"amount": "0.018"})
    look(workspace, utc_now() + timedelta(minutes=20))
    assert fired(workspace) == [("models", month())] * 2


def test_killed_before_its_commit_it_fires_once(web, workspace, run):
    web.post("budgets", BUDGET)
    with workspace_scope(workspace.id):
        call(workspace, run.id, tokens=2_000)

    for _ in range(3):
        evaluate_and_die(workspace, utc_now() + timedelta(minutes=2))
        assert fired(workspace) == []
    look(workspace)

    assert fired(workspace) == [("models", month())]


def test_a_look_waits_until_what_was_sent_is_counted(web, workspace, run):
    web.post("budgets", BUDGET)
    with workspace_scope(workspace.id):
        store(workspace, [llm_call(run.id, sent=2_000, received=0)])
        before = Deadline.objects.get().ends_at
    look(workspace, before + timedelta(minutes=5))
    with workspace_scope(workspace.id):
        assert Deadline.objects.get().ends_at <= before
        count(workspace)

    look(workspace)

    assert fired(workspace) == [("models", month())]


def test_a_price_that_is_said_late_counts_as_on_the_costs_page(web, workspace):
    """Which points of the metric could not do: they keep the price at which they were counted."""
    with workspace_scope(workspace.id):
        run = local_run(workspace)
        call(workspace, run.id, tokens=2_000)
    web.post("budgets", BUDGET)
    rolling = BUDGET_AS_POINTS | {"threshold": 0.015}
    with workspace_scope(workspace.id):
        make_automation(workspace, rolling, name="points")
        make_price(workspace)

    look(workspace, utc_now() + timedelta(hours=2))

    assert fired(workspace, automation__name="models") == [("models", month())]
    with workspace_scope(workspace.id):
        assert not Firing.objects.filter(automation__name="points").exists()
        today = NOW.date()
        page = costs.get_costs(
            workspace_id=workspace.id,
            by=Group.KIND,
            since=costs.month_of(today),
            until=today + timedelta(days=1),
        )
    spent = web.get("budgets").json()["items"][0]["spent"]
    assert spent == str(costs.shown(page.total.money["USD"])) == "0.020000"


BUDGET_AS_POINTS = {
    "type": "metric",
    "metric": "headway.cost",
    "aggregate": "sum",
    "where": {"currency": ["USD"]},
    "within_seconds": 31 * 86_400,
    "is": "above",
}


@pytest.fixture
def spent(workspace):
    """A deployment of a team and a run by hand, both with calls of two models."""
    team = {"kind": "team", "id": str(uuid7()), "name": "Data"}
    with workspace_scope(workspace.id):
        make_price(workspace)
        make_price(workspace, pattern="acme-small", price=Decimal(1))
        deployment = make_deployment(workspace, owners=[team])
        for run in (running(deployment, workspace), local_run(workspace)):
            call(workspace, run.id, tokens=1_000)
            call(workspace, run.id, tokens=1_000, model="acme-small")
        other = make_deployment(workspace, name="other")
    return {"deployment": deployment, "team": team, "other": other}


def test_each_kind_of_budget_hears_of_its_own(web, workspace, spent, alice):
    team = web.post(f"/api/v1/account/{workspace.account_id}/teams", {"name": "Platform"}).json()
    made = {
        "all": {"amount": "0.022"},
        "deployment": {"amount": "0.011", "deployment_id": str(spent["deployment"].id)},
        "nothing": {"amount": "0.000001", "deployment_id": str(spent["other"].id)},
        "team": {"amount": "0.000001", "team_id": team["id"]},
        "model": {"amount": "0.02", "model": "acme-large"},
        "missed": {"amount": "0.003", "model": "acme-small"},
    }
    for name, fields in made.items():
        answer = web.post("budgets", {"name": name, "currency": "USD"} | fields)
        assert answer.status_code == 201, answer.content

    look(workspace)

    assert {name for name, _ in fired(workspace)} == {"all", "deployment", "model"}
    items = {each["name"]: each for each in web.get("budgets").json()["items"]}
    assert {name: each["spent"] for name, each in items.items()} == {
        "all": "0.022000",
        "deployment": "0.011000",
        "nothing": "0.000000",
        "team": "0.000000",
        "model": "0.020000",
        "missed": "0.002000",
    }
    assert items["deployment"]["of"] == {
        "kind": "deployment",
        "id": str(spent["deployment"].id),
        "name": "load/main",
    }
    assert items["team"]["of"] == {"kind": "team", "id": team["id"], "name": "Platform"}
    assert items["model"]["of"] == {"kind": "model", "id": None, "name": "acme-large"}
    assert items["team"]["sentence"] == (
        "When what the team Platform costs in a month reaches 0.000001 USD, do nothing."
    )
    assert items["all"]["reached_at"] is not None
    assert items["missed"]["reached_at"] is None


def test_a_team_hears_of_its_deployments(workspace, spent):
    with workspace_scope(workspace.id):
        make_automation(
            workspace,
            BUDGET_AS_POINTS
            | {
                "over": "month",
                "within_seconds": None,
                "is": "at_least",
                "threshold": 0.011,
                "where": {"currency": ["USD"], "team_id": [spent["team"]["id"]]},
            },
        )

    look(workspace)

    assert fired(workspace) == [("watch", month())]


def test_a_rule_for_each_model_tells_them_apart(web, workspace, spent):
    trigger = BUDGET_AS_POINTS | {
        "over": "month",
        "within_seconds": None,
        "is": "at_least",
        "threshold": 0.002,
        "for_each": ["model"],
    }
    with workspace_scope(workspace.id):
        make_automation(workspace, trigger)

    look(workspace)

    with workspace_scope(workspace.id):
        assert sorted(Firing.objects.values_list("key", flat=True)) == [
            '["acme-large"]',
            '["acme-small"]',
        ]
    (budget,) = web.get("budgets").json()["items"]
    assert (budget["of"]["kind"], budget["spent"]) == ("other", "0.020000")


def test_rows_above_a_months_number_of_any_metric(workspace):
    """A month so far is there for what people measure themselves, too."""
    trigger = {
        "type": "metric",
        "metric": "rows",
        "aggregate": "sum",
        "over": "month",
        "is": "at_least",
        "threshold": 10,
    }
    first = datetime(2026, 3, 1, tzinfo=UTC)
    with workspace_scope(workspace.id):
        make_automation(workspace, trigger, now=first)
    days = [(first + timedelta(days=day, hours=1), 4.0) for day in (-1, 3, 9, 20, 25, 40, 41, 42)]
    for at, value in days:
        put_points(workspace, [(at, value)], name="rows", now=at)

    for day in range(0, 50, 2):
        roll_up()
        evaluate(workspace, first + timedelta(days=day, hours=3))

    assert fired(workspace) == [("watch", "2026-03"), ("watch", "2026-04")]


def test_what_it_would_have_done(web, workspace, run):
    with workspace_scope(workspace.id):
        call(workspace, run.id)
        for back in (40, 41):
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO costs_dayusage (workspace_id, day, deployment_id, flow_id, kind,"
                    " subject, unit, quantity, count) SELECT workspace_id, %s, deployment_id,"
                    " flow_id, kind, subject, unit, quantity, count FROM costs_dayusage"
                    " WHERE workspace_id = %s AND day = %s",
                    [(NOW - timedelta(days=back)).date(), workspace.id, NOW.date()],
                )

    months = web.post(
        "budgets/preview", {"amount": "0.01", "currency": "USD", "model": "acme-large"}
    ).json()["months"]

    assert len(months) == 4
    assert months[-1] == {
        "month": f"{NOW:%Y-%m}-01",
        "spent": "0.010000",
        "reached_on": f"{NOW:%Y-%m-%d}",
    }
    assert sum(Decimal(each["spent"]) for each in months) == Decimal("0.03")
    assert web.post("budgets/preview", {"amount": "9", "currency": "EUR"}).json()["months"] == [
        each | {"spent": "0.000000", "reached_on": None} for each in months
    ]


def test_it_is_told_in_a_channel(web, workspace):
    channel = make_channel(workspace)

    made = web.post("budgets", BUDGET | {"channel_id": str(channel.id)}).json()

    assert made["sentence"] == (
        "When what the whole workspace costs in a month reaches 0.015 USD, notify ops."
    )
    actions = web.get(f"automations/{made['id']}").json()["actions"]
    assert [each["type"] for each in actions] == ["notify"]


def test_budgets_are_changed_and_taken_away(web, workspace):
    made = web.post("budgets", BUDGET)
    assert made.status_code == 201, made.content
    budget = made.json()
    assert web.post("budgets", BUDGET).json()["error"]["fields"] == {
        "name": ["Taken by another one."]
    }
    changed = web.patch(f"budgets/{budget['id']}", {"amount": "7", "currency": "EUR"}).json()
    assert (changed["amount"], changed["currency"]) == ("7", "EUR")
    assert web.get("budgets").json()["items"] == [changed]
    other = web.post("automations", {"name": "no", "trigger": REACHED, "actions": []}).json()
    assert web.patch(f"budgets/{other['id']}", {"amount": "7"}).status_code == 404
    assert web.delete(f"budgets/{other['id']}").status_code == 404

    assert web.delete(f"budgets/{budget['id']}").status_code == 204

    assert web.get("budgets").json()["items"] == []


def test_a_viewer_looks_and_changes_nothing(web, api, bob):
    budget = web.post("budgets", BUDGET).json()
    theirs = api(bob)

    assert theirs.get("budgets").json()["items"] == [budget]
    assert theirs.post("budgets/preview", {"amount": "1", "currency": "USD"}).status_code == 200
    for answer in (
        theirs.post("budgets", BUDGET | {"name": "b"}),
        theirs.patch(f"budgets/{budget['id']}", {"amount": "6"}),
        theirs.delete(f"budgets/{budget['id']}"),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "Infinity"}, "amount"),
        ({"amount": 10**30}, "amount"),
        ({"amount": "12345678901.123456"}, "amount"),
        ({"amount": True}, "amount"),
        ({"currency": "$"}, "currency"),
        ({"currency": None}, "currency"),
        ({"name": "\0"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"model": "a\0"}, "model"),
        ({"model": "\ud800"}, "model"),
        ({"model": ""}, "model"),
        ({"model": "m" * 201}, "model"),
        ({"model": ["a"]}, "model"),
        ({"deployment_id": "x"}, "deployment_id"),
        ({"deployment_id": "01900000-0000-7000-8000-000000000001"}, "deployment_id"),
        ({"team_id": "01900000-0000-7000-8000-000000000001"}, "team_id"),
        ({"model": "a", "team_id": "01900000-0000-7000-8000-000000000001"}, "model"),
        ({"channel_id": "01900000-0000-7000-8000-000000000001"}, "channel_id"),
        ({"colour": "red"}, "colour"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_budgets_that_are_none(web, workspace, changes, field):
    answer = web.post("budgets", BUDGET | changes)

    assert answer.status_code == 400, answer.content
    fields = answer.json()["error"]["fields"]
    assert fields is None or list(fields) == [field]
    with workspace_scope(workspace.id):
        assert not Automation.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"within_seconds": 60}, "trigger.within_seconds"),
        ({"is": "above"}, "trigger.is"),
        ({"is": "below"}, "trigger.is"),
        ({"for_seconds": 60}, "trigger.for_seconds"),
        ({"resolve_at": 1}, "trigger.resolve_at"),
        ({"tell_resolved": True}, "trigger.tell_resolved"),
        ({"aggregate": "avg"}, "trigger.aggregate"),
        ({"where": {}}, "trigger.where.currency"),
        ({"where": {"currency": ["USD", "EUR"]}}, "trigger.where.currency"),
        ({"where": {"currency": ["USD"], "zone": ["eu"]}}, "trigger.where.zone"),
        ({"for_each": ["zone"]}, "trigger.for_each.0"),
        ({"over": "year"}, "trigger.over"),
        ({"over": None}, "trigger.is"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_trigger_on_a_month_is_checked_by_field(web, change, field):
    trigger = {
        "type": "metric",
        "metric": "headway.cost",
        "aggregate": "sum",
        "over": "month",
        "where": {"currency": ["USD"]},
        "is": "at_least",
        "threshold": 5,
    }
    made = web.post("automations", {"name": "w", "trigger": trigger | change, "actions": []})

    assert made.status_code == 400, made.content
    assert list(made.json()["error"]["fields"]) == [field]


def test_a_preview_of_the_rule_plays_days(web, workspace, run):
    with workspace_scope(workspace.id):
        call(workspace, run.id, tokens=2_000)
    budget = web.post("budgets", BUDGET).json()
    trigger = web.get(f"automations/{budget['id']}").json()["trigger"]

    found = web.post("automations/preview", {"trigger": trigger}).json()

    assert found["fired"] == 1
    assert found["would_fire"][0]["reason"]["month"] == month()


OLD_TABLE = """
CREATE TABLE costs_budget (
    id uuid PRIMARY KEY, created_at timestamptz NOT NULL, workspace_id uuid NOT NULL,
    name varchar(120) NOT NULL, amount numeric(20, 6) NOT NULL, currency varchar(3) NOT NULL,
    deployment_id uuid, reached_month date)
"""


@pytest.fixture
def old_table():
    """The table that budgets had, for who owns all tables."""
    database = str(connection.settings_dict["NAME"])
    with superuser(database) as link:
        link.execute(OLD_TABLE)
        link.execute(f"ALTER TABLE costs_budget OWNER TO {OWNER}")
        yield link
        link.execute("DROP TABLE costs_budget")


@pytest.mark.django_db(transaction=True)
def test_budgets_of_before_become_rules_that_do_not_tell_again(web, workspace, old_table):
    with workspace_scope(workspace.id):
        make_price(workspace)
        run = local_run(workspace)
        deployment = make_deployment(workspace)
        make_automation(workspace, name="taken")
        call(workspace, run.id, tokens=5_000)
    ids = {name: uuid7() for name in ("told", "taken", "Of a deployment")}
    this_month = NOW.date().replace(day=1)
    last = this_month - timedelta(days=1)
    for row in (
        (ids["told"], "told", "0.02", None, this_month),
        (ids["taken"], "taken", "0.03", None, last.replace(day=1)),
        (ids["Of a deployment"], "Of a deployment", "0.000001", deployment.id, None),
    ):
        old_table.execute(
            "INSERT INTO costs_budget (id, name, amount, deployment_id, reached_month,"
            " workspace_id, currency, created_at) VALUES (%s, %s, %s, %s, %s, %s, 'USD', now())",
            [*row, workspace.id],
        )
    (operation,) = migration.operations
    database = str(connection.settings_dict["NAME"])
    with connected_to(database, OWNER), connection.schema_editor() as editor:
        operation.database_forwards("automations", editor, None, None)

    look(workspace, utc_now() + timedelta(minutes=3))

    items = {each["id"]: each for each in web.get("budgets").json()["items"]}
    taken = f"taken (budget {str(ids['taken'])[-12:]})"
    assert {id_: each["name"] for id_, each in items.items()} == {
        str(ids["told"]): "told",
        str(ids["taken"]): taken,
        str(ids["Of a deployment"]): "Of a deployment",
    }
    assert items[str(ids["Of a deployment"])]["of"]["name"] == "load/main"
    assert sorted(fired(workspace)) == [(taken, month(last)), (taken, month()), ("told", month())]
    with workspace_scope(workspace.id):
        told = Firing.objects.get(automation_id=ids["told"])
    assert told.reason["text"] == f"It cost 0.020000 USD or more in {NOW:%B %Y}."
    assert web.get(f"automations/{ids['told']}/firings").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_at_once_fire_once(web, workspace):
    with workspace_scope(workspace.id):
        make_price(workspace)
        run = local_run(workspace)
        store(workspace, [llm_call(run.id, sent=2_000, received=0)])
    for number in range(20):
        web.post("budgets", BUDGET | {"name": f"budget {number}"})
    with workspace_scope(workspace.id):
        count(workspace)
    start = threading.Barrier(4)
    now = utc_now() + timedelta(minutes=2)

    def evaluate_for_long():
        try:
            start.wait()
            with as_worker():
                while True:
                    done = services.evaluate_workspace(workspace_id=workspace.id, now=now, looks=3)
                    if done is not None and not done.decided:
                        break
        finally:
            connections.close_all()

    threads = [threading.Thread(target=evaluate_for_long) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(fired(workspace)) == sorted((f"budget {number}", month()) for number in range(20))
    told = web.get("events?name=headway.cost.budget_reached").json()["items"]
    assert len({each["resource"]["name"] for each in told}) == len(told) == 20
