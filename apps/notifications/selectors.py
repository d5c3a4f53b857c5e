"""Reads of channels for the HTTP layer and for other apps."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import QuerySet

from apps.notifications.errors import ChannelNotFound
from apps.notifications.models import Channel, ChannelQuerySet, Delivery


def list_channels(*, workspace_id: uuid.UUID) -> ChannelQuerySet:
    """Return the workspace's channels, without their secrets."""
    channels = Channel.objects.for_workspace(workspace_id).select_related("created_by")
    return channels.defer("config")


def get_channel(
    *, workspace_id: uuid.UUID, channel_id: uuid.UUID, for_update: bool = False
) -> Channel:
    """Raises: ChannelNotFound."""
    channels = list_channels(workspace_id=workspace_id)
    if for_update:
        channels = channels.select_for_update(no_key=True, of=("self",))
    try:
        return channels.get(pk=channel_id)
    except Channel.DoesNotExist:
        raise ChannelNotFound("There is no such channel.", channel_id=str(channel_id)) from None


def channel_names(
    *, workspace_id: uuid.UUID, channel_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, str]:
    """Return the names of those of the channels that exist in the workspace."""
    rows = Channel.objects.for_workspace(workspace_id).filter(id__in=channel_ids)
    return dict(rows.values_list("id", "name"))


def list_deliveries(*, workspace_id: uuid.UUID, channel_id: uuid.UUID) -> QuerySet[Delivery]:
    """Return what was sent to a channel, to be paged newest first."""
    get_channel(workspace_id=workspace_id, channel_id=channel_id)
    sent = Delivery.objects.for_workspace(workspace_id).filter(channel_id=channel_id)
    return sent.defer("body")


def last_deliveries(*, channel_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Delivery]:
    """Return the newest delivery of each channel; absent for channels that never sent."""
    rows = (
        Delivery.objects.filter(channel_id__in=channel_ids)
        .order_by("channel_id", "-created_at", "-id")
        .distinct("channel_id")
        .defer("body")
    )
    return {row.channel_id: row for row in rows}
