"""`manage.py seed_demo`: somebody to sign in as, and keys for the agent and the demo."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction

from apps.core.clock import utc_now
from apps.identity import services as identity
from apps.tenancy import selectors, services
from apps.tenancy.actors import Actor
from apps.tenancy.enums import BuiltInRole

EMAIL = "demo@headway.local"
NAME = "Demo"
WORKSPACE = "Flights"


class Command(BaseCommand):
    help = "Make the demo's person, workspace and two keys; prints JSON. Again: new password, keys."

    def handle(self, *_args: Any, **_options: Any) -> None:
        with transaction.atomic():
            self.stdout.write(json.dumps(_seed()))


def _seed() -> dict[str, str]:
    # Only hashes are stored, so whoever asks again has lost what we said, and gets new secrets.
    password = secrets.token_urlsafe(12)
    users = get_user_model().objects
    user = users.filter(email=EMAIL).first()
    if user is None:
        user = users.create_user(EMAIL, password, name=NAME)
    else:
        user.set_password(password)
        user.save(update_fields=["password"])
    # Nobody reads its mail, but channels write to confirmed addresses only.
    identity.confirm_address(user_id=user.id, email=EMAIL)
    places = selectors.list_places(user_id=user.id)
    if places:
        slug = places[0].workspace.slug
    else:
        made = services.create_account_for_new_user(
            user_id=user.id, display_name=WORKSPACE, now=utc_now()
        )
        slug = services.rename_workspace(workspace_id=made.id, name=WORKSPACE).slug
    actor, workspace_id = selectors.person_in_workspace(user_id=user.id, workspace=slug)
    return {
        "login": EMAIL,
        "password": password,
        "workspace": slug,
        "api_key": _key(actor, workspace_id, "demo", BuiltInRole.DEVELOPER),
        "agent_key": _key(actor, workspace_id, "agent", BuiltInRole.AGENT),
    }


def _key(actor: Actor, workspace_id: uuid.UUID, name: str, role: str) -> str:
    _, secret = services.create_api_key(
        actor=actor, workspace_id=workspace_id, name=name, role=role, scopes=[], expires_at=None
    )
    return secret
