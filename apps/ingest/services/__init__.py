"""Use cases of the front doors."""

from apps.ingest.services.accept import Answer, Sent, accept_batches
from apps.ingest.services.admit import Admission
from apps.ingest.services.intake import take_in

__all__ = ["Admission", "Answer", "Sent", "accept_batches", "take_in"]
