"""The door of a pool: whom it asks for, and how many at once."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager

import pytest

from apps.core.wakeups import Wake
from apps.dispatch import waiting
from apps.dispatch.protocol import GrantedLease, LeaseAnswer, LeasedDeployment


class _Line:
    """Runs that wait, and who asked for them: in place of the database."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.asked: list[int] = []
        self.now, self.most_at_once = 0, 0

    async def take(self, agent: int, limit: int) -> LeaseAnswer:
        self.asked.append(agent)
        self.now += 1
        self.most_at_once = max(self.now, self.most_at_once)
        for _ in range(3):
            await asyncio.sleep(0)  # as the database answers: others go on meanwhile
        self.now -= 1
        taken = min(limit, self.runs)
        self.runs -= taken
        return LeaseAnswer(leases=[_lease() for _ in range(taken)], commands=[])


def _lease() -> GrantedLease:
    deployment = LeasedDeployment(
        id=uuid.uuid4(),
        name="main",
        entrypoint="f:f",
        path=".",
        version=None,
        code=None,
        job_settings={},
    )
    return GrantedLease(
        run_id=uuid.uuid4(),
        epoch=1,
        lease_seconds=30,
        run_name="r",
        flow_name="f",
        attempt=1,
        parameters={},
        timeout_seconds=None,
        deployment=deployment,
    )


@pytest.fixture
def come(monkeypatch):
    """Let so many agents stand at a door while a line of runs is there; how many each got."""

    @asynccontextmanager
    async def subscribe(channel, key):
        yield Wake()

    monkeypatch.setattr(waiting, "subscribe", subscribe)

    def stand(line, *, agents, limit=1, seconds=0.05):
        async def scene():
            door = waiting.Door(uuid.uuid4(), on_idle=lambda: None)
            waits = [
                door.wait(
                    lambda agent=agent: line.take(agent, limit),
                    told=Wake(),
                    most_runs=limit,
                    seconds=seconds,
                )
                for agent in range(agents)
            ]
            return [len(answer.leases) if answer else 0 for answer in await asyncio.gather(*waits)]

        return asyncio.run(scene())

    return stand


def test_while_there_is_enough_several_are_asked_for_at_once(come):
    line = _Line(runs=100)

    assert come(line, agents=20, limit=2, seconds=30) == [2] * 20
    assert line.most_at_once == waiting.MOST_AT_ONCE


def test_they_are_served_in_the_order_in_which_they_came(come):
    line = _Line(runs=100)

    come(line, agents=20, seconds=30)

    assert line.asked == list(range(20))


def test_an_empty_line_is_looked_at_once_for_all(come):
    line = _Line(runs=0)

    assert come(line, agents=50) == [0] * 50
    assert set(line.asked) == {0}


def test_the_end_of_the_line_is_noticed_within_one_round(come):
    line = _Line(runs=10)

    assert sum(come(line, agents=50)) == 10
    # Ten got one each; of those asked for together with the last, a few came too late.
    assert max(line.asked) < 10 + waiting.MOST_AT_ONCE
