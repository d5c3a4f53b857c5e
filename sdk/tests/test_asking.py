"""Asking people, and having deployments run, from flows of either kind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pydantic
import pytest

from headway import (
    Approval,
    ApprovalExpired,
    DeploymentRun,
    RunSuspended,
    SubrunFailed,
    _approvals,
    _context,
    _recording,
    _subruns,
    ask,
    ask_async,
    flow,
    run_deployment,
    run_deployment_async,
)
from headway._client import shared_client
from tests_support import ContractServer


class Release(pydantic.BaseModel):
    day: date
    notes: list[str] = []


@dataclass
class Window:
    start: date


@pytest.fixture(autouse=True)
def quick_server(server: ContractServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADWAY_FLUSH_SECONDS", "0.05")
    monkeypatch.setattr(_approvals, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(_subruns, "FIRST_WAIT_SECONDS", 0.01)
    yield
    recorder = _recording.get_recorder()
    close = getattr(recorder, "close", None)
    if close is not None:
        close()
    shared_client().connection.close()


def asked_in_a_flow(title: str, **options: Any) -> Approval:
    @flow
    def release() -> Approval:
        return ask(title, **options)

    return release()


def asked_in_an_async_flow(title: str, **options: Any) -> Approval:
    ticks = 0

    @flow
    async def release() -> Approval:
        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        try:
            return await ask_async(title, **options)
        finally:
            ticking.cancel()

    said = asyncio.run(release())
    assert ticks > 1  # the loop went on
    return said


both_ways = pytest.mark.parametrize("asked", [asked_in_a_flow, asked_in_an_async_flow])
Asked = Callable[..., Approval]


@both_ways
@pytest.mark.parametrize(
    ("form", "answer", "values"),
    [
        (
            Release,
            {"day": "2026-03-01", "notes": ["a"]},
            Release(day=date(2026, 3, 1), notes=["a"]),
        ),
        (Window, {"start": "2026-03-01"}, Window(date(2026, 3, 1))),
        ({"type": "object"}, {"any": 1}, {"any": 1}),
        (None, None, None),
    ],
)
def test_an_answer_comes_as_what_the_form_is(
    server: ContractServer, asked: Asked, form: Any, answer: Any, values: Any
) -> None:
    told = {
        "state": "APPROVED",
        "answer": answer,
        "answered_by": {"name": "Alice"},
        "comment": "go",
    }
    answering = threading.Thread(target=server.answer, args=("Ship it?",), kwargs=told)
    answering.start()

    said = asked("Ship it?", form=form)

    answering.join()
    assert said == Approval(approved=True, values=values, by="Alice", comment="go")
    (question,) = server.questions.values()
    assert (question["form"] == {}) == (form is None)


@both_ways
def test_a_rejection_is_false_and_an_expiry_an_error(server: ContractServer, asked: Asked) -> None:
    for title, state in (("Ship it?", "REJECTED"), ("Anybody?", "EXPIRED")):
        threading.Thread(target=server.answer, args=(title,), kwargs={"state": state}).start()

    assert not asked("Ship it?")
    with pytest.raises(ApprovalExpired, match="Nobody answered 'Anybody"):
        asked("Anybody?", expires_in=60)


def test_whoever_stops_waiting_for_an_answer_goes_on(server: ContractServer) -> None:
    @flow(timeout=60)
    async def release() -> str:
        asking = asyncio.create_task(ask_async("Ship it?"))
        while not server.questions:
            await asyncio.sleep(0.005)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return "went on"

    assert asyncio.run(release()) == "went on"


@both_ways
def test_a_run_that_is_suspended_while_it_waits_leaves(
    server: ContractServer, asked: Asked
) -> None:
    def suspend() -> None:
        server.wait_for(lambda: server.questions)
        (run,) = _context._roots.values()
        run.hold.suspend()

    suspending = threading.Thread(target=suspend)
    suspending.start()

    with pytest.raises(RunSuspended):
        asked("Ship it?")
    suspending.join()


def ran_in_a_flow(**options: Any) -> DeploymentRun:
    @flow
    def nightly() -> DeploymentRun:
        return run_deployment("load/orders", {"day": "2026-03-01"}, **options)

    return nightly()


def ran_in_an_async_flow(**options: Any) -> DeploymentRun:
    @flow
    async def nightly() -> DeploymentRun:
        return await run_deployment_async("load/orders", {"day": "2026-03-01"}, **options)

    return asyncio.run(nightly())


@pytest.mark.parametrize("ran", [ran_in_a_flow, ran_in_an_async_flow])
def test_a_subrun_is_waited_for(server: ContractServer, ran: Callable[..., DeploymentRun]) -> None:
    def end(state: str) -> None:
        run = server.wait_for(
            lambda: [r for r in server.runs.values() if "asked" in r and r["state"] == "SCHEDULED"]
        )[0]
        server.end_run(run["id"], state)

    for state in ("COMPLETED", "FAILED"):
        threading.Thread(target=end, args=(state,)).start()
        if state == "COMPLETED":
            done = ran()
            assert done.state == "COMPLETED"
            asked = server.runs[done.id]["asked"]
            assert (asked["deployment"], asked["parameters"]) == (
                "load/orders",
                {"day": "2026-03-01"},
            )
        else:
            with pytest.raises(SubrunFailed):
                ran()
    assert ran(wait=False).state == "SCHEDULED"
    with pytest.raises(TimeoutError, match="is still SCHEDULED"):
        ran(timeout=0.02)
