"""Show a dashboard to somebody who knows the address of a link, and is nobody besides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from apps.core.errors import NotFound
from apps.core.http.rate_classes import Ask, RateClass, take
from apps.dashboards import selectors
from apps.dashboards.errors import NothingShared
from apps.dashboards.models import DashboardLink
from apps.dashboards.panels import answer_panels
from apps.dashboards.services.share import PREFIX
from apps.dashboards.showing import shown_answers, shown_panels
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy.isolation import key_scope, workspace_scope
from apps.tenancy.keys import hash_secret, is_well_formed
from apps.tenancy.scopes import Scope

A_MINUTE: Final = 60  # openings of one link, and tries from one network address
SPANS: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


def open_link(*, token: str, address: str, now: datetime) -> dict[str, Any]:
    """
    Return what the link shows, and nothing of what it belongs to.

    SECURITY: wrong, ended and revoked tokens, workspaces that are archived or no longer share, and
    networks that the account does not admit get one and the same answer.
    Raises: NothingShared; RateLimited, after so many tries or openings in a minute.
    """
    _count(f"shared-from:{address}")
    link = None
    if is_well_formed(token, PREFIX):
        token_hash = hash_secret(token)
        with key_scope(token_hash):
            link = DashboardLink.objects.filter(token_hash=token_hash).first()
    if link is None or link.is_over(now):
        raise _nothing()
    with workspace_scope(link.workspace_id):
        _refuse_closed(link, address)
        structlog.contextvars.bind_contextvars(workspace_id=str(link.workspace_id))
        _count(f"shared:{link.id}")
        answer = answer_panels(
            workspace_id=link.workspace_id,
            panels=link.panels,
            chosen=link.chosen,
            since=now - SPANS[link.range],
            until=now,
            now=now,
            unsound={},
            require=_allowed,
        )
    answers = shown_answers(answer.pop("panels"))
    return answer | {
        "name": link.name,
        "range": link.range,
        "panels": shown_panels(link.panels),
        "answers": answers,
    }


def _refuse_closed(link: DashboardLink, address: str) -> None:
    """Raises: NothingShared while the workspace shows nothing, or not there."""
    try:
        workspace, door = tenancy.door_of_workspace(workspace_id=link.workspace_id)
    except NotFound:
        raise _nothing() from None
    is_closed = (
        selectors.find_sharing(workspace_id=link.workspace_id) is None
        or workspace.archived_at is not None
        or access.admission(door, session=None, address=address, writes=True) is not None
    )
    if is_closed:
        raise _nothing()


def _allowed(scope: Scope) -> None:
    """Let all panels be read: whoever shared them may see what they show."""


def _count(subject: str) -> None:
    standings = take(subject, [Ask(RateClass.QUERIES, A_MINUTE, 1)])
    if standings is not None and not standings[0].granted:
        raise standings[0].refusal(
            "This is looked at too often: come back in a moment.",
            wait_seconds=standings[0].wait_seconds(1),
        )


def _nothing() -> NothingShared:
    return NothingShared("This address shows nothing: it is wrong, or was taken back.")
