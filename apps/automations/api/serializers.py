"""What comes in and goes out of the routes of automations. docs/automations.md has the forms."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.automations.enums import Posture
from apps.automations.models import ACTION_KINDS, ATTEMPT_STATES, LEVELS, MAX_NAME_LENGTH
from apps.core.http.serializers import StrictSerializer

POSTURES = [(posture.value, posture.value) for posture in Posture]
MAX_DESCRIPTION_LENGTH = 10_000
MAX_RAW_ACTIONS = 100  # more than may be; the refusal that says so is the parser's


def _actions(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.DictField(), max_length=MAX_RAW_ACTIONS, **options
    )


class AutomationInput(StrictSerializer):
    name = serializers.CharField(max_length=MAX_NAME_LENGTH)
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_DESCRIPTION_LENGTH
    )
    trigger = serializers.DictField()
    actions = _actions()
    paused = serializers.BooleanField(required=False)


class AutomationChange(StrictSerializer):
    """`version`: the one that was read; another one by now is refused."""

    name = serializers.CharField(required=False, max_length=MAX_NAME_LENGTH)
    description = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_DESCRIPTION_LENGTH
    )
    trigger = serializers.DictField(required=False)
    actions = _actions(required=False)
    paused = serializers.BooleanField(required=False)
    version = serializers.IntegerField(required=False, min_value=1)


class AutomationMakerOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")
    email = serializers.EmailField()


class AutomationRowOutput(serializers.Serializer[Any]):
    """An automation in a list. `firings_7d`: by day in UTC, today last."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    sentence = serializers.CharField()
    posture = serializers.ChoiceField(choices=POSTURES)
    trigger = serializers.DictField()
    paused = serializers.BooleanField()
    trouble = serializers.CharField(
        allow_null=True, help_text="What keeps it from looking at its metric, or at all of it."
    )
    standing = serializers.ChoiceField(
        choices=LEVELS, allow_null=True, help_text="Of its metric's worst line; null: all are well."
    )
    last_fired_at = serializers.DateTimeField(allow_null=True)
    firings_7d = serializers.ListField(child=serializers.IntegerField())
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class MetricStateOutput(serializers.Serializer[Any]):
    """
    A line of a watched metric that is not well. `since`: no data, pending from then; or fired then.

    No data with an empty `key` of a rule for each of something: there is no line to watch.
    """

    key = serializers.ListField(child=serializers.CharField())
    labels = serializers.DictField(child=serializers.CharField())
    level = serializers.ChoiceField(choices=LEVELS)
    since = serializers.DateTimeField()
    value = serializers.FloatField(allow_null=True)


class AutomationOutput(AutomationRowOutput):
    """
    An automation on its own page.

    `states`: of what a rule on a metric watches, the lines that are pending or firing.

    `secret`: what calls of its webhooks are signed with; only in the answer to the request that
    added the first webhook.
    """

    description = serializers.CharField()
    actions = serializers.ListField(child=serializers.DictField())
    active_since = serializers.DateTimeField()
    paused_at = serializers.DateTimeField(allow_null=True)
    created_by = AutomationMakerOutput(allow_null=True)
    states = MetricStateOutput(many=True)
    secret = serializers.CharField(allow_null=True)


class AutomationPage(serializers.Serializer[Any]):
    items = AutomationRowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AutomationNameOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ActionOutcomeOutput(serializers.Serializer[Any]):
    """How a try went; `run_id`: the run that it started or cancelled."""

    ok = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()
    detail = serializers.CharField()
    retry_after_seconds = serializers.IntegerField(allow_null=True)
    duration_ms = serializers.IntegerField()
    run_id = serializers.UUIDField(required=False)


class AttemptOutput(serializers.Serializer[Any]):
    """One try at the action at place `action` of the list."""

    action = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ACTION_KINDS)
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ATTEMPT_STATES)
    due_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = ActionOutcomeOutput(allow_null=True)


class FiringOutput(serializers.Serializer[Any]):
    """One time that a rule held, why, and what was done. `key`: the values of `for_each`."""

    id = serializers.UUIDField()
    automation = AutomationNameOutput()
    version = serializers.IntegerField()
    key = serializers.ListField(child=serializers.CharField())
    fired_at = serializers.DateTimeField()
    occurred_at = serializers.DateTimeField()
    reason = serializers.DictField()
    attempts = AttemptOutput(many=True)


class FiringPage(serializers.Serializer[Any]):
    items = FiringOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class PreviewInput(StrictSerializer):
    """`from` and `to`: the last 24 hours unless given."""

    trigger = serializers.DictField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(source="since", required=False)
        fields["to"] = serializers.DateTimeField(source="until", required=False)
        return fields


class PreviewEventOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    resource = serializers.DictField(allow_null=True)
    related = serializers.ListField(child=serializers.DictField())
    payload = serializers.DictField()
    run_id = serializers.UUIDField(allow_null=True)
    task_run_id = serializers.UUIDField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # DRF's own attribute


class WouldFireOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    key = serializers.ListField(child=serializers.CharField())
    reason = serializers.DictField()


class PreviewLineOutput(serializers.Serializer[Any]):
    """
    What a rule on a metric compares: milliseconds since 1970, and the value of the window before.

    At most 300 points; of several moments, the worst for the rule.
    """

    labels = serializers.DictField(child=serializers.CharField())
    points = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(allow_null=True))
    )
    fired = serializers.IntegerField()


class PreviewOutput(serializers.Serializer[Any]):
    """
    What the trigger would have made of a time.

    Of a metric: `moments` is how often it would have been looked at, `lines` (at most 10, those
    that fired most often first) what was then compared.

    `total` and `fired` count all; `events` (newest first, at most 20) and `would_fire` (latest
    first, at most 50) show some. `cut`: there were more than 5,000 events to read, and only those
    until `read_until` were.
    """

    sentence = serializers.CharField()
    events = PreviewEventOutput(many=True)
    total = serializers.IntegerField()
    would_fire = WouldFireOutput(many=True)
    fired = serializers.IntegerField()
    cut = serializers.BooleanField()
    read_until = serializers.DateTimeField()
    lines = PreviewLineOutput(many=True)
    moments = serializers.IntegerField()
