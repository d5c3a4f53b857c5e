"""Use cases of notifications; other apps import this package only."""

from apps.notifications.messages import Message
from apps.notifications.services.channels import (
    ChannelChanges,
    create_channel,
    delete_channel,
    edit_channel,
)
from apps.notifications.services.deliver import (
    deliver,
    drop_old_deliveries,
    send_test,
)
from apps.notifications.services.erase import erase_workspace

__all__ = [
    "ChannelChanges",
    "Message",
    "create_channel",
    "delete_channel",
    "deliver",
    "drop_old_deliveries",
    "edit_channel",
    "erase_workspace",
    "send_test",
]
