"""Channels, made through the services that make them in production."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress

from apps.core.clock import utc_now
from apps.notifications import services
from apps.notifications.models import Channel
from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import Person


def make_channel(
    workspace: WorkspaceRef, kind: str = "WEBHOOK", name: str = "ops", **config: Any
) -> Channel:
    """A webhook to a public address, unless told otherwise."""
    if not config:
        config = {"url": "https://hooks.example.com/T0/s3cret"}
    with workspace_scope(workspace.id):
        return services.create_channel(
            workspace_id=workspace.id,
            name=name,
            kind=kind,
            config=config,
            created_by=None,
            now=utc_now(),
        )


def confirm(person: Person) -> str:
    """Let a person have shown that their address is theirs; return it."""
    email = person.user.email
    EmailAddress.objects.update_or_create(
        user=person.user, email=email, defaults={"verified": True, "primary": True}
    )
    return email
