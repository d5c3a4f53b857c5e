"""Take a batch in: everything that its items mean, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from apps.core.errors import DomainError
from apps.core.transactions import joined
from apps.dispatch import services as dispatch
from apps.dispatch.services import Command, HeldLease
from apps.flows import services as flows
from apps.ingest import limits
from apps.ingest.decode import Decoded
from apps.ingest.envelope import Cause, Failure, Heartbeat, RunReport, TaskRunReport
from apps.runs import services as runs
from apps.runs.enums import RunSource, RunState
from apps.runs.errors import RunNotFound
from apps.runs.services import (
    FINISHED,
    CauseInfo,
    ErrorInfo,
    LocalRun,
    MoveResult,
    ReportResult,
    TaskReport,
)
from apps.telemetry import services as telemetry
from apps.telemetry.items import Refusal, TelemetryBatch, UnstorableJSONError, storable
from apps.telemetry.services import Repeated
from apps.tenancy.actors import Actor, WorkspaceRef

FUTURE = timedelta(minutes=10)


class Answer(Struct, kw_only=True):
    """What the sender is told; accepted + duplicates + rejected = items sent."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Refusal] = []
    commands: list[Command] = []
    lost: list[HeldLease] = []


@joined
def accept_batch(
    *,
    workspace: WorkspaceRef,
    actor: Actor,
    decoded: Decoded,
    now: datetime,
    repeated: Repeated = Repeated.SAVEPOINT,
) -> Answer:
    """
    Apply a batch and say what became of each item.

    Order: runs that start, task runs, logs, events, points, runs that end, heartbeats; so a run's
    last words are stored before it ends, and its first report before its tasks'.
    Source: the SDK's recorder, agents, anybody with a key. All in the caller's transaction; the
    answer must not leave before its commit.
    Raises: RowsAreThereError with Repeated.RAISE; the caller begins anew with Repeated.STAGE.
    """
    batch = decoded.batch
    answer = Answer(rejected=list(decoded.refusals))
    window = _Window(
        oldest=now - timedelta(days=workspace.limits.retention_days), newest=now + FUTURE
    )

    _report_runs(workspace, actor, decoded, answer, window, now, ending=False)
    _report_task_runs(workspace.id, decoded, answer, window, now)
    if batch.logs or batch.events or batch.points:
        outcome = telemetry.store_batch(
            workspace_id=workspace.id,
            batch=TelemetryBatch(logs=batch.logs, events=batch.events, points=batch.points),
            now=now,
            retention_days=workspace.limits.retention_days,
            repeated=repeated,
        )
        answer.accepted += outcome.accepted
        answer.duplicates += outcome.duplicates
        for refusal in outcome.rejected:
            refusal.index = decoded.place(refusal.kind, refusal.index)
            answer.rejected.append(refusal)
    _report_runs(workspace, actor, decoded, answer, window, now, ending=True)
    if batch.heartbeats:
        _beat(workspace.id, batch.heartbeats, answer, now)
    return answer


class _Window(Struct, frozen=True, kw_only=True):
    oldest: datetime
    newest: datetime

    def refuse(self, at: datetime) -> tuple[str, str] | None:
        if at < self.oldest:
            return "too_old", f"Older than the workspace keeps (before {self.oldest.isoformat()})."
        if at > self.newest:
            return "in_future", "More than 10 minutes in the future."
        return None


def _refuse(
    answer: Answer,
    decoded: Decoded,
    kind: str,
    index: int,
    code: str,
    message: str,
    field: str | None = None,
) -> None:
    answer.rejected.append(
        Refusal(
            kind=kind, index=decoded.place(kind, index), code=code, message=message, field=field
        )
    )


def _report_runs(
    workspace: WorkspaceRef,
    actor: Actor,
    decoded: Decoded,
    answer: Answer,
    window: _Window,
    now: datetime,
    *,
    ending: bool,
) -> None:
    for index, report in enumerate(decoded.batch.runs):
        if (report.state in FINISHED) is not ending:
            continue
        if refused := window.refuse(report.occurred_at):
            _refuse(answer, decoded, "runs", index, *refused, "occurred_at")
            continue
        try:
            result = _report_run(workspace, actor, report, now)
        except RunNotFound as error:
            _refuse(answer, decoded, "runs", index, "unknown_run", error.message, "run_id")
        except UnstorableJSONError as error:
            _refuse(answer, decoded, "runs", index, "invalid_item", str(error), "parameters")
        except DomainError as error:
            field = next(iter(error.fields), None) if error.fields else None
            _refuse(answer, decoded, "runs", index, error.code, error.message, field)
        else:
            if result is MoveResult.ILLEGAL:
                _refuse(
                    answer,
                    decoded,
                    "runs",
                    index,
                    "illegal_transition",
                    f"The run's state does not lead to {report.state.value}.",
                    "state",
                )
            elif result is MoveResult.DUPLICATE:
                answer.duplicates += 1
            else:  # superseded reports are kept as evidence: accepted
                answer.accepted += 1


def _report_run(
    workspace: WorkspaceRef, actor: Actor, report: RunReport, now: datetime
) -> MoveResult:
    # The end of a run that we know, by far the usual case, does not ask first.
    if report.flow_name is not None and report.state not in FINISHED:
        is_new = _adopt(workspace, actor, report, report.flow_name, now)
        if is_new and report.state is RunState.RUNNING:
            return MoveResult.APPLIED
    try:
        return _move(workspace, report, now)
    except RunNotFound:
        if report.flow_name is None or not _adopt(workspace, actor, report, report.flow_name, now):
            raise
    return _move(workspace, report, now)


def _adopt(
    workspace: WorkspaceRef, actor: Actor, report: RunReport, flow_name: str, now: datetime
) -> bool:
    local = LocalRun(
        run_id=report.run_id,
        flow_id=flows.ensure_flow(workspace_id=workspace.id, name=flow_name, now=now),
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
    _, is_new = dispatch.adopt_local_run(
        workspace_id=workspace.id, local=local, holder=report.holder or "", now=now
    )
    return is_new


def _move(workspace: WorkspaceRef, report: RunReport, now: datetime) -> MoveResult:
    moved = dispatch.report_run(
        workspace_id=workspace.id,
        run_id=report.run_id,
        epoch=report.epoch,
        target=report.state,
        occurred_at=report.occurred_at,
        now=now,
        message=_cut(report.message or ""),
        error=_error(report.error),
        cause=_cause(report.cause),
    )
    return moved.result


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


def _report_task_runs(
    workspace_id: uuid.UUID, decoded: Decoded, answer: Answer, window: _Window, now: datetime
) -> None:
    places: list[int] = []
    reports: list[TaskReport] = []
    for index, item in enumerate(decoded.batch.task_runs):
        if refused := window.refuse(item.occurred_at):
            _refuse(answer, decoded, "task_runs", index, *refused, "occurred_at")
        elif item.started_at is not None and (refused := window.refuse(item.started_at)):
            _refuse(answer, decoded, "task_runs", index, *refused, "started_at")
        else:
            places.append(index)
            reports.append(_task_report(item))
    if not reports:
        return
    for outcome in runs.report_task_runs(workspace_id=workspace_id, reports=reports, now=now):
        index = places[outcome.index]
        match outcome.result:
            case ReportResult.UNKNOWN_RUN:
                _refuse(
                    answer, decoded, "task_runs", index, "unknown_run", outcome.message, "run_id"
                )
            case ReportResult.ILLEGAL:
                _refuse(
                    answer,
                    decoded,
                    "task_runs",
                    index,
                    "illegal_transition",
                    outcome.message or "The task run's state does not lead there.",
                    "state",
                )
            case ReportResult.DUPLICATE:
                answer.duplicates += 1
            case _:
                answer.accepted += 1


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


def _beat(
    workspace_id: uuid.UUID, heartbeats: Sequence[Heartbeat], answer: Answer, now: datetime
) -> None:
    told = dispatch.heartbeat(
        workspace_id=workspace_id,
        leases=[HeldLease(run_id=beat.run_id, epoch=beat.epoch) for beat in heartbeats],
        now=now,
    )
    answer.accepted += len(heartbeats)
    answer.commands = told.commands
    answer.lost = told.lost


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
