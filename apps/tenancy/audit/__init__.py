"""The log of changes: who changed what, from where; written once, never changed."""

from apps.tenancy.audit.diff import HIDDEN, Change, changed_only, person
from apps.tenancy.audit.record import Object, act_as, record, record_of
from apps.tenancy.mails import masked

__all__ = [
    "HIDDEN",
    "Change",
    "Object",
    "act_as",
    "changed_only",
    "masked",
    "person",
    "record",
    "record_of",
]
