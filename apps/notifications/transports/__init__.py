"""One class per kind of channel. A transport knows no tables: config and parcel in, Outcome out."""

from __future__ import annotations

from apps.notifications.enums import ChannelKind
from apps.notifications.transports.email import EmailTransport
from apps.notifications.transports.port import BadConfigError, Config, Transport
from apps.notifications.transports.slack import SlackTransport
from apps.notifications.transports.webhook import WebhookTransport

TRANSPORTS: dict[str, Transport] = {
    ChannelKind.EMAIL: EmailTransport(),
    ChannelKind.SLACK: SlackTransport(),
    ChannelKind.WEBHOOK: WebhookTransport(),
}

__all__ = ["TRANSPORTS", "BadConfigError", "Config", "Transport"]
