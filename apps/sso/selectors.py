"""Reads of connections, domains and tests."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Count, QuerySet

from apps.core.errors import NotFound
from apps.sso.assertions import domain_of
from apps.sso.errors import ConnectionNotActive
from apps.sso.isolation import connection_scope, domain_scope
from apps.sso.models import SsoAttempt, SsoConnection, SsoIdentity, VerifiedDomain
from apps.tenancy.isolation import account_scope


def list_connections(*, account_id: uuid.UUID) -> QuerySet[SsoConnection]:
    """Return the account's connections, oldest first, each with its number of people."""
    return (
        SsoConnection.objects.for_account(account_id)
        .annotate(people=Count("identities"))
        .order_by("created_at", "id")
    )


def count_active(*, account_id: uuid.UUID) -> int:
    """Return by how many connections people can sign in."""
    return SsoConnection.objects.for_account(account_id).active().count()


def get_connection(*, account_id: uuid.UUID, connection_id: uuid.UUID) -> SsoConnection:
    """Raises: NotFound."""
    found = list_connections(account_id=account_id).filter(pk=connection_id).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def open_connection(*, connection_id: uuid.UUID) -> SsoConnection:
    """
    Return the connection for somebody who is not signed in, active or not.

    Raises: ConnectionNotActive when there is none.
    """
    with connection_scope(connection_id):
        found = SsoConnection.objects.filter(pk=connection_id).first()
    if found is None:
        raise ConnectionNotActive("Nobody can sign in this way.")
    return found


def find_connection_for(*, email: str) -> uuid.UUID | None:
    """
    Return by which active connection somebody with this address signs in, or None.

    SECURITY: by the verified domain alone: whether the address is known here plays no part.
    """
    domain = domain_of(email.strip().lower())
    if not domain:
        return None
    with domain_scope(domain):
        # The policy shows the one row; without this an account's own scope around us would too.
        found = VerifiedDomain.objects.filter(domain=domain, verified_at__isnull=False).first()
    if found is None:
        return None
    with account_scope(found.account_id):
        active = SsoConnection.objects.for_account(found.account_id).active()
        chosen = active.filter(pk=found.connection_id).first() if found.connection_id else None
        chosen = chosen or active.order_by("activated_at", "id").first()
    return chosen.pk if chosen else None


def places_of_promised_role(*, account_id: uuid.UUID, role_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the workspaces in which newcomers get the role; in `account_scope`."""
    promises = SsoConnection.objects.for_account(account_id).values_list(
        "default_grants", flat=True
    )
    return {
        uuid.UUID(grant["workspace_id"])
        for grants in promises
        for grant in grants
        if grant.get("custom_role_id") == str(role_id)
    }


def list_domains(*, account_id: uuid.UUID) -> QuerySet[VerifiedDomain]:
    return VerifiedDomain.objects.filter(account_id=account_id).order_by("domain", "id")


def get_domain(*, account_id: uuid.UUID, domain_id: uuid.UUID) -> VerifiedDomain:
    """Raises: NotFound."""
    found = list_domains(account_id=account_id).filter(pk=domain_id).first()
    if found is None:
        raise NotFound("There is no such domain.")
    return found


def verified_domains(*, account_id: uuid.UUID) -> frozenset[str]:
    """Return the domains whose addresses the account's provider may assert."""
    verified = list_domains(account_id=account_id).filter(verified_at__isnull=False)
    return frozenset(verified.values_list("domain", flat=True))


def find_last_test(*, account_id: uuid.UUID, connection_id: uuid.UUID) -> SsoAttempt | None:
    tests = SsoAttempt.objects.filter(
        account_id=account_id, connection_id=connection_id, is_test=True
    )
    return tests.order_by("-created_at", "-id").first()


def list_identities(*, account_id: uuid.UUID, connection_id: uuid.UUID) -> QuerySet[SsoIdentity]:
    """Return who signs in by the connection, with their users."""
    return SsoIdentity.objects.filter(
        account_id=account_id, connection_id=connection_id
    ).select_related("user")


def has_signed_in(*, account_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """Say whether the person has come in by an active connection of the account."""
    return SsoIdentity.objects.filter(
        account_id=account_id, user_id=user_id, connection__activated_at__isnull=False
    ).exists()


def list_due_domains(
    *, account_id: uuid.UUID, checked_before: datetime
) -> QuerySet[VerifiedDomain]:
    return list_domains(account_id=account_id).filter(
        verified_at__isnull=False, checked_at__lt=checked_before
    )
