"""
Save what a page was asked under a name.

SECURITY: whoever may read may have views of their own. A shared one is everybody's: adding,
changing and deleting such takes `telemetry:manage`, and so does making one private again, which
takes it from the others.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final, TypedDict

from django.db import IntegrityError, connection, transaction

from apps.core.errors import InvalidRequest
from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.dashboards import selectors
from apps.dashboards.errors import SavedViewNameTaken, TooManySavedViews
from apps.dashboards.models import SavedView
from apps.tenancy import access, audit
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.scopes import Scope

MAX_SHARED: Final = 200  # of a workspace
MAX_OWN: Final = 100  # of a person in a workspace


class SavedViewChanges(TypedDict, total=False):
    """What may be changed of a view."""

    name: str
    query: str
    is_shared: bool


def person_of(actor: Actor) -> uuid.UUID | None:
    """Return whose private views the actor sees; None for keys, which others may hold."""
    return actor.user_id if actor.kind is ActorKind.USER else None


def may_change(view: SavedView, actor: Actor) -> bool:
    """Tell whether somebody who sees the view may change it."""
    return not view.is_shared or actor.may(Scope.TELEMETRY_MANAGE)


@joined
def create_saved_view(
    *,
    workspace_id: uuid.UUID,
    page: str,
    name: str,
    query: str,
    is_shared: bool,
    actor: Actor,
    now: datetime,
) -> SavedView:
    """Raises: PermissionDenied, InvalidRequest, SavedViewNameTaken, TooManySavedViews."""
    made = SavedView(
        id=uuid7(),
        workspace_id=workspace_id,
        page=page,
        name=name,
        query=query,
        is_shared=is_shared,
        owner_id=person_of(actor),
        created_at=now,
        updated_at=now,
    )
    _refuse(made, actor)
    _make_room(made)
    _save(made)
    _record("saved_view.created", made, after=_told(made))
    return made


@joined
def change_saved_view(
    *,
    workspace_id: uuid.UUID,
    view_id: uuid.UUID,
    changes: SavedViewChanges,
    actor: Actor,
    now: datetime,
) -> SavedView:
    """Raises: SavedViewNotFound, and as `create_saved_view`."""
    found = selectors.get_saved_view(
        workspace_id=workspace_id, person_id=person_of(actor), view_id=view_id, for_update=True
    )
    _refuse(found, actor)
    before, was_shared = _told(found), found.is_shared
    found.name = changes.get("name", found.name)
    found.query = changes.get("query", found.query)
    found.is_shared = changes.get("is_shared", found.is_shared)
    found.updated_at = now
    if found.is_shared != was_shared:
        _refuse(found, actor)
        _make_room(found)
    _save(found)
    _record("saved_view.changed", found, before=before, after=_told(found))
    return found


@joined
def delete_saved_view(*, workspace_id: uuid.UUID, view_id: uuid.UUID, actor: Actor) -> None:
    """Raises: SavedViewNotFound, PermissionDenied."""
    found = selectors.get_saved_view(
        workspace_id=workspace_id, person_id=person_of(actor), view_id=view_id, for_update=True
    )
    _refuse(found, actor)
    _record("saved_view.deleted", found, before=_told(found))
    found.delete()


def forget_saved_views() -> int:
    """Delete what people kept to themselves who have deleted themselves; return how many. Loops."""
    deleted, _ = SavedView.objects.private().filter(owner__is_active=False).delete()
    return deleted


def _refuse(view: SavedView, actor: Actor) -> None:
    """Refuse a view that this actor may not have, change or delete as it is."""
    if view.is_shared:
        access.require(actor, Scope.TELEMETRY_MANAGE)
    elif view.owner_id is None or view.owner_id != person_of(actor):
        message = "Only its owner can keep a view to themselves; a key has none of its own."
        raise InvalidRequest(message, fields={"is_shared": [message]})


def _make_room(view: SavedView) -> None:
    """Raises: TooManySavedViews."""
    whose = "shared" if view.is_shared else str(view.owner_id)
    with connection.cursor() as cursor:
        # One transaction at a time counts them.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"saved-views:{view.workspace_id}:{whose}"],
        )
    rows = SavedView.objects.for_workspace(view.workspace_id)
    if view.is_shared:
        count, limit = rows.shared().count(), MAX_SHARED
        message = f"A workspace shares at most {limit} views."
    else:
        count, limit = rows.private().filter(owner=view.owner_id).count(), MAX_OWN
        message = f"A person has at most {limit} views of their own."
    if count >= limit:
        raise TooManySavedViews(message, limit=limit)


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise SavedViewNameTaken(
            "A view of this page has this name already.", name=view.name
        ) from error


def _told(view: SavedView) -> audit.Change:
    """Return what the log keeps; of a private one neither its name nor what it asks."""
    if not view.is_shared:
        return {"page": view.page, "is_shared": False}
    return {"page": view.page, "is_shared": True, "name": view.name, "query": view.query}


def _record(
    action: str,
    view: SavedView,
    *,
    before: audit.Change | None = None,
    after: audit.Change | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(
            kind="saved_view", id=view.id, name=view.name if view.is_shared else ""
        ),
        before=before,
        after=after,
        workspace_id=view.workspace_id,
    )
