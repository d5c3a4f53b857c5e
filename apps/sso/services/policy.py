"""Whether an account lets people in by its provider only."""

from __future__ import annotations

import uuid

from django.db import transaction

from apps.sso import selectors
from apps.sso.errors import ConnectionNeeded, SsoNotPossible
from apps.sso.models import SsoConnection
from apps.tenancy import audit
from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.actors import Actor
from apps.tenancy.enums import AccountRole


@transaction.atomic
def require_sso(*, account_id: uuid.UUID, actor: Actor, required: bool) -> None:
    """
    Ask everybody but the owners to come by the account's provider, or no longer.

    Raises: SsoNotPossible while nobody could, or while who asks has not come that way themselves:
    they would shut themselves out. An owner can always come back by their password.
    """
    if required:
        active = SsoConnection.objects.for_account(account_id).active()
        # Locked, so that the last one is not taken away meanwhile.
        if not list(active.select_for_update().values_list("pk", flat=True)):
            raise SsoNotPossible("There is no active connection. Test one and activate it first.")
        state = tenancy.find_member_state(account_id=account_id, user_id=actor.id)
        if state.role != AccountRole.OWNER and not selectors.has_signed_in(
            account_id=account_id, user_id=actor.id
        ):
            raise SsoNotPossible(
                "Sign in by the provider once yourself; you would be shut out otherwise."
            )
    if tenancy_services.set_sso_required(account_id=account_id, required=required):
        audit.record(
            action="sso.required" if required else "sso.no_longer_required",
            target=audit.Object(kind="account", id=account_id),
            before={"sso_required": not required},
            after={"sso_required": required},
            account_id=account_id,
        )


def refuse_last(*, connection: SsoConnection) -> None:
    """Raises: ConnectionNeeded when people must sign in and could no longer."""
    if connection.activated_at is None:
        return
    if not tenancy.is_sso_required(account_id=connection.account_id):
        return
    others = SsoConnection.objects.for_account(connection.account_id).active()
    if not others.exclude(pk=connection.pk).select_for_update().values_list("pk", flat=True):
        raise ConnectionNeeded(
            "The account requires sign-in by its provider, and this is the only active connection."
            " Stop requiring it, or activate another one first."
        )
