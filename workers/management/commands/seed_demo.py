"""`manage.py seed_demo`: somebody to sign in as, and keys for the agent and the demo."""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction

from apps.core.clock import utc_now
from apps.tenancy import selectors, services
from apps.tenancy.actors import Actor
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.keys import hash_secret

EMAIL = "demo@headway.local"
NAME = "Demo"
WORKSPACE = "flights"


class Command(BaseCommand):
    help = "Make the demo's person, workspace and keys; what exists is kept. Prints JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--credentials",
            type=Path,
            required=True,
            help="file that keeps what cannot be read back from the database (made 0600)",
        )

    def handle(self, *_args: Any, credentials: Path, **_options: Any) -> None:
        kept: dict[str, str] = {}
        if credentials.is_file():
            kept = json.loads(credentials.read_text(encoding="utf-8"))
        with transaction.atomic():
            current = _seed(kept)
        if current != kept:
            credentials.touch(mode=0o600, exist_ok=True)
            credentials.write_text(json.dumps(current, indent=2) + "\n", encoding="utf-8")
        self.stdout.write(json.dumps(current))


def _seed(kept: dict[str, str]) -> dict[str, str]:
    users = get_user_model().objects
    password = kept.get("password") or secrets.token_urlsafe(12)
    user = users.filter(email=EMAIL).first()
    if user is None:
        user = users.create_user(EMAIL, password, name=NAME)
    elif "password" not in kept:  # the file was lost: the old password is known to nobody
        user.set_password(password)
        user.save(update_fields=["password"])
    assignments = selectors.list_assignments_of_user(user_id=user.id)
    if assignments:
        slug = assignments[0].workspace.slug
    else:
        slug = services.create_account_for_new_user(
            user_id=user.id, display_name=WORKSPACE.title(), now=utc_now()
        ).slug
    actor, workspace_id = selectors.person_in_workspace(
        user_id=user.id, name=NAME, email=EMAIL, workspace=slug
    )
    return {
        "login": EMAIL,
        "password": password,
        "workspace": slug,
        "api_key": _key(kept.get("api_key"), actor, workspace_id, "demo", BuiltInRole.DEVELOPER),
        "agent_key": _key(kept.get("agent_key"), actor, workspace_id, "agent", BuiltInRole.AGENT),
    }


def _key(kept: str | None, actor: Actor, workspace_id: Any, name: str, role: str) -> str:
    """Return the kept secret while it works, else a new one."""
    if kept and selectors.find_actor_by_key_hash(secret_hash=hash_secret(kept), now=utc_now()):
        return kept
    _, secret = services.create_api_key(
        actor=actor, workspace_id=workspace_id, name=name, role=role, scopes=[], expires_at=None
    )
    return secret
