"""Take batches in: everything that their items mean, in one transaction."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate, chain

import msgspec
from msgspec import Struct

from apps.core.ids import uuid7_time
from apps.core.transactions import joined
from apps.dispatch import services as dispatch
from apps.dispatch.services import Command, HeldLease, LocalStart
from apps.flows import services as flows
from apps.ingest import limits
from apps.ingest.decode import Decoded
from apps.ingest.envelope import (
    ITEM_TYPES,
    Cause,
    Failure,
    IngestBatch,
    RunReport,
    TaskRunReport,
)
from apps.ingest.services.admit import Admission
from apps.runs import services as runs
from apps.runs.enums import RunSource, RunState
from apps.runs.services import (
    FINISHED,
    AskedMove,
    CauseInfo,
    ErrorInfo,
    LocalRun,
    MoveResult,
    ReportResult,
    TaskReport,
)
from apps.telemetry import services as telemetry
from apps.telemetry.items import (
    Refusal,
    StoreOutcome,
    TelemetryBatch,
    UnstorableJSONError,
    storable,
)
from apps.telemetry.services import Repeated, RowsAreThereError
from apps.tenancy.actors import Actor, WorkspaceRef

FUTURE = timedelta(minutes=10)
KINDS = tuple(ITEM_TYPES)
STORED = ("logs", "events", "points")


class Answer(Struct, kw_only=True):
    """What the sender is told; accepted + duplicates + rejected = items sent."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Refusal] = []
    commands: list[Command] = []
    lost: list[HeldLease] = []


class Sent(Struct, kw_only=True):
    """One request whose sender may send all that is in it, though perhaps not at once."""

    workspace: WorkspaceRef
    actor: Actor
    decoded: Decoded
    admission: Admission | None = None  # until its rate classes were looked at
    differing: list[Refusal] = []  # duplicates that say something else than what is there


@joined
def accept_batches(
    *, requests: Sequence[Sent], now: datetime, repeated: Repeated = Repeated.SAVEPOINT
) -> list[Answer]:
    """
    Apply what requests of one workspace bring and say what became of each item.

    Order: runs that start, task runs, logs, events, points, runs that end, heartbeats; so a run's
    last words are stored before it ends, and its first report before its tasks'.
    Source: the SDK's recorder, agents, anybody with a key. All in the caller's transaction; the
    answers must not leave before its commit.
    Raises: RowsAreThereError with Repeated.RAISE, or when of several requests one repeats rows; the
    caller begins anew with each alone, or with Repeated.STAGE.
    """
    workspace = requests[0].workspace
    items = Joined(requests)
    window = _Window(
        oldest=now - timedelta(days=workspace.limits.retention_days), newest=now + FUTURE
    )
    run_ids = {report.run_id for report in items.batch.runs}
    run_ids |= {report.run_id for report in items.batch.task_runs}
    if len(run_ids) > 1:
        runs.lock_runs(workspace_id=workspace.id, run_ids=run_ids)

    _report_runs(workspace.id, items, window, now, ending=False)
    _report_task_runs(workspace.id, items, window)
    _store_telemetry(workspace, items, now, repeated)
    _report_runs(workspace.id, items, window, now, ending=True)
    if items.batch.heartbeats:
        _beat(workspace.id, items, now)
    return items.answers


class Joined:
    """The items of several requests in one batch, and the answers of each."""

    def __init__(self, requests: Sequence[Sent]) -> None:
        self.requests = requests
        self.answers = [Answer(rejected=list(sent.decoded.refusals)) for sent in requests]
        batches = [sent.decoded.batch for sent in requests]
        if len(batches) == 1:
            self.batch = batches[0]
            return
        self.batch = IngestBatch(
            **{kind: [*chain.from_iterable(getattr(b, kind) for b in batches)] for kind in KINDS}
        )
        self._ends = {
            kind: list(accumulate(len(getattr(batch, kind)) for batch in batches)) for kind in KINDS
        }

    def owner(self, kind: str, index: int) -> tuple[int, int]:
        """Return the number of the request that brought this item, and the item's place there."""
        if len(self.requests) == 1:
            return 0, index
        ends = self._ends[kind]
        number = bisect_right(ends, index)
        return number, index - (ends[number - 1] if number else 0)

    def actor(self, kind: str, index: int) -> Actor:
        return self.requests[self.owner(kind, index)[0]].actor

    def accept(self, kind: str, index: int) -> None:
        self.answers[self.owner(kind, index)[0]].accepted += 1

    def repeat(self, kind: str, index: int) -> None:
        self.answers[self.owner(kind, index)[0]].duplicates += 1

    def refuse(
        self, kind: str, index: int, code: str, message: str, field: str | None = None
    ) -> None:
        refusal = Refusal(kind=kind, index=index, code=code, message=message, field=field)
        self.pass_on(refusal)

    def settle_fresh(self, outcome: StoreOutcome) -> None:
        """Say of all items that were stored as events, logs and points: new, unless refused."""
        for sent, answer in zip(self.requests, self.answers, strict=True):
            answer.accepted += sum(len(getattr(sent.decoded.batch, kind)) for kind in STORED)
        for refusal in outcome.rejected:
            self.answers[self.owner(refusal.kind, refusal.index)[0]].accepted -= 1
            self.pass_on(refusal)

    def pass_on(self, refusal: Refusal) -> None:
        """Give the refusal of an item of this batch to who sent the item, by its place there."""
        number, index = self.owner(refusal.kind, refusal.index)
        refusal.index = self.requests[number].decoded.place(refusal.kind, index)
        self.answers[number].rejected.append(refusal)


class _Window(Struct, frozen=True, kw_only=True):
    oldest: datetime
    newest: datetime

    def refuse(self, at: datetime) -> tuple[str, str] | None:
        if at < self.oldest:
            return "too_old", f"Older than the workspace keeps (before {self.oldest.isoformat()})."
        if at > self.newest:
            return "in_future", "More than 10 minutes in the future."
        return None

    def refuse_id(self, task_run_id: uuid.UUID) -> tuple[str, str] | None:
        """
        Refuse an id by which its task run would be kept where nobody looks.

        SECURITY: nor may anybody fill the weeks to come, whose partitions are not made yet.
        """
        if task_run_id.version != 7:
            message = "A task run's id is a UUID of version 7: its time says where it is kept."
            return "invalid_item", message
        return self.refuse(uuid7_time(task_run_id))


def _store_telemetry(
    workspace: WorkspaceRef, items: Joined, now: datetime, repeated: Repeated
) -> None:
    batch = items.batch
    if not (batch.logs or batch.events or batch.points):
        return
    outcome = telemetry.store_batch(
        workspace_id=workspace.id,
        batch=TelemetryBatch(logs=batch.logs, events=batch.events, points=batch.points),
        now=now,
        retention_days=workspace.limits.retention_days,
        repeated=repeated,
    )
    if not outcome.duplicates:
        items.settle_fresh(outcome)
        return
    if len(items.answers) > 1:
        raise RowsAreThereError  # whose they are is not known
    items.answers[0].accepted += outcome.accepted
    items.answers[0].duplicates += outcome.duplicates
    for told in outcome.differing:
        told.index = items.requests[0].decoded.place(told.kind, told.index)
        items.requests[0].differing.append(told)
    for refusal in outcome.rejected:
        items.pass_on(refusal)


def _report_runs(
    workspace_id: uuid.UUID, items: Joined, window: _Window, now: datetime, *, ending: bool
) -> None:
    reports = items.batch.runs
    left: list[int] = []
    for index, report in enumerate(reports):
        if (report.state in FINISHED) is not ending:
            continue
        if refused := window.refuse(report.occurred_at):
            items.refuse("runs", index, *refused, "occurred_at")
        else:
            left.append(index)
    if not ending:
        left = _introduce(workspace_id, items, left, now)
    # The end of a run that we know, by far the usual case, does not ask first.
    unknown = _move(workspace_id, items, left, now)
    if ending:
        unknown = _move(workspace_id, items, _introduce(workspace_id, items, unknown, now), now)
    for index in unknown:
        items.refuse("runs", index, "unknown_run", "There is no such run.", "run_id")


def _introduce(
    workspace_id: uuid.UUID, items: Joined, places: Sequence[int], now: datetime
) -> list[int]:
    """Make runs of those that are reported for the first time; return the places not done yet."""
    reports = items.batch.runs
    left: list[int] = []
    started: dict[int, LocalStart] = {}
    flow_ids: dict[str, uuid.UUID] = {}
    for index in places:
        flow_name = reports[index].flow_name
        if flow_name is not None:
            if flow_name not in flow_ids:
                flow_ids[flow_name] = flows.ensure_flow(
                    workspace_id=workspace_id, name=flow_name, now=now
                )
            try:
                started[index] = _local_start(items, index, flow_ids[flow_name])
            except UnstorableJSONError as error:
                items.refuse("runs", index, "invalid_item", str(error), "parameters")
                continue
        left.append(index)
    if not started:
        return left
    adopted = dispatch.adopt_local_runs(
        workspace_id=workspace_id, started=list(started.values()), now=now
    )
    new = {run_id for run_id, is_new in adopted.items() if is_new}
    done = set()
    for index in started:
        # A new run is RUNNING: its first report, if it says so, has been carried out.
        if reports[index].run_id in new and reports[index].state is RunState.RUNNING:
            items.accept("runs", index)
            done.add(index)
        new.discard(reports[index].run_id)
    return [index for index in left if index not in done]


def _local_start(items: Joined, index: int, flow_id: uuid.UUID) -> LocalStart:
    report = items.batch.runs[index]
    actor = items.actor("runs", index)
    run = LocalRun(
        run_id=report.run_id,
        flow_id=flow_id,
        epoch=report.epoch,
        occurred_at=report.occurred_at,
        source=RunSource(report.source),
        name=report.name or "",
        parameters=_parameters(report),
        tags=report.tags,
        parent_run_id=report.parent_run_id,
        parent_task_run_id=report.parent_task_run_id,
        created_by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
    )
    return LocalStart(run=run, holder=report.holder or "")


def _move(
    workspace_id: uuid.UUID, items: Joined, places: Sequence[int], now: datetime
) -> list[int]:
    """Move runs as reported; return the places of runs that are not there."""
    if not places:
        return []
    moved = dispatch.report_runs(
        workspace_id=workspace_id,
        reports=[_asked(items.batch.runs[index]) for index in places],
        now=now,
    )
    unknown = []
    for index, each in zip(places, moved, strict=True):
        if each is None:
            unknown.append(index)
        elif each.result is MoveResult.ILLEGAL:
            state = items.batch.runs[index].state.value
            message = f"The run's state does not lead to {state}."
            items.refuse("runs", index, "illegal_transition", message, "state")
        elif each.result is MoveResult.DUPLICATE:
            items.repeat("runs", index)
        else:  # superseded reports are kept as evidence: accepted
            items.accept("runs", index)
    return unknown


def _asked(report: RunReport) -> AskedMove:
    return AskedMove(
        run_id=report.run_id,
        epoch=report.epoch,
        target=report.state,
        occurred_at=report.occurred_at,
        message=_cut(report.message or ""),
        error=_error(report.error),
        cause=_cause(report.cause),
    )


def _parameters(report: RunReport) -> dict[str, object]:
    data = bytes(report.parameters)
    if data == b"null":
        return {}
    if len(data) > limits.JSON_BYTES:
        raise UnstorableJSONError(f"The parameters are over {limits.JSON_BYTES} bytes.")
    try:
        return msgspec.json.decode(storable(data), type=dict[str, object])
    except msgspec.ValidationError as error:
        raise UnstorableJSONError("Expected an object.") from error


def _report_task_runs(workspace_id: uuid.UUID, items: Joined, window: _Window) -> None:
    places: list[int] = []
    reports: list[TaskReport] = []
    for index, item in enumerate(items.batch.task_runs):
        if refused := window.refuse(item.occurred_at):
            items.refuse("task_runs", index, *refused, "occurred_at")
        elif item.started_at is not None and (refused := window.refuse(item.started_at)):
            items.refuse("task_runs", index, *refused, "started_at")
        elif refused := window.refuse_id(item.task_run_id):
            items.refuse("task_runs", index, *refused, "task_run_id")
        else:
            places.append(index)
            reports.append(_task_report(item))
    if not reports:
        return
    for outcome in runs.report_task_runs(workspace_id=workspace_id, reports=reports):
        index = places[outcome.index]
        match outcome.result:
            case ReportResult.UNKNOWN_RUN:
                items.refuse("task_runs", index, "unknown_run", outcome.message, "run_id")
            case ReportResult.ILLEGAL:
                message = outcome.message or "The task run's state does not lead there."
                items.refuse("task_runs", index, "illegal_transition", message, "state")
            case ReportResult.DUPLICATE:
                items.repeat("task_runs", index)
            case _:
                items.accept("task_runs", index)


def _task_report(item: TaskRunReport) -> TaskReport:
    return TaskReport(
        task_run_id=item.task_run_id,
        run_id=item.run_id,
        epoch=item.epoch,
        sequence=item.sequence,
        state=item.state,
        occurred_at=item.occurred_at,
        task_name=item.task_name,
        name=item.name,
        attempt=item.attempt,
        started_at=item.started_at,
        map_index=item.map_index,
        depends_on=item.depends_on,
        error=_error(item.error),
    )


def _beat(workspace_id: uuid.UUID, items: Joined, now: datetime) -> None:
    told = dispatch.heartbeat(
        workspace_id=workspace_id,
        leases=[HeldLease(run_id=beat.run_id, epoch=beat.epoch) for beat in items.batch.heartbeats],
        now=now,
    )
    for sent, answer in zip(items.requests, items.answers, strict=True):
        own = {beat.run_id for beat in sent.decoded.batch.heartbeats}
        answer.accepted += len(sent.decoded.batch.heartbeats)
        answer.commands = [command for command in told.commands if command.run_id in own]
        answer.lost = [lease for lease in told.lost if lease.run_id in own]


def _error(failure: Failure | None) -> ErrorInfo | None:
    if failure is None:
        return None
    return {
        "type": failure.type,
        "message": _cut(failure.message),
        "traceback": None if failure.traceback is None else _cut(failure.traceback),
    }


def _cause(cause: Cause | None) -> CauseInfo | None:
    if cause is None:
        return None
    info: CauseInfo = {"kind": cause.kind.value}
    if cause.exit_code is not None:
        info["exit_code"] = cause.exit_code
    if cause.signal is not None:
        info["signal"] = cause.signal
    if cause.detail is not None:
        info["detail"] = cause.detail
    return info


def _cut(text: str) -> str:
    if len(text) <= limits.TEXT_LENGTH:
        return text
    missing = len(text) - limits.TEXT_LENGTH
    # The end of a traceback says more than its beginning; of a message both say something.
    half = limits.TEXT_LENGTH // 2
    return f"{text[:half]}… [cut: {missing} characters] …{text[-half:]}"
