"""`/health/live`: the process answers. `/health/ready`: so do its stores, with our tables."""

from __future__ import annotations

from functools import lru_cache

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from apps.core.http.json import dumps

OK = "ok"


def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse(dumps({"status": OK}), content_type="application/json")


def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    checks = {"database": _database(), "broker": _broker()}
    checks["migrations"] = _migrations() if checks["database"] == OK else "unknown"
    is_ready = all(check == OK for check in checks.values())
    body = {"status": OK if is_ready else "unavailable", "checks": checks}
    return HttpResponse(
        dumps(body), status=200 if is_ready else 503, content_type="application/json"
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, psycopg.Error):
        return "unreachable"
    return OK


@lru_cache(maxsize=1)
def _broker_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url.replace("redis+socket://", "unix://").replace("virtual_host=", "db="),
        socket_connect_timeout=1,
        socket_timeout=1,
    )


def _broker() -> str:
    if settings.CELERY_BROKER_URL.startswith("memory"):
        return OK
    try:
        _broker_client(settings.CELERY_BROKER_URL).ping()
    except redis.RedisError:
        return "unreachable"
    return OK


_migrated = False


def _migrations() -> str:
    """Compare the code's migrations with the database's; asked until it agrees once."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return OK if _migrated else "pending"
