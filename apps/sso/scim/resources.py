"""Rows as the resources that providers read."""

from __future__ import annotations

import uuid
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet

from apps.core.http.json import wire_time
from apps.sso.models import ScimGroup, ScimUser
from apps.sso.models.scim import user_etag
from apps.sso.scim.attributes import GROUP, GROUPS, USER, USERS, ResourceKind

Resource = dict[str, Any]


def base_url() -> str:
    return f"{settings.PUBLIC_URL}/scim/v2"


def location_of(kind: ResourceKind, resource_id: object) -> str:
    return f"{base_url()}{kind.endpoint}/{resource_id}"


def _meta(
    kind: ResourceKind, row: ScimUser | ScimGroup, version: str, changed_at: datetime
) -> dict[str, str]:
    return {
        "resourceType": kind.name,
        "created": wire_time(row.created_at),
        "lastModified": wire_time(changed_at),
        "location": location_of(kind, row.pk),
        "version": version,
    }


def user_resources(
    rows: Sequence[ScimUser], *, account_id: uuid.UUID, with_groups: bool = True
) -> list[Resource]:
    """Return users, read with their members and people, as resources; one query for all groups."""
    groups = _groups_of(account_id, [row.pk for row in rows]) if with_groups else {}
    return [_user_resource(row, groups.get(row.pk, [])) for row in rows]


def _user_resource(row: ScimUser, groups: list[dict[str, str]]) -> Resource:
    extensions = [each.urn for each in USERS.extensions if each.urn in row.document]
    resource: Resource = {"schemas": [USER, *extensions], "id": str(row.pk)}
    resource |= row.document
    resource["active"] = row.is_active
    if groups:
        resource["groups"] = groups
    resource["meta"] = _meta(USERS, row, row.etag, row.updated_at)
    return resource


def judged_users(
    rows: QuerySet[ScimUser], *, account_id: uuid.UUID, with_groups: bool
) -> list[Resource]:
    """
    Return users as far as filters look at them.

    PERF: ten thousand rows with their people as objects take seconds; these are plain columns.
    """
    found = list(
        rows.values_list(
            *("pk", "document", "version", "created_at", "updated_at"),
            *("member__deactivated_at", "member__user__is_active"),
        )
    )
    groups = _groups_of(account_id) if with_groups else {}
    resources = []
    for pk, document, version, created_at, updated_at, deactivated_at, is_open in found:
        active = deactivated_at is None and is_open
        extensions = [each.urn for each in USERS.extensions if each.urn in document]
        resources.append(
            document
            | {
                "schemas": [USER, *extensions],
                "id": str(pk),
                "active": active,
                "groups": groups.get(pk, []),
                "meta": {
                    "resourceType": USERS.name,
                    "created": wire_time(created_at),
                    "lastModified": wire_time(updated_at),
                    "location": location_of(USERS, pk),
                    "version": user_etag(version, is_active=active),
                },
            }
        )
    return resources


def _groups_of(
    account_id: uuid.UUID, member_ids: Collection[uuid.UUID] | None = None
) -> dict[uuid.UUID, list[dict[str, str]]]:
    """Return the groups of these members, or of all."""
    found: dict[uuid.UUID, list[dict[str, str]]] = defaultdict(list)
    # PERF: one `filter`, or the memberships would be joined twice, each with each.
    whose = (
        Q(team__memberships__isnull=False)
        if member_ids is None
        else Q(team__memberships__member_id__in=list(member_ids))
    )
    groups = ScimGroup.objects.filter(whose, account_id=account_id)
    rows = groups.order_by("team__name", "team_id").values_list(
        "team__memberships__member_id", "team_id", "team__name"
    )
    for member_id, team_id, name in rows:
        found[member_id].append(
            {
                "value": str(team_id),
                "$ref": location_of(GROUPS, team_id),
                "display": name,
                "type": "direct",
            }
        )
    return found


def group_resources(
    rows: Sequence[ScimGroup], *, account_id: uuid.UUID, with_members: bool = True
) -> list[Resource]:
    """Return groups, read with their teams, as resources; one query for all their members."""
    ids = [row.pk for row in rows]
    versions = group_versions(rows)
    members = members_of(account_id, ids) if with_members else {}
    return [_group_resource(row, versions[row.pk], members.get(row.pk, [])) for row in rows]


def _group_resource(row: ScimGroup, version: str, members: list[dict[str, str]]) -> Resource:
    resource: Resource = {
        "schemas": [GROUP],
        "id": str(row.pk),
        "displayName": row.team.name,
    }
    if row.external_id:
        resource["externalId"] = row.external_id
    if members:
        resource["members"] = members
    resource["meta"] = _meta(GROUPS, row, version, row.updated_at)
    return resource


def members_of(
    account_id: uuid.UUID, team_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, list[dict[str, str]]]:
    """Return the managed members of each team, in the order of their ids."""
    found: dict[uuid.UUID, list[dict[str, str]]] = defaultdict(list)
    rows = (
        ScimUser.objects.filter(
            account_id=account_id, member__team_memberships__team_id__in=list(team_ids)
        )
        .order_by("pk")
        .values_list("member__team_memberships__team_id", "pk", "user_name")
    )
    for team_id, member_id, user_name in rows:
        found[team_id].append(
            {
                "value": str(member_id),
                "$ref": location_of(USERS, member_id),
                "display": user_name,
                "type": "User",
            }
        )
    return found


def group_versions(rows: Sequence[ScimGroup]) -> dict[uuid.UUID, str]:
    """Return the groups' ETags; names and members that others change count too."""
    counted = (
        ScimGroup.objects.filter(pk__in=[row.pk for row in rows])
        .annotate(size=Count("team__memberships"), latest=Max("team__memberships__created_at"))
        .values_list("pk", "size", "latest")
    )
    sizes = {team_id: (size, latest) for team_id, size, latest in counted}
    return {row.pk: _group_etag(row, *sizes.get(row.pk, (0, None))) for row in rows}


def _group_etag(row: ScimGroup, size: int, latest: datetime | None) -> str:
    others = f"{row.team.name}|{size}|{latest.isoformat() if latest else ''}"
    return f'W/"{row.version}-{zlib.crc32(others.encode()):08x}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What If-Match and If-None-Match say; empty ones say nothing."""

    if_match: str = ""
    if_none_match: str = ""

    def is_met_by(self, etag: str) -> bool:
        return not self.if_match or _names(self.if_match, etag)

    def is_known(self, etag: str) -> bool:
        return bool(self.if_none_match) and _names(self.if_none_match, etag)


def _names(header: str, etag: str) -> bool:
    given = [each.strip() for each in header.split(",")]
    bare = etag.removeprefix("W/")
    return any(each == "*" or each.removeprefix("W/") == bare for each in given)
