"""Say where notifications go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

import orjson
import structlog
from django.db import IntegrityError, connection, transaction

from apps.core.transactions import joined
from apps.notifications import selectors
from apps.notifications.enums import ChannelKind
from apps.notifications.errors import BadChannel, ChannelLimit
from apps.notifications.models import Channel
from apps.notifications.transports import TRANSPORTS, BadConfigError, Config
from apps.tenancy import audit
from apps.tenancy import selectors as tenancy

logger = structlog.get_logger(__name__)
MAX_CHANNELS = 100  # of a workspace


class ChannelChanges(TypedDict, total=False):
    """What may be edited. `config` replaces the whole, but for a webhook's secret."""

    name: str
    config: Mapping[str, Any]


@joined
def create_channel(
    *,
    workspace_id: uuid.UUID,
    name: str,
    kind: str,
    config: Mapping[str, Any],
    created_by: uuid.UUID | None,
    now: datetime,
) -> Channel:
    """
    Add a channel.

    Raises: BadChannel, ChannelLimit.
    """
    lock_channels(workspace_id)
    if selectors.list_channels(workspace_id=workspace_id).count() >= MAX_CHANNELS:
        raise ChannelLimit(f"A workspace may have {MAX_CHANNELS} channels.", limit=MAX_CHANNELS)
    channel = Channel(
        workspace_id=workspace_id,
        name=name,
        kind=kind,
        created_by_id=created_by,
        created_at=now,
        updated_at=now,
    )
    _configure(channel, config, before=None)
    _save(channel)
    audit.record_of("channel.created", channel, after=_told(channel))
    logger.info("channel.created", channel_id=str(channel.id), kind=kind)
    return channel


@joined
def edit_channel(
    *, workspace_id: uuid.UUID, channel_id: uuid.UUID, changes: ChannelChanges, now: datetime
) -> Channel:
    """
    Change name or configuration; the kind stays.

    Raises: ChannelNotFound, BadChannel.
    """
    channel = selectors.get_channel(
        workspace_id=workspace_id, channel_id=channel_id, for_update=True
    )
    before = _told(channel)
    if "config" in changes:
        _configure(channel, changes["config"], before=channel.settings)
    channel.name = changes.get("name", channel.name)
    channel.updated_at = now
    _save(channel)
    after = _told(channel)
    if "config" in changes:  # what is masked may look as before
        after["config_replaced"] = True
    audit.record_of("channel.changed", channel, before=before, after=after)
    return channel


@joined
def delete_channel(*, workspace_id: uuid.UUID, channel_id: uuid.UUID) -> None:
    """
    Take the channel away, with what was sent there.

    Raises: ChannelNotFound.
    """
    channel = selectors.get_channel(
        workspace_id=workspace_id, channel_id=channel_id, for_update=True
    )
    audit.record_of("channel.deleted", channel, before=_told(channel))
    channel.delete()
    logger.info("channel.deleted", channel_id=str(channel_id))


def _told(channel: Channel) -> dict[str, object]:
    """Return what the log keeps of a channel: its configuration as it is shown, masked."""
    return {"name": channel.name, "kind": channel.kind, "config": channel.shown}


def lock_channels(workspace_id: uuid.UUID) -> None:
    """Let one transaction at a time count the workspace's channels or tests."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"channels:{workspace_id}"]
        )


def _configure(channel: Channel, given: Mapping[str, Any], before: Config | None) -> None:
    transport = TRANSPORTS[channel.kind]
    try:
        config = transport.read(given, before)
    except BadConfigError as error:
        fields = {f"config.{name}": messages for name, messages in error.fields.items()}
        raise BadChannel("The channel's configuration cannot be used.", fields=fields) from None
    if channel.kind == ChannelKind.EMAIL:
        _refuse_strangers(channel.workspace_id, config)
    channel.config = orjson.dumps(config).decode()
    channel.shown = transport.mask(config)


def _refuse_strangers(workspace_id: uuid.UUID, config: Config) -> None:
    """
    Mail goes to people of the account only, at addresses they have confirmed.

    SECURITY: otherwise anybody who signs up could have us write to anybody.
    """
    known = tenancy.list_confirmed_addresses(workspace_id=workspace_id)
    if strangers := [address for address in config["to"] if address not in known]:
        said = [f"{address} is not a confirmed address of a member." for address in strangers]
        raise BadChannel("Mail goes to members only.", fields={"config.to": said})


def _save(channel: Channel) -> None:
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError:
        raise BadChannel(
            "There is a channel of this name.", fields={"name": ["Taken by another channel."]}
        ) from None
