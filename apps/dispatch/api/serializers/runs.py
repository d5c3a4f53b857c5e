"""What comes in and goes out of the routes of runs: new ones, questions, reports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.dispatch.api.serializers.fields import INT_MAX, tags_field
from apps.flows.wire import JsonObjectField
from apps.runs.wire import CAUSES, STATE_TYPES, STATES


class RunCopyInput(StrictSerializer):
    """Left out: as the run that is copied."""

    parameters = JsonObjectField(required=False)
    name = serializers.CharField(required=False, max_length=200)
    tags = tags_field(required=False)
    scheduled_for = serializers.DateTimeField(required=False)


class NewRunInput(RunCopyInput):
    priority = serializers.IntegerField(required=False, min_value=-100, max_value=100)
    queue = serializers.CharField(
        required=False, max_length=100, help_text="Of its pool, by name; else the deployment's."
    )


class DeploymentRunInput(NewRunInput):
    parent_run_id = serializers.UUIDField(required=False)
    parent_task_run_id = serializers.UUIDField(required=False)


class ApprovalInput(StrictSerializer):
    epoch = serializers.IntegerField(min_value=0, max_value=2_147_483_647)
    key = serializers.RegexField(
        r"^[A-Za-z0-9._-]+$",
        max_length=200,
        help_text="of this question within the run, whichever process asks it",
    )
    title = serializers.CharField(max_length=200)
    message = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    form = JsonObjectField(required=False)
    suspend = serializers.BooleanField(
        required=False,
        help_text="Its process leaves; the answer has the run queued again.",
    )
    expires_in_seconds = serializers.FloatField(
        required=False, allow_null=True, min_value=1, max_value=366 * 86_400
    )


class SubrunInput(NewRunInput):
    deployment = serializers.CharField(max_length=401, help_text="its id, or flow/name")
    task_run_id = serializers.UUIDField(required=False, allow_null=True)
    epoch = serializers.IntegerField(min_value=0, max_value=2_147_483_647)


class ErrorInfoInput(StrictSerializer):
    type = serializers.CharField(max_length=500)
    message = serializers.CharField(allow_blank=True, max_length=65_536, trim_whitespace=False)
    traceback = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=262_144,
        trim_whitespace=False,
    )


class CauseInfoInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=CAUSES)
    exit_code = serializers.IntegerField(
        required=False, allow_null=True, min_value=-INT_MAX, max_value=INT_MAX
    )
    signal = serializers.CharField(required=False, allow_null=True, max_length=50)
    detail = serializers.CharField(required=False, allow_null=True, max_length=2_000)


class TransitionInput(StrictSerializer):
    epoch = serializers.IntegerField(min_value=0, max_value=INT_MAX)
    state = serializers.ChoiceField(choices=STATES)
    occurred_at = serializers.DateTimeField()
    message = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    error = ErrorInfoInput(required=False, allow_null=True)
    cause = CauseInfoInput(required=False, allow_null=True)


class TransitionsQuery(PageQuery):
    task_run_id = serializers.UUIDField(required=False)


class TransitionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    state_type = serializers.ChoiceField(choices=STATE_TYPES)
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    epoch = serializers.IntegerField()
    superseded = serializers.BooleanField()
    message = serializers.CharField()
    task_run_id = serializers.UUIDField(allow_null=True)


class TransitionPage(serializers.Serializer[Any]):
    items = TransitionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
