"""What comes in and goes out of the routes of bundles and tasks."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import QuerySerializer
from apps.flows.wire import SizeOutput

INT_MAX = 2_147_483_647


class TaskQuery(QuerySerializer):
    epoch = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=INT_MAX,
        help_text="The key's own when it is left out.",
    )


class LeasedDeploymentOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    entrypoint = serializers.CharField()
    path = serializers.CharField()
    version = serializers.CharField(allow_null=True)


class GrantedLeaseOutput(serializers.Serializer[Any]):
    """A lease, as agents get it."""

    run_id = serializers.UUIDField()
    epoch = serializers.IntegerField()
    lease_seconds = serializers.IntegerField()
    run_name = serializers.CharField()
    flow_name = serializers.CharField()
    attempt = serializers.IntegerField()
    parameters = serializers.DictField()
    timeout_seconds = serializers.IntegerField(allow_null=True)
    deployment = LeasedDeploymentOutput()


class TaskBundleOutput(serializers.Serializer[Any]):
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()


class TaskOrderOutput(serializers.Serializer[Any]):
    """All that a task needs in order to execute its run."""

    lease = GrantedLeaseOutput()
    bundle = TaskBundleOutput()
    requirements = serializers.ListField(child=serializers.CharField())
    python = serializers.CharField()
    size = SizeOutput()
