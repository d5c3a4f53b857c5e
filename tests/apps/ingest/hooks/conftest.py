"""Services that deliver to webhooks, signing as they do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from tests.apps.ingest.doors.conftest import Sender, each_store

__all__ = ["Hook", "each_store"]


@dataclass
class Hook(Sender):
    """A webhook of Alice's, and who knows its address."""

    path: str = ""
    id: str = ""
    secret: str = ""
    api: Any = None
    made: dict[str, Any] = field(default_factory=dict)

    def deliver(
        self,
        body: bytes | dict[str, Any] | list[Any],
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Client().generic(
            "POST", self.path, data, content_type=content_type, headers=headers or {}
        )

    def now(self) -> dict[str, Any]:
        """The webhook as the API shows it."""
        return self.api.get(f"webhooks/{self.id}").json()

    def has_nothing(self) -> bool:
        return not self.events()


@pytest.fixture
def make_hook(api, alice, workspace):
    def make(preset: str, **settings: Any) -> Hook:
        client = api(alice)
        answer = client.post("webhooks", {"name": preset.lower(), "preset": preset} | settings)
        assert answer.status_code == 201, answer.content
        made = answer.json()
        return Hook(
            workspace=workspace,
            key="",
            path="/hooks/" + made["address"].rpartition("/hooks/")[2],
            id=made["id"],
            secret=made["secret"] or settings.get("secret", ""),
            api=client,
            made=made,
        )

    return make
