"""
The doors of the live process, run for real: streams and waiting agents × what the account asks.

Whoever is inside when something new is asked is outside a second later, whether there was anything
to say to them or not; and who may stay hears on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.conf import settings

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch.models import Agent
from apps.tenancy.isolation import workspace_scope
from tests.doors import CONDITIONS, callers
from tests.factories.automations import event, put
from tests.factories.dispatch import make_deployment, start
from tests.live_process import live_process
from tests.stack import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
PATIENCE = 30.0  # seconds, of a machine that does other things too
EACH = pytest.mark.parametrize("name", CONDITIONS)


@pytest.fixture(scope="module")
def live(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), live_process() as url:
        yield url


class Asking(threading.Thread):
    """A request under way: a stream that is read until it ends, or an agent that waits."""

    def __init__(self, request: httpx2.Request) -> None:
        super().__init__(daemon=True)
        self.request = request
        self.status = 0
        self.said: list[str] = []
        self.has_begun = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            with httpx2.Client(timeout=2 * PATIENCE, trust_env=False) as client:
                answer = client.send(self.request, stream=True)
                self.status = answer.status_code
                for line in answer.iter_lines():
                    self.said.append(line)
                    self.has_begun.set()
        finally:
            self.has_begun.set()

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def begin(self) -> str | None:
        """Wait for the first words; return the code if they are a refusal."""
        assert self.has_begun.wait(PATIENCE), self.request.url
        return self._code()

    def end(self) -> str | None:
        """Wait until all is said; return the code if it is a refusal."""
        self.join(PATIENCE)
        assert not self.is_alive(), self.request.url
        return self._code()

    def _code(self) -> str | None:
        assert self.status, "The process is away."
        return json.loads(self.text)["error"]["code"] if self.status >= 400 else None


class Doors:
    """Every door of the live process for one workspace."""

    def __init__(self, live: str, workspace: Any) -> None:
        self.base = f"{live}/api/v1/workspaces/{workspace.slug}"
        self.workspace = workspace
        self.asked: list[Asking] = []

    def streams(self, client: Any, run_id: Any) -> list[Asking]:
        """Open each stream that there is, as this caller."""
        return [
            self._ask("GET", path, client)
            for path in ("streams/runs", f"streams/runs/{run_id}", "streams/events")
        ]

    def agent(self, client: Any, name: str) -> Asking:
        """Wait for work as an agent that sends what this caller has."""
        about = {"id": str(uuid7()), "name": name, "host": "h", "pid": 1, "version": "0"}
        body = {"agent": about | {"capacity": 1}, "limit": 1, "wait_seconds": 30}
        return self._ask("POST", "pools/default/leases", client, json=body)

    def _ask(self, method: str, path: str, client: Any, **more: Any) -> Asking:
        name = settings.SESSION_COOKIE_NAME
        cookie = client.client.cookies.get(name)
        headers = client.headers | ({"Cookie": f"{name}={cookie.value}"} if cookie else {})
        url = f"{self.base}/{path}"
        self.asked.append(Asking(httpx2.Request(method, url, headers=headers, **more)))
        return self.asked[-1]

    def count_waiting(self) -> int:
        """How many agents have greeted the pool, which they do at their first look for work."""
        with workspace_scope(self.workspace.id):
            return Agent.objects.count()


@contextmanager
def doors_of(live: str, workspace: Any) -> Iterator[Doors]:
    """The doors, at which nobody stands any more when the test empties the tables."""
    doors = Doors(live, workspace)
    try:
        yield doors
    finally:
        CONDITIONS["allowed_networks"].turn_on(workspace)
        for each in doors.asked:
            each.join(PATIENCE)


@EACH
def test_whoever_is_inside_when_it_is_asked_is_outside_a_second_later(
    live: str, workspace: Any, alice: Any, name: str
) -> None:
    condition = CONDITIONS[name]
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = start(deployment, scheduled_for=utc_now() + timedelta(days=1))
    people = callers(workspace, alice)
    with doors_of(live, workspace) as doors:
        streams = {who: doors.streams(client, run.id) for who, client in people.items()}
        agents = {who: doors.agent(people[who], who) for who in with_keys(people)}
        assert {each.begin() for stream in streams.values() for each in stream} == {None}
        wait_until("the agents to wait", lambda: doors.count_waiting() == len(agents))

        condition.turn_on(workspace)

        out = condition.refused if condition.looks_too else {}
        assert {each.end() for who in out for each in streams[who]} <= {None}  # mid-sentence
        for who in agents.keys() & condition.refused.keys():
            assert agents[who].end() == condition.refused[who]
        for who, client in people.items():
            again = {each.begin() for each in doors.streams(client, run.id)}
            assert again == {out.get(who)}, who

        put(workspace, event("late.news"))
        for who in people.keys() - out.keys():
            hears(streams[who][2], "late.news")
        assert not [who for who in out if "late.news" in streams[who][2].text]
        staying = [agent for who, agent in agents.items() if who not in condition.refused]
        with workspace_scope(workspace.id):
            leased = [str(start(deployment).id) for _ in staying]
        assert {agent.end() for agent in staying} <= {None}
        assert sorted(json.loads(agent.text)["leases"][0]["run_id"] for agent in staying) == leased


def hears(stream: Asking, words: str) -> None:
    wait_until("the news", lambda: words in stream.text, seconds=PATIENCE)


def with_keys(people: Iterable[str]) -> list[str]:
    return [who for who in people if "key" in who]


@EACH
def test_no_agent_begins_to_wait_at_a_closed_door(
    live: str, workspace: Any, alice: Any, name: str
) -> None:
    condition = CONDITIONS[name]
    people = callers(workspace, alice)
    condition.turn_on(workspace)
    with doors_of(live, workspace) as doors:
        agents = {who: doors.agent(client, who) for who, client in people.items()}

        for who in people.keys() - with_keys(people):
            # No cookie is taken for a POST: these views check no token against forgery.
            assert agents.pop(who).end() == "unauthenticated"
        for who in agents.keys() & condition.refused.keys():
            assert agents.pop(who).end() == condition.refused[who]
        wait_until("the others to wait", lambda: doors.count_waiting() == len(agents))
