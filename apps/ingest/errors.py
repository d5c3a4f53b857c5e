"""Refusals of the front doors."""

from __future__ import annotations

from apps.core.errors import DomainError, InvalidRequest, NotFound


class NothingTaken(DomainError):
    """Everything in the request was refused for good; `details.rejected` says what and why."""

    code = "nothing_taken"
    status = 400


class PartlyTaken(DomainError):
    """Some of the request was refused for good; the rest is stored, so nothing need be repeated."""

    code = "partly_taken"
    status = 400


class ComeBack(DomainError):
    """Over the rate limit, for senders that drop what a 429 refuses; `Retry-After` says when."""

    code = "come_back"
    status = 503
    retryable = True


class BadSignature(DomainError):
    """The delivery is not signed with the webhook's secret; nothing of it is stored."""

    code = "bad_signature"
    status = 401


class StaleDelivery(DomainError):
    """The delivery's signature is good, and of another time than now: somebody may repeat it."""

    code = "stale_delivery"
    status = 401


class WrongTopic(DomainError):
    """The message is of another topic than the one that the webhook is for."""

    code = "wrong_topic"
    status = 403


class TemplateFailed(DomainError):
    """The webhook's template could not be filled with this delivery, or made no events of it."""

    code = "template_failed"
    status = 400


class WebhookDisabled(DomainError):
    """Somebody has switched the webhook off."""

    code = "webhook_disabled"
    status = 409


class WebhookNotFound(NotFound):
    """There is no such webhook in this workspace, or none of this address."""


class BadWebhook(InvalidRequest):
    """The webhook's settings cannot be used; `fields` says which."""


class EventSchemaNotFound(NotFound):
    """There is no such schema in this workspace."""


class BadEventSchema(InvalidRequest):
    """The schema cannot be used; `fields` says what is wrong with it."""


class EventSchemaLimit(DomainError):
    """The workspace has as many schemas as one may have; `details.limit` says how many."""

    code = "event_schema_limit"
    status = 409


class WebhookLimit(DomainError):
    """The workspace has as many webhooks as one may have; `details.limit` says how many."""

    code = "webhook_limit"
    status = 409
