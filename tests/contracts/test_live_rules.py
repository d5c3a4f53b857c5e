"""
Rules of a deployment and of a pool, by every way to a run, with a real agent and live process.

Erin is named by the deployment's rule and Dora is not; of the pool's runs, the agents of one
service account only may take any.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from apps.automations.models import ActionAttempt
from apps.core.ids import uuid7
from apps.dispatch.models import Agent
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.scopes import Scope
from tests.conftest import Api
from tests.factories.automations import evaluate, event, put
from tests.factories.tenancy import Person, actor_of, join, make_key, make_service_key
from tests.live_process import live_process
from tests.stack import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
SDK = Path(__file__).resolve().parents[2] / "sdk" / "src"
PATIENCE = 60.0  # seconds, of a machine that does other things too
FLOW = """
    from headway import flow

    @flow
    def load() -> None:
        print("loaded")
"""


@dataclass(frozen=True)
class Place:
    """A workspace that is served, and the folder with its code."""

    web: str
    live: str
    slug: str
    folder: Path

    def headway(self, key: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "headway", *words],
            cwd=self.folder,
            env=self.environment(key),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def environment(self, key: str) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "PYTHONPATH": str(SDK),
            "HEADWAY_API_URL": self.web,
            "HEADWAY_API_KEY": key,
            "HEADWAY_WORKSPACE": self.slug,
            "HEADWAY_SPOOL_DIR": str(self.folder / "spool"),
            "NO_PROXY": "*",
        }

    @contextmanager
    def agent(self, key: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "agent.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "headway", "agent", "start", "--pool", "gpu"],
                cwd=self.folder,
                env=self.environment(key),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)

    def lease(self, key: str, wait_seconds: int) -> httpx2.Response:
        about = {"id": str(uuid7()), "name": "a", "host": "h", "pid": 1, "version": "0"}
        return httpx2.post(
            f"{self.live}/api/v1/workspaces/{self.slug}/pools/gpu/leases",
            json={"agent": about | {"capacity": 1}, "limit": 1, "wait_seconds": wait_seconds},
            headers={"Authorization": f"Bearer {key}"},
            timeout=PATIENCE,
            trust_env=False,
        )


@pytest.fixture(scope="module")
def live(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), live_process() as url:
        yield url


@pytest.fixture
def place(
    live: str, live_server: Any, alice: Person, settings: Any, valkey: Any, tmp_path: Path
) -> Place:
    settings.LIVE_URL = live
    (tmp_path / "orders.py").write_text(textwrap.dedent(FLOW))
    assert Api(alice, None).post("pools", {"name": "gpu"}).status_code == 201
    made = Place(web=live_server.url, live=live, slug=alice.workspace.slug, folder=tmp_path)
    done = made.headway(
        make_key(alice, role="DEVELOPER"),
        *("deploy", "orders.py:load", "--name", "nightly", "--pool", "gpu"),
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def deployment(place: Place, alice: Person) -> dict[str, Any]:
    [found] = Api(alice, None).get("deployments").json()["items"]
    return dict(found)


def narrow(owner: Person, kind: str, object_id: str, scope: Scope, **named: Any) -> None:
    body = {"object_kind": kind, "object_id": object_id, "scope": scope.value} | named
    answer = Api(owner, None).post("rules", body)
    assert answer.status_code == 201, answer.content


def code_of(answer: Any) -> str | None:
    return answer.json()["error"]["code"] if answer.status_code >= 400 else None


def count_runs(workspace: Any) -> int:
    with workspace_scope(workspace.id):
        return Run.objects.count()


def test_a_run_of_a_narrowed_deployment_comes_by_no_way_from_who_is_not_named(
    place: Place, alice: Person, workspace: Any, deployment: dict[str, Any]
) -> None:
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    erin = join("erin@acme.example", workspace, "DEVELOPER")
    key, own = make_key(dora, role="DEVELOPER"), f"deployments/{deployment['id']}"
    rule = {
        "name": "again",
        "trigger": {"type": "event", "match": {"name": ["job.failed"]}},
        "actions": [{"type": "run_deployment", "deployment_id": deployment["id"]}],
    }
    earlier = Api(dora, None).post("automations", rule)
    assert earlier.status_code == 201, earlier.content
    member = actor_of(erin).member_id
    narrow(alice, "DEPLOYMENT", deployment["id"], Scope.RUNS_WRITE, member_id=str(member))

    refused = [
        client.request(method, path, body)
        for client in (Api(dora, None), Api(key, workspace))
        for method, path, body in (
            ("POST", f"{own}/runs", {}),
            ("POST", f"{own}/schedules", {"kind": "INTERVAL", "interval_seconds": 60}),
            ("POST", "automations", rule | {"name": "another"}),
        )
    ]
    by_hand = place.headway(key, "deployments", "run", "load/nightly")
    by_deploying = place.headway(
        key, *("deploy", "orders.py:load", "--name", "nightly", "--pool", "gpu", "--interval", "1m")
    )
    put(workspace, event("job.failed"))
    evaluate(workspace)  # it acts as soon as that is committed

    assert [code_of(each) for each in refused] == ["object_restricted"] * 6
    assert by_hand.returncode != 0
    assert by_deploying.returncode != 0
    for said in (by_hand.stderr, by_deploying.stderr):
        assert "the rules of this deployment" in said
    with workspace_scope(workspace.id):
        [attempt] = ActionAttempt.objects.all()
    assert attempt.outcome["error"] == "object_restricted"
    assert count_runs(workspace) == 0
    named = place.headway(make_key(erin, role="DEVELOPER"), "deployments", "run", "load/nightly")
    assert named.returncode == 0, named.stderr
    assert count_runs(workspace) == 1


def test_a_narrowed_pool_gives_its_runs_to_the_agents_that_its_rules_name(
    place: Place, alice: Person, workspace: Any, deployment: dict[str, Any]
) -> None:
    dora = join("dora@acme.example", workspace, "DEVELOPER")
    service, named = make_service_key(
        alice,
        role="AGENT",
        scopes=[Scope.LEASES_TAKE, Scope.RUNS_REPORT, Scope.TELEMETRY_WRITE, Scope.WORKSPACE_READ],
    )
    _, other = make_service_key(alice, role="AGENT", scopes=[Scope.LEASES_TAKE], name="other")
    strangers = {"of a person": make_key(dora, role="AGENT"), "of another account": other}
    waiting = {who: place.lease(key, 0).status_code for who, key in strangers.items()}
    assert waiting == dict.fromkeys(strangers, 200)
    answers: list[httpx2.Response] = []
    thread = threading.Thread(target=lambda: answers.append(place.lease(other, 30)))
    thread.start()
    wait_until("it to wait", lambda: count_agents(workspace) == 3, seconds=PATIENCE)

    pool = deployment["pool"]["id"]
    narrow(alice, "POOL", pool, Scope.LEASES_TAKE, service_account_id=str(service.id))

    thread.join(PATIENCE)
    assert [code_of(answer) for answer in answers] == ["object_restricted"]
    run = Api(alice, None).post(f"deployments/{deployment['id']}/runs", {}).json()
    assert {code_of(place.lease(key, 0)) for key in strangers.values()} == {"object_restricted"}
    with place.agent(other) as refused:
        assert refused.wait(PATIENCE) != 0
    assert "the rules of this pool" in (place.folder / "agent.log").read_text()
    with workspace_scope(workspace.id):
        assert Run.objects.get().state in {"SCHEDULED", "LATE"}
    with place.agent(named):
        wait_until(
            "the run", lambda: state_of(workspace, run["id"]) == "COMPLETED", seconds=PATIENCE
        )


def count_agents(workspace: Any) -> int:
    with workspace_scope(workspace.id):
        return Agent.objects.count()


def state_of(workspace: Any, run_id: str) -> str:
    with workspace_scope(workspace.id):
        return str(Run.objects.get(pk=run_id).state)
