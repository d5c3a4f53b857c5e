"""What comes in and goes out of the routes of deployments and their versions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import MayField, StrictSerializer
from apps.dispatch.api.serializers.fields import INT_MAX, tags_field
from apps.flows.enums import Overlap
from apps.flows.wire import (
    BundleOutput,
    CodeInput,
    CodeOutput,
    JsonObjectField,
    ScheduleInput,
    ScheduleOutput,
    SizeInput,
    SizeOutput,
)
from apps.runs.wire import CreatedByOutput, NamedOutput, RunTickOutput

MAX_RETRIES = 100
MAX_SECONDS = 30 * 86_400


class BundleInput(StrictSerializer):
    sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        error_messages={"invalid": "Must be a SHA-256 as 64 lower-case hex digits."},
    )


OVERLAPS = [(overlap.value, overlap.value) for overlap in Overlap]
OWNER_KINDS = [("user", "user"), ("team", "team")]
MAX_CONCURRENCY = 100_000


class DeploymentOwnerInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=OWNER_KINDS)
    id = serializers.UUIDField()


class DeploymentOwnerOutput(serializers.Serializer[Any]):
    """A person or a team to ask about it, by the name of when it was deployed."""

    kind = serializers.ChoiceField(choices=OWNER_KINDS)
    id = serializers.UUIDField()
    name = serializers.CharField()


class DeploymentInput(StrictSerializer):
    flow_name = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=200)
    entrypoint = serializers.RegexField(
        r"^[^:]+:[^:\s]+$",
        max_length=500,
        error_messages={"invalid": "Must be a file and a function: “flow.py:main”."},
    )
    path = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=1000,
        help_text="Where agents find the code; in managed pools the bundle is its place.",
    )
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    parameters = JsonObjectField(required=False)
    parameter_schema = JsonObjectField(required=False)
    pool = serializers.CharField(required=False, max_length=100, default="default")
    queue = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=100,
        help_text="Of the pool, by name; else what is its default at the time.",
    )
    tags = tags_field(required=False)
    version = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=200
    )
    schedules = serializers.ListField(child=ScheduleInput(), required=False, max_length=50)
    timeout_seconds = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_SECONDS
    )
    retries = serializers.IntegerField(required=False, min_value=0, max_value=MAX_RETRIES)
    retry_delay_seconds = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_SECONDS
    )
    bundle = BundleInput(required=False, allow_null=True)
    requirements = serializers.ListField(
        child=serializers.CharField(max_length=1000), required=False, max_length=1000
    )
    size = SizeInput(required=False, allow_null=True)
    code = CodeInput(
        required=False,
        allow_null=True,
        help_text="When it is neither in a folder on the agents' machine (`path`) nor in a bundle.",
    )
    job_settings = JsonObjectField(
        required=False,
        help_text="What the pool's kind lets one say of a run's job, over the pool's job_defaults; "
        "see pool-kinds.",
    )
    owners = serializers.ListField(child=DeploymentOwnerInput(), required=False, max_length=20)
    overlap = serializers.ChoiceField(
        choices=OVERLAPS,
        required=False,
        help_text="What becomes of a run that is made while as many as may still go on: it starts "
        "all the same (ALLOW), is not run at all (SKIP), waits (QUEUE), or waits while those "
        "before it are cancelled (CANCEL_RUNNING).",
    )
    concurrency_limit = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_CONCURRENCY,
        help_text="How many of its runs go on at once. None: 1, or any number with ALLOW.",
    )


class DeploymentChange(StrictSerializer):
    paused = serializers.BooleanField(required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    tags = tags_field(required=False)
    parameters = JsonObjectField(required=False)


class DeploymentRowOutput(serializers.Serializer[Any]):
    """A deployment in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    flow = NamedOutput()
    description = serializers.CharField()
    entrypoint = serializers.CharField()
    path = serializers.CharField()
    pool = NamedOutput()
    queue = NamedOutput(allow_null=True, help_text="null: the pool's default")
    tags = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField(allow_null=True)
    paused = serializers.BooleanField()
    schedules = ScheduleOutput(many=True)
    timeout_seconds = serializers.IntegerField(allow_null=True)
    retries = serializers.IntegerField()
    retry_delay_seconds = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    code = CodeOutput(allow_null=True)
    bundle = BundleOutput(allow_null=True)
    size = SizeOutput(allow_null=True)
    recent_runs = RunTickOutput(many=True)
    next_run_at = serializers.DateTimeField(allow_null=True)
    version_number = serializers.IntegerField()
    owners = DeploymentOwnerOutput(many=True)
    overlap = serializers.ChoiceField(choices=OVERLAPS)
    concurrency_limit = serializers.IntegerField(allow_null=True)
    may = MayField()


class DeploymentOutput(DeploymentRowOutput):
    """A deployment on its own page."""

    requirements = serializers.ListField(child=serializers.CharField())
    job_settings = serializers.DictField(help_text="Over those of the pool.")
    parameters = serializers.DictField()
    parameter_schema = serializers.DictField()


class DeploymentPage(serializers.Serializer[Any]):
    items = DeploymentRowOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class DeploymentVersionOutput(serializers.Serializer[Any]):
    """What one deploy said."""

    number = serializers.IntegerField()
    label = serializers.CharField(  # type: ignore[assignment] # shadows DRF's own
        allow_null=True, help_text="The deployer's word, e.g. a commit."
    )
    created_at = serializers.DateTimeField()
    created_by = CreatedByOutput(allow_null=True)
    of_number = serializers.IntegerField(
        allow_null=True, help_text="The version that it rolled back to."
    )
    current = serializers.BooleanField()
    spec = serializers.DictField(help_text="What was said, by name; schedules are not part of it.")
    changes = serializers.ListField(
        child=serializers.CharField(), help_text="Names of what the one before said differently."
    )


class DeploymentVersionPage(serializers.Serializer[Any]):
    items = DeploymentVersionOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class RollbackInput(StrictSerializer):
    number = serializers.IntegerField(min_value=1, max_value=INT_MAX)
