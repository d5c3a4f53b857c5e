"""The two answers a load balancer asks for."""

import socket

import pytest
from django.db import DatabaseError, connection
from django.test import Client


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_alive_without_any_store() -> None:
    assert Client().get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_with_its_stores_and_tables(settings) -> None:
    settings.CELERY_BROKER_URL = "memory://"

    answer = Client().get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": "ok", "broker": "ok", "migrations": "ok"}


@pytest.mark.django_db
def test_not_ready_without_the_broker(settings, closed_port) -> None:
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{closed_port}/0"

    answer = Client().get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["checks"]["broker"] == "unreachable"


@pytest.mark.django_db
def test_not_ready_without_the_database(settings) -> None:
    settings.CELERY_BROKER_URL = "memory://"

    def refuse(*_: object) -> None:
        raise DatabaseError("the server closed the connection")

    with connection.execute_wrapper(refuse):
        answer = Client().get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "unreachable",
        "broker": "ok",
        "migrations": "unknown",
    }
