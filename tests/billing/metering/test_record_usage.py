"""The ledger: each completed task run of a second or more once, whoever is killed and when."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from random import Random

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs.enums import RunState
from apps.runs.models import PendingUsage, TaskRun
from apps.tenancy.isolation import account_scope, workspace_scope
from billing.metering import services
from billing.metering.meters import Meter
from billing.metering.models import UsageDay, UsageRecord
from billing.metering.months import Month
from billing.metering.recount import describe, recount
from billing.metering.services import Usage
from tests.databases import superuser
from tests.factories.dispatch import local_run, make_deployment, running
from tests.factories.metering import completed, record_all, tell, use
from tests.isolation import as_worker, rolled_back
from tests.killed import killed_loops

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 31)


@pytest.fixture(scope="module", autouse=True)
def _no_task_runs_of_others(django_db_setup):
    """A recount is of all workspaces, and tests that commit leave their task runs in the store."""
    with superuser(str(connection.settings_dict["NAME"])) as link:
        link.execute("TRUNCATE runs_taskrun")


def ledger():
    with as_worker():
        rows = UsageRecord.objects.values_list("workspace_id", "day", "quantity")
        return sorted(rows)


def sums():
    with as_worker():
        rows = UsageDay.objects.values_list("workspace_id", "deployment_id", "day", "quantity")
        return sorted(rows, key=str)


def recount_now(**changes):
    now = changes.pop("now", None) or utc_now()
    with as_worker():
        return recount(month=Month.of(now), now=now)


def usage(workspace, **changes):
    return Usage(
        **{
            "workspace_id": workspace.id,
            "meter": Meter.TASK_RUNS,
            "quantity": 3,
            "day": DAY,
            "source_key": "a",
        }
        | changes
    )


def test_only_completed_task_runs_of_a_second_or_more_count(workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)
    at = utc_now()
    free = [
        completed(run, ended_at=at, state=state)
        for state in RunState
        if state in {"CACHED", "SKIPPED", "FAILED", "TIMED_OUT", "CRASHED", "CANCELLED"}
    ]
    retried = completed(run, ended_at=at)
    failed_first = completed(
        run, ended_at=at, state=RunState.FAILED, sequence=0, task_run_id=retried.task_run_id
    )
    short = completed(run, ended_at=at, seconds=0.999)

    tell(run, [*free, failed_first, short])
    tell(run, [retried, retried])
    tell(run, [retried, short])
    record_all()

    assert ledger() == [(workspace.id, at.date(), 1)]


def test_usage_is_of_the_day_and_the_deployment(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = running(deployment, workspace)
    midnight = datetime(2026, 4, 1, tzinfo=UTC)

    tell(
        run,
        [
            completed(run, ended_at=midnight - timedelta(microseconds=1)),
            completed(run, ended_at=midnight),
            completed(run, ended_at=midnight + timedelta(hours=1)),
        ],
    )
    record_all()

    assert sums() == [
        (workspace.id, deployment.id, DAY, 1),
        (workspace.id, deployment.id, date(2026, 4, 1), 2),
    ]


def test_the_same_source_key_counts_once(workspace):
    with as_worker():
        first = services.add_usage(usage=[usage(workspace)], now=utc_now())
        again = services.add_usage(
            usage=[usage(workspace), usage(workspace, source_key="b")], now=utc_now()
        )
        other_meter = services.add_usage(
            usage=[usage(workspace, meter=Meter.GB_SECONDS)], now=utc_now()
        )

    assert (first, again, other_meter) == (1, 1, 1)
    with as_worker():
        totals = dict(UsageDay.objects.values_list("meter", "quantity"))
    assert totals == {"task_runs": 6, "gb_seconds": 3}


def test_usage_of_a_workspace_that_is_gone_holds_nobody_up(workspace):
    with as_worker():
        gone = usage(workspace, workspace_id=uuid7(), source_key="b")

        assert services.add_usage(usage=[gone, usage(workspace)], now=utc_now()) == 1


def test_whoever_dies_before_the_commit_leaves_everything(workspace):
    use(workspace, 4)

    with as_worker(), rolled_back():
        assert services.record_usage(now=utc_now()) == 1
        assert UsageRecord.objects.count() == 1

    assert ledger() == []
    assert record_all() == 1
    assert ledger() == [(workspace.id, utc_now().date(), 4)]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (role, statement)
        for role in ("app", "worker")
        for statement in (
            "UPDATE metering_usagerecord SET quantity = 1",
            "DELETE FROM metering_usagerecord",
        )
    ]
    + [
        ("app", "INSERT INTO metering_usagerecord SELECT * FROM metering_usagerecord"),
        ("app", "UPDATE metering_usageday SET quantity = 1"),
        ("app", "DELETE FROM metering_usageday"),
        ("worker", "DELETE FROM metering_usageday"),
    ],
)
def test_no_serving_role_changes_the_ledger(workspace, role, statement):
    use(workspace, 1)
    record_all()

    def attempt():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    with (
        as_worker() if role == "worker" else nullcontext(),
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        attempt()


def test_rows_are_seen_in_their_workspace_and_over_their_account_only(workspace, rival_workspace):
    use(workspace, 1)
    use(rival_workspace, 1)
    record_all()

    for table in (UsageRecord, UsageDay):
        assert table.objects.count() == 0
        with workspace_scope(workspace.id):
            assert {row.workspace_id for row in table.objects.all()} == {workspace.id}
        with account_scope(workspace.account_id):
            assert {row.workspace_id for row in table.objects.all()} == {workspace.id}


def test_a_recount_agrees_while_some_of_it_waits(workspace, rival_workspace):
    use(workspace, 3)
    record_all()
    use(workspace, 2)
    use(rival_workspace, 1)

    found = recount_now()

    assert found.wrong == []
    assert found.task_runs == 6
    assert list(describe(found))[-1].endswith("drift 0")


def test_a_recount_finds_what_is_missing_and_what_is_too_much(workspace, rival_workspace):
    use(workspace, 3)
    with as_worker():
        PendingUsage.objects.all().delete()
        extra = usage(rival_workspace, day=utc_now().date(), quantity=2)
        services.add_usage(usage=[extra], now=utc_now())

    wrong = recount_now().wrong

    assert {line.workspace_id: line.drift for line in wrong} == {
        workspace.id: -3,
        rival_workspace.id: 2,
    }


def test_a_recount_finds_sums_that_left_the_ledger(workspace):
    use(workspace, 3)
    record_all()
    with as_worker():
        UsageDay.objects.update(quantity=4)

    (line,) = recount_now().wrong

    assert (line.drift, line.recorded, line.summed) == (0, 3, 4)


def test_days_that_retention_may_have_dropped_are_not_compared(workspace):
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    use(workspace, 1, at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    use(workspace, 1, at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    record_all()
    with as_worker():
        TaskRun.objects.filter(ended_at__lt=datetime(2026, 3, 2, tzinfo=UTC)).delete()

    found = recount_now(now=now)

    assert (found.since, found.wrong, found.task_runs) == (date(2026, 3, 2), [], 1)
    long_ago = recount_now(now=now + timedelta(days=300))
    assert long_ago.task_runs == 0


def test_the_command_ends_with_one_when_the_ledger_is_off(workspace):
    use(workspace, 1)
    said = StringIO()
    with as_worker():
        call_command("recount_usage", stdout=said)
        PendingUsage.objects.all().delete()

        with pytest.raises(SystemExit) as end:
            call_command("recount_usage", stdout=said)

    assert end.value.code == 1
    assert "drift 0" in said.getvalue()
    assert f"{workspace.id}: task runs 1, ledger 0 + waiting 0, sums 0, drift -1" in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_loops_that_are_killed_count_nothing_twice_and_lose_nothing(alice, mallory):
    random = Random(5)
    runs = [use(person.workspace, 1) for person in (alice, mallory)]
    sent, expected = [], 2

    with killed_loops(lambda: services.record_usage(now=utc_now(), limit=3), size=4) as crew:
        for step in range(60):
            run = random.choice(runs)
            if sent and random.random() < 0.3:
                tell(*random.choice(sent))
            else:
                batch = [completed(run, ended_at=utc_now()) for _ in range(random.randint(1, 5))]
                expected += len(batch)
                sent.append((run, batch))
                tell(run, batch)
            if step % 4 == 3:
                crew.kill_one(random)
    record_all()

    assert crew.killed > 5
    with as_worker():
        assert not PendingUsage.objects.exists()
    found = recount_now()
    assert (found.wrong, found.task_runs) == ([], expected)
