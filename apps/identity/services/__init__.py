"""What may be done to people, their mails and their sessions."""

from apps.identity.services.directory import (
    create_person,
    end_sessions,
    find_person,
    hand_over,
    move_person,
)
from apps.identity.services.factors import reencrypt_factors
from apps.identity.services.mails import (
    DUE_BATCH,
    FOOTER,
    SEND_TASK,
    deliver_mail,
    enqueue_due_mails,
    queue_mail,
)
from apps.identity.services.people import confirm_address, erase_person, rename_person
from apps.identity.services.sessions import drop_ended_sessions, note_session_use

__all__ = [
    "DUE_BATCH",
    "FOOTER",
    "SEND_TASK",
    "confirm_address",
    "create_person",
    "deliver_mail",
    "drop_ended_sessions",
    "end_sessions",
    "enqueue_due_mails",
    "erase_person",
    "find_person",
    "hand_over",
    "move_person",
    "note_session_use",
    "queue_mail",
    "reencrypt_factors",
    "rename_person",
]
