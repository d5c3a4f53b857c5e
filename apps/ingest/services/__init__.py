"""Use cases of the front doors."""

from apps.ingest.services.accept import Answer, accept_batch
from apps.ingest.services.intake import take_in

__all__ = ["Answer", "accept_batch", "take_in"]
