"""How much of what is sent may come in now: rate classes, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from django.conf import settings

from apps.core.errors import RateLimited
from apps.core.http import rate_classes
from apps.core.http.rate_classes import Ask, RateClass, Standing
from apps.ingest.decode import Decoded
from apps.ingest.limits import TEXT_LENGTH
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, NewLogLine, Refusal, Resource, object_payload
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope

KIND_OF: Final = {
    RateClass.EVENTS: "events",
    RateClass.METRICS: "points",
    RateClass.LOGS: "logs",
}


@dataclass(slots=True, kw_only=True)
class Admission:
    """What one request was granted; for the headers of its answer."""

    rate_class: RateClass  # the highest that was refused something, else the highest in it
    standing: Standing | None = None  # None: nothing limits this class, or nobody could say
    nothing_fits: bool = False  # of any class that was refused something
    wait_seconds: int | None = None  # after which the refused items are worth sending again

    def headers(self) -> dict[str, str]:
        headers = dict(
            self.standing.headers() if self.standing else rate_classes.class_header(self.rate_class)
        )
        if self.wait_seconds is not None:
            headers["Retry-After"] = str(self.wait_seconds)
        return headers

    def refusal(self) -> RateLimited:
        """Return the 429 for a sender of whom nothing was taken."""
        assert self.standing is not None
        return self.standing.refusal(_over(self.standing), wait_seconds=self.wait_seconds or 1)


def admit(
    *, workspace: WorkspaceRef, requests: Sequence[Decoded], now: datetime
) -> list[Admission]:
    """
    Take requests of one workspace out of its buckets; what does not fit is refused by its index.

    Changes the requests: refused items leave their batches. Of each kind the first ones come in, so
    that what is sent again follows what was taken; of a request that is repeated `whole`, all or
    nothing. Costs a round trip to Valkey for all of them, and none when nothing in them is limited.
    Must be called outside of a transaction.
    """
    admissions = [Admission(rate_class=_highest(decoded)) for decoded in requests]
    asks: list[Ask] = []
    costs: list[list[int]] = []

    def want(rate_class: RateClass, limit: int, cost: list[int]) -> None:
        if total := sum(cost):
            asks.append(Ask(rate_class, limit, total))
            costs.append(cost)

    facts = workspace.limits.events_per_minute
    if facts is not None:
        want(RateClass.EVENTS, max(facts, 1), [len(each.batch.events) for each in requests])
        want(RateClass.METRICS, max(facts, 1), [len(each.batch.points) for each in requests])
    if log_bytes := settings.RATE_LIMIT_LOG_BYTES_PER_MINUTE:
        want(RateClass.LOGS, log_bytes, [_log_bytes(each) for each in requests])
    standings = rate_classes.take(workspace.id, asks)
    for standing, cost in zip(standings or (), costs, strict=False):
        _share_out(workspace, standing, requests, cost, admissions)
    tell = [standing for standing in standings or () if standing.tell]
    if tell:
        _tell(workspace, tell, now)
    return admissions


def _log_bytes(decoded: Decoded) -> int:
    return sum(map(_bytes_of, decoded.batch.logs))


def _bytes_of(line: NewLogLine) -> int:
    message = line.message[:TEXT_LENGTH]  # more is cut before it is stored
    return (len(message) if message.isascii() else len(message.encode())) or 1


def _highest(decoded: Decoded) -> RateClass:
    batch = decoded.batch
    if batch.runs or batch.task_runs or batch.heartbeats:
        return RateClass.STATE
    if batch.events:
        return RateClass.EVENTS
    if batch.points:
        return RateClass.METRICS
    return RateClass.LOGS if batch.logs else RateClass.STATE


def _share_out(
    workspace: WorkspaceRef,
    standing: Standing,
    requests: Sequence[Decoded],
    costs: Sequence[int],
    admissions: Sequence[Admission],
) -> None:
    left, owed = standing.granted, 0
    for decoded, cost, admission in zip(requests, costs, admissions, strict=True):
        if not cost:
            continue
        if admission.standing is None:
            admission.standing, admission.rate_class = standing, standing.rate_class
        if cost <= left:
            left -= cost
            continue
        if decoded.whole and left >= _enough(standing):
            used = cost
        else:
            used = _cut(standing.rate_class, decoded, 0 if decoded.whole else left)
        owed += max(0, used - left)
        left = max(0, left - used)
        if cost == used:
            continue
        stood = standing._replace(level=standing.level + left)
        wait = stood.wait_seconds(min(cost, _enough(standing)) if decoded.whole else cost - used)
        if admission.wait_seconds is None:
            admission.standing, admission.rate_class = stood, stood.rate_class
            admission.wait_seconds, admission.nothing_fits = wait, True
        admission.nothing_fits &= not used
        # Events must not wait for as long as logs do.
        admission.wait_seconds = min(admission.wait_seconds, wait)
    # Of what was granted, nothing is left but by those who take all or nothing: it goes back.
    if owed := owed - left:
        rate_classes.take(workspace.id, [Ask(standing.rate_class, standing.limit, owed, owed=True)])


def _enough(standing: Standing) -> int:
    """
    Return how much has to be there for a request that is taken whole.

    Half of what a bucket can give: a request may be larger than any bucket, and while others send,
    none is ever full. What is taken beyond it is owed, so nobody gets more in a minute than is his.
    """
    return max((standing.limit - standing.reserve) // 2, 1)


def _cut(rate_class: RateClass, decoded: Decoded, left: int) -> int:
    """Refuse what does not fit into what is left, and return how much of it is used."""
    kind = KIND_OF[rate_class]
    items = getattr(decoded.batch, kind)
    used = keep = min(left, len(items))
    if rate_class is RateClass.LOGS:
        # A line comes in whole when anything is left: one may be larger than the whole bucket.
        before = [0, *accumulate(map(_bytes_of, items))]
        keep = sum(1 for sum_before in before[:-1] if sum_before < left)
        used = before[keep]
    message = f"Over the {rate_class.value} that the workspace may send; send it again later."
    for index in range(keep, len(items)):
        decoded.refusals.append(
            Refusal(
                kind=kind,
                index=decoded.place(kind, index),
                code=RateLimited.code,
                message=message,
                retryable=True,
            )
        )
    setattr(decoded.batch, kind, items[:keep])
    return used


def _over(standing: Standing) -> str:
    unit = "bytes of logs" if standing.rate_class is RateClass.LOGS else "events and points"
    return f"Over the {standing.limit:,} {unit} a minute that the workspace may send."


def _tell(workspace: WorkspaceRef, standings: Sequence[Standing], now: datetime) -> None:
    """Leave an event for people and automations; at most one a minute and class gets here."""
    events = [
        NewEvent(
            name="headway.ingest.limited",
            occurred_at=now,
            resource=Resource(kind="workspace", name=workspace.slug),
            payload=object_payload(
                {
                    "class": standing.rate_class.value,
                    "refused": standing.tell,
                    "unit": "bytes" if standing.rate_class is RateClass.LOGS else "items",
                    "limit_per_minute": standing.limit,
                }
            ),
            source="headway",
        )
        for standing in standings
    ]
    with workspace_scope(workspace.id):
        telemetry.emit(workspace_id=workspace.id, events=events, now=now)
