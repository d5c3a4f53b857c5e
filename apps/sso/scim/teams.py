"""Groups of a provider: teams whose members it decides."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from apps.sso.models import ScimGroup, ScimUser
from apps.sso.models.scim import MAX_EXTERNAL_ID, touched
from apps.sso.scim import documents, patching
from apps.sso.scim.attributes import GROUPS
from apps.sso.scim.errors import bad_value, no_such, not_unique
from apps.sso.scim.lock import one_at_a_time
from apps.sso.scim.people import refuse_stale
from apps.sso.scim.resources import Precondition, group_versions
from apps.tenancy import audit, services
from apps.tenancy.errors import NameTaken
from apps.tenancy.slugs import as_uuid

logger = structlog.get_logger(__name__)
MAX_NAME = 120
MOST_TOLD = 100  # members named in one entry of the audit log
Document = dict[str, Any]


def find_group(*, account_id: uuid.UUID, group_id: str) -> ScimGroup:
    """Raises: ScimError (404), also for teams that the provider does not manage."""
    team_id = as_uuid(group_id)
    rows = ScimGroup.objects.filter(account_id=account_id).select_related("team")
    row = rows.filter(pk=team_id).first() if team_id else None
    if row is None:
        raise no_such(GROUPS.name)
    return row


@transaction.atomic
def create_group(*, account_id: uuid.UUID, body: object, now: datetime) -> ScimGroup:
    """
    Make a team. A team of the same name that was made in Headway is not taken over.

    Raises: ScimError.
    """
    one_at_a_time(account_id)
    document = documents.read_resource(GROUPS, body)
    name, external_id = _checked(document)
    wanted = _members(document)
    _refuse_unknown(account_id, wanted)
    try:
        team_id = services.provision_team(
            account_id=account_id, name=name, external_id=external_id, now=now
        )
    except NameTaken:
        raise not_unique("The account has a team of this name. Rename one of the two.") from None
    ScimGroup.objects.create(
        team_id=team_id,
        account_id=account_id,
        external_id=external_id,
        created_at=now,
        updated_at=now,
    )
    services.change_team_members(
        account_id=account_id, team_id=team_id, add=wanted, remove=(), now=now
    )
    row = find_group(account_id=account_id, group_id=str(team_id))
    _record("scim.group_created", row, None, {"name": name, **_told(wanted, ())})
    return row


def replace_group(
    *,
    account_id: uuid.UUID,
    group_id: str,
    body: object,
    precondition: Precondition,
    now: datetime,
) -> ScimGroup:
    """Raises: ScimError."""
    return _change(
        account_id,
        group_id,
        lambda _: documents.read_resource(GROUPS, body),
        precondition,
        now,
    )


def patch_group(
    *,
    account_id: uuid.UUID,
    group_id: str,
    body: object,
    precondition: Precondition,
    now: datetime,
) -> ScimGroup:
    """Raises: ScimError."""
    operations = patching.read_operations(body)
    return _change(
        account_id,
        group_id,
        lambda present: patching.apply_operations(GROUPS, present, operations),
        precondition,
        now,
    )


@transaction.atomic
def _change(
    account_id: uuid.UUID,
    group_id: str,
    change: Callable[[Document], Document],
    precondition: Precondition,
    now: datetime,
) -> ScimGroup:
    one_at_a_time(account_id)
    row = find_group(account_id=account_id, group_id=group_id)
    refuse_stale(precondition, group_versions([row])[row.pk])
    present = _present(row)
    was = {"name": row.team.name, "external_id": row.external_id}
    document = change(_as_document(row, present))
    name, external_id = _checked(document)
    wanted = _members(document)
    added, removed = wanted - present, present - wanted
    _refuse_unknown(account_id, added)
    if name != row.team.name:
        try:
            services.rename_team(account_id=account_id, team_id=row.pk, name=name)
        except NameTaken:
            raise not_unique("The account has another team of this name.") from None
    services.change_team_members(
        account_id=account_id, team_id=row.pk, add=added, remove=removed, now=now
    )
    becomes = {"name": name, "external_id": external_id}
    if added or removed or was != becomes:
        ScimGroup.objects.filter(pk=row.pk).update(external_id=external_id, **touched(now))
        _record("scim.group_changed", row, was, becomes | _told(added, removed))
    return find_group(account_id=account_id, group_id=group_id)


@transaction.atomic
def delete_group(*, account_id: uuid.UUID, group_id: str, precondition: Precondition) -> None:
    """
    Delete the team with its roles.

    Raises: ScimError, NamedInRules.
    """
    one_at_a_time(account_id)
    row = find_group(account_id=account_id, group_id=group_id)
    refuse_stale(precondition, group_versions([row])[row.pk])
    members = _present(row)
    ScimGroup.objects.filter(pk=row.pk).delete()
    services.delete_team(account_id=account_id, team_id=row.pk)
    _record("scim.group_deleted", row, {"name": row.team.name, **_told((), members)}, None)
    logger.info("scim.group_deleted", account_id=str(account_id), team_id=str(row.pk))


def _present(row: ScimGroup) -> set[uuid.UUID]:
    """Return who is in the team, of the people whom the provider manages."""
    managed = ScimUser.objects.filter(
        account_id=row.account_id, member__team_memberships__team_id=row.pk
    )
    return set(managed.values_list("pk", flat=True))


def _as_document(row: ScimGroup, members: Collection[uuid.UUID]) -> Document:
    document: Document = {"displayName": row.team.name}
    if row.external_id:
        document["externalId"] = row.external_id
    if members:
        document["members"] = [{"value": str(each)} for each in members]
    return document


def _checked(document: Document) -> tuple[str, str]:
    name, external = str(document["displayName"]).strip(), document.get("externalId", "")
    if len(name) > MAX_NAME:
        raise bad_value(f"displayName is over {MAX_NAME} characters.")
    if len(external) > MAX_EXTERNAL_ID:
        raise bad_value(f"externalId is over {MAX_EXTERNAL_ID} characters.")
    return name, external


def _members(document: Mapping[str, Any]) -> set[uuid.UUID]:
    found = set()
    for each in document.get("members", []):
        member_id = as_uuid(str(each.get("value", "")))
        if member_id is None:
            raise bad_value(f"members: {str(each.get('value', ''))[:80]!r} is no user’s id.")
        found.add(member_id)
    return found


def _refuse_unknown(account_id: uuid.UUID, wanted: Collection[uuid.UUID]) -> None:
    known = ScimUser.objects.filter(account_id=account_id, pk__in=list(wanted))
    missing = set(wanted) - set(known.values_list("pk", flat=True))
    if missing:
        raise bad_value(f"members: there is no user {min(missing)}.")


def _told(added: Collection[uuid.UUID], removed: Collection[uuid.UUID]) -> Document:
    told: Document = {}
    for name, ids in (("members_added", added), ("members_removed", removed)):
        if ids:
            told[name] = [str(each) for each in sorted(ids)[:MOST_TOLD]]
            told[f"{name}_count"] = len(ids)
    return told


def _record(action: str, row: ScimGroup, before: Document | None, after: Document | None) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="team", id=row.pk, name=row.team.name),
        before=before,
        after=after,
        account_id=row.account_id,
    )
