"""What travels between agents and us."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, get_args

from apps.dispatch.enums import PoolKind
from apps.flows.code import Code
from apps.runs.enums import RunState

CommandName = Literal["cancel", "pause", "resume", "suspend"]

COMMANDS: Final = [(name, name) for name in get_args(CommandName)]

LEASE_TIME = timedelta(seconds=30)  # after the last heartbeat
BEAT_EVERY = timedelta(seconds=8)  # what agents are told to keep
ONLINE_FOR = timedelta(seconds=40)  # a poll may wait 30 s


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInfo:
    """An agent as it presents itself with each request."""

    id: uuid.UUID
    name: str
    host: str
    pid: int
    version: str
    capacity: int
    labels: dict[str, str] = field(default_factory=dict)
    runner: str = PoolKind.PROCESS  # what it executes runs by, a kind of pools

    @property
    def holder(self) -> str:
        return f"{self.host}:{self.pid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLease:
    """One lease that a holder believes to have."""

    run_id: uuid.UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the holder of a lease shall do."""

    run_id: uuid.UUID
    epoch: int
    command: CommandName = "cancel"


def command_of(state: str, resumes: str | None) -> CommandName | None:
    """Return what the state of a run, and what it shall be resumed with, ask of its executor."""
    if state == RunState.CANCELLING:
        return "cancel"
    if state == RunState.PAUSED:
        return "suspend" if resumes == "suspending" else "pause"
    return None


def commands_for(wanted: Iterable[Command], heeded: Collection[Command]) -> list[Command]:
    """
    Return what an agent has yet to do, out of what the states of its runs ask for.

    It says what it has heeded, so that a command that takes its time (a run that is stopping, one
    that is paused for a day) does not end each of its polls at once. What it was told to pause and
    nobody wants paused any more, it shall resume.
    """
    given = list(wanted)
    done = set(heeded)
    asked_for = {(each.run_id, each.epoch) for each in given}
    return [each for each in given if each not in done] + [
        Command(run_id=each.run_id, epoch=each.epoch, command="resume")
        for each in heeded
        if each.command == "pause" and (each.run_id, each.epoch) not in asked_for
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedDeployment:
    """Where the code of a leased run is."""

    id: uuid.UUID
    name: str
    entrypoint: str
    path: str
    version: str | None
    code: Code | None  # where else it is
    job_settings: dict[str, object]  # the pool's, and laid over them the deployment's own


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedLease:
    """All that an agent needs to start the run."""

    run_id: uuid.UUID
    epoch: int
    lease_seconds: int
    run_name: str
    flow_name: str
    attempt: int
    parameters: dict[str, object]
    timeout_seconds: int | None
    deployment: LeasedDeployment
    # What its process goes on with: {"kind", "attempt"} of what was begun; None: it begins afresh.
    resumes: dict[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseAnswer:
    """What a poll brings."""

    leases: list[GrantedLease]
    commands: list[Command]
    draining: bool | None = None  # it gets nothing more, until people say otherwise; None: not told

    @property
    def is_empty(self) -> bool:
        return not self.leases and not self.commands


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatAnswer:
    """What a beat brings; a lost lease is no longer the holder's: kill its process."""

    commands: list[Command]
    lost: list[HeldLease]
    draining: bool = False  # an agent's: it gets nothing more, until people say otherwise
