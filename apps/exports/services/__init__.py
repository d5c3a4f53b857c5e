"""Use cases of taking data out, and of deleting it."""

from apps.exports.services.erase import erase_due
from apps.exports.services.guard import refuse_deletion
from apps.exports.services.make import WORK_TASK, hand_out_exports, work_on_export
from apps.exports.services.request import drop_expired_exports, open_export, request_export

__all__ = [
    "WORK_TASK",
    "drop_expired_exports",
    "erase_due",
    "hand_out_exports",
    "open_export",
    "refuse_deletion",
    "request_export",
    "work_on_export",
]
