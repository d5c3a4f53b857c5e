"""A client that sends bytes to the doors, and looks into what came of it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from apps.ingest.models import Refused
from apps.telemetry.models import Event, LogLine, MetricPoint, MetricSeries
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key


@dataclass
class Sender:
    """Somebody with a key, at the doors of the key's workspace."""

    workspace: Any
    key: str

    def send(
        self, path: str, body: Any, content_type: str | None = "application/json", **headers: str
    ) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
        given = {"Authorization": f"Bearer {self.key}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return Client().generic("POST", path, data, content_type=content_type or "", headers=given)

    def send_packed(self, path: str, body: bytes, content_type: str) -> Any:
        return self.send(path, gzip.compress(body), content_type, Content_Encoding="gzip")

    def _rows(self, model: Any, *order: str) -> list[Any]:
        with workspace_scope(self.workspace.id):
            return list(model.objects.for_workspace(self.workspace.id).order_by(*order))

    def events(self) -> list[Event]:
        return self._rows(Event, "occurred_at", "id")

    def lines(self) -> list[LogLine]:
        return self._rows(LogLine, "occurred_at", "id")

    def points(self) -> list[MetricPoint]:
        return self._rows(MetricPoint, "occurred_at", "id")

    def series(self) -> dict[Any, MetricSeries]:
        with workspace_scope(self.workspace.id):
            found = MetricSeries.objects.filter(workspace_id=self.workspace.id)
            return {each.id: each for each in found}

    def refused(self) -> dict[tuple[str, str], int]:
        """Return how often, by door and code."""
        return {(row.door, row.code): row.count for row in self._rows(Refused, "id")}

    def samples(self) -> list[dict[str, Any]]:
        return [sample for row in self._rows(Refused, "id") for sample in row.samples]

    def has_nothing(self) -> bool:
        return not (self.events() or self.lines() or self.points())


@pytest.fixture
def each_store():
    """Doors know nothing of stores: one will do."""


@pytest.fixture
def sender(alice, workspace):
    return Sender(workspace, make_key(alice, role="AGENT"))


@pytest.fixture
def rival_sender(mallory, rival_workspace):
    return Sender(rival_workspace, make_key(mallory, role="AGENT"))
