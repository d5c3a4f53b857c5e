"""
Make an export: kind by kind, piece by piece, then one zip of all pieces.

A piece is stored first and noted then, with the cursor behind it, in one transaction that holds
only while the worker's claim stands. Whoever is killed at any point leaves at most one piece that
nobody noted; the next worker goes on behind the last noted one. Memory holds one page.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile

import structlog
from django.db import transaction
from django.db.models import F

from apps.core.clock import utc_now
from apps.core.http.json import dumps
from apps.core.jobs import enqueue_on_commit, enqueue_or_leave
from apps.exports import store
from apps.exports.enums import ExportState
from apps.exports.kinds import ACCOUNT_KINDS, WORKSPACE_KINDS
from apps.exports.models import ExportJob, ExportPart
from apps.tenancy.isolation import account_scope, workspace_scope

logger = structlog.get_logger(__name__)
WORK_TASK: Final = "exports.work_on_export"
KEPT: Final = timedelta(days=7)
CLAIMED_FOR: Final = timedelta(minutes=2)  # without a sign; renewed with each page
WORK_SECONDS: Final = 60.0  # of one task; the rest comes with the next
PAGE: Final = 500  # rows in memory: they may be 64 KB each
PIECE_ROWS: Final = 50_000
MOST_ATTEMPTS: Final = 5  # for nothing, one after the other
HANDED_OUT_AT_ONCE: Final = 50


class ClaimLostError(Exception):
    """Somebody else is at it: we were too slow, or taken for dead."""


def hand_out_exports(*, now: datetime) -> int:
    """Hand out exports that nobody is at; return how many. For loops."""
    waiting = ExportJob.objects.unclaimed(now).order_by("created_at", "id")
    found = list(waiting.values_list("account_id", "id")[:HANDED_OUT_AT_ONCE])
    for account_id, job_id in found:
        enqueue_or_leave(WORK_TASK, account_id=str(account_id), job_id=str(job_id))
    return len(found)


def work_on_export(
    *,
    account_id: uuid.UUID,
    job_id: uuid.UUID,
    clock: Callable[[], float] = time.monotonic,
    work_seconds: float = WORK_SECONDS,
    piece_rows: int = PIECE_ROWS,
    page: int = PAGE,
) -> bool:
    """
    Go on with an export for a while; return whether it is done. For Celery.

    Any number may be called at once: one of them gets the claim, the others return.
    """
    claim = _claim(account_id, job_id, utc_now())
    if claim is None:
        return False
    until = clock() + work_seconds
    try:
        while part := _next_part(account_id, job_id):
            if clock() >= until:
                _let_go(account_id, job_id, claim)
                return False
            _make_piece(part, claim, piece_rows=piece_rows, page=page)
        _assemble(account_id, job_id, claim)
    except ClaimLostError:
        logger.warning("export.claim_lost", export_id=str(job_id))
        return False
    return True


@transaction.atomic
def _claim(account_id: uuid.UUID, job_id: uuid.UUID, now: datetime) -> uuid.UUID | None:
    claim = uuid.uuid4()
    with account_scope(account_id):
        mine = ExportJob.objects.unclaimed(now).filter(pk=job_id)
        if mine.filter(attempts__gte=MOST_ATTEMPTS).update(
            state=ExportState.FAILED,
            error="It could not be made. Ask for a new one.",
            claimed_until=None,
            expires_at=now + KEPT,
        ):
            logger.error("export.failed", export_id=str(job_id))
            return None
        taken = mine.update(
            state=ExportState.RUNNING,
            claim=claim,
            claimed_until=now + CLAIMED_FOR,
            attempts=F("attempts") + 1,
        )
    return claim if taken else None


def _next_part(account_id: uuid.UUID, job_id: uuid.UUID) -> ExportPart | None:
    with account_scope(account_id):
        parts = ExportPart.objects.filter(job_id=job_id, finished_at=None)
        return parts.order_by("position").first()


def _make_piece(part: ExportPart, claim: uuid.UUID, *, piece_rows: int, page: int) -> None:
    kinds = ACCOUNT_KINDS if part.of_workspace is None else WORKSPACE_KINDS
    kind, cursor, rows = kinds.get(part.kind), part.cursor, 0
    owner = part.of_workspace or part.account_id
    # The claim in the name: what a worker stores that lost it is nobody else's piece.
    key = f"{part.job_id}/{part.position:05}-{len(part.pieces):05}-{claim.hex[:12]}.ndjson.gz"
    with tempfile.TemporaryFile() as file:
        with gzip.open(file, "wb", compresslevel=5) as out:
            while kind is not None:
                with _scope_of(part):
                    found = kind.read(owner, cursor, min(page, piece_rows))
                for row in found.rows:
                    out.write(dumps(row) + b"\n")
                rows += len(found.rows)
                cursor = found.cursor
                _renew(part.account_id, part.job_id, claim)
                if cursor is None or rows >= piece_rows:
                    break
        if rows:
            store.save(key, file)
    _note_piece(part, claim, key=key if rows else "", rows=rows, cursor=cursor)


def _scope_of(part: ExportPart) -> AbstractContextManager[None]:
    """SECURITY: read inside the row security of the one owner whose export this is."""
    if part.of_workspace is None:
        return account_scope(part.account_id)
    return workspace_scope(part.of_workspace)


@transaction.atomic
def _note_piece(
    part: ExportPart, claim: uuid.UUID, *, key: str, rows: int, cursor: list[object] | None
) -> None:
    now = utc_now()
    with account_scope(part.account_id):
        _renew(part.account_id, part.job_id, claim, progressed=True)
        ExportPart.objects.filter(pk=part.pk).update(
            pieces=[*part.pieces, key] if key else part.pieces,
            rows=part.rows + rows,
            cursor=cursor,
            finished_at=None if cursor is not None else now,
        )


def _renew(
    account_id: uuid.UUID, job_id: uuid.UUID, claim: uuid.UUID, *, progressed: bool = False
) -> None:
    """Raises: ClaimLostError."""
    attempts = {"attempts": 0} if progressed else {}
    with account_scope(account_id):
        held = ExportJob.objects.filter(pk=job_id, claim=claim, state=ExportState.RUNNING)
        if not held.update(claimed_until=utc_now() + CLAIMED_FOR, **attempts):
            raise ClaimLostError


@transaction.atomic
def _let_go(account_id: uuid.UUID, job_id: uuid.UUID, claim: uuid.UUID) -> None:
    with account_scope(account_id):
        ExportJob.objects.filter(pk=job_id, claim=claim).update(claimed_until=None)
    enqueue_on_commit(WORK_TASK, account_id=str(account_id), job_id=str(job_id))


def _assemble(account_id: uuid.UUID, job_id: uuid.UUID, claim: uuid.UUID) -> None:
    """Put all pieces into one zip. Killed here, the next worker begins the zip anew."""
    with account_scope(account_id):
        parts = list(ExportPart.objects.filter(job_id=job_id).order_by("position"))
    key = f"{job_id}/export-{claim.hex[:12]}.zip"
    with tempfile.TemporaryFile() as file:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=5) as archive:
            for part in parts:
                with archive.open(
                    f"{part.folder}/{part.kind}.ndjson", "w", force_zip64=True
                ) as out:
                    for piece in part.pieces:
                        _copy(piece, out)
                        _renew(account_id, job_id, claim)
            counts = {f"{part.folder}/{part.kind}.ndjson": part.rows for part in parts}
            archive.writestr("contents.json", dumps({"made_at": utc_now(), "rows": counts}))
        size = file.tell()
        store.save(key, file)
    now = utc_now()
    with account_scope(account_id):
        done = ExportJob.objects.filter(pk=job_id, claim=claim, state=ExportState.RUNNING).update(
            state=ExportState.DONE,
            file_key=key,
            size_bytes=size,
            finished_at=now,
            expires_at=now + KEPT,
            claimed_until=None,
        )
    if not done:
        raise ClaimLostError
    store.delete_all(job_id, but=key)
    logger.info("export.done", export_id=str(job_id), size_bytes=size, files=len(parts))


def _copy(piece: str, out: IO[bytes]) -> None:
    with store.open_file(piece) as stored, gzip.open(stored, "rb") as lines:
        shutil.copyfileobj(lines, out, 1024 * 1024)
