"""Run a block as the role that loops connect as: it sees every workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from apps.tenancy.isolation import WORKER_ROLE


@contextmanager
def as_worker() -> Iterator[None]:
    """
    Become headway_worker for the block, then headway_app again.

    Inside a test's transaction the role is local to it; outside, to this connection's session.
    """
    local = "LOCAL " if connection.in_atomic_block else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {local}ROLE {WORKER_ROLE}")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


@contextmanager
def rolled_back() -> Iterator[None]:
    """Run a block and undo what it wrote."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
