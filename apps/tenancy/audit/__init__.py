"""The log of changes: who changed what, from where; written once, never changed."""

from apps.tenancy.audit.diff import HIDDEN, Change, changed_only
from apps.tenancy.audit.record import Object, act_as, record

__all__ = ["HIDDEN", "Change", "Object", "act_as", "changed_only", "record"]
