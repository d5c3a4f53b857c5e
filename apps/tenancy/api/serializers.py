"""What goes in and out over HTTP; no ORM here."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.tenancy.enums import AccountRole, ActorKind, BuiltInRole
from apps.tenancy.scopes import AccountScope, Scope

SCOPES = [(scope.value, scope.value) for scope in Scope]
ACCOUNT_SCOPES = [(scope.value, scope.value) for scope in AccountScope]


class AccountOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class HoldOutput(serializers.Serializer[Any]):
    """Why no new runs start; `resets_at` is when they do again by themselves."""

    reason = serializers.CharField()
    meter = serializers.CharField()
    used = serializers.IntegerField(help_text="when the hold began")
    limit = serializers.IntegerField()
    resets_at = serializers.DateTimeField()


class LimitsOutput(serializers.Serializer[Any]):
    max_concurrent_runs = serializers.IntegerField(allow_null=True)
    events_per_minute = serializers.IntegerField(allow_null=True)
    task_runs_per_month = serializers.IntegerField(
        allow_null=True, help_text="of the account, over all its workspaces"
    )
    retention_days = serializers.IntegerField()
    hold = HoldOutput(allow_null=True)


class WorkspaceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    account = AccountOutput()
    role = serializers.ChoiceField(
        choices=BuiltInRole.choices,
        allow_null=True,
        help_text="null when no built-in role says it all",
    )
    role_name = serializers.CharField(help_text="in words, of roles of the account's own too")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))
    limits = LimitsOutput()
    archived_at = serializers.DateTimeField(allow_null=True)
    delete_after = serializers.DateTimeField(allow_null=True)


class WorkspaceSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    archived_at = serializers.DateTimeField(allow_null=True)
    role = serializers.ChoiceField(
        choices=BuiltInRole.choices,
        allow_null=True,
        help_text="null when no built-in role says it all",
    )
    role_name = serializers.CharField(help_text="in words, of roles of the account's own too")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))
    account = AccountOutput()


class ActorOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ActorKind.choices)
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField(allow_null=True)


class MyAccount(serializers.Serializer[Any]):
    """An account that one is a member of."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=AccountRole.choices)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=ACCOUNT_SCOPES))
    archived_at = serializers.DateTimeField(allow_null=True)
    delete_after = serializers.DateTimeField(allow_null=True)
    require_mfa = serializers.BooleanField()
    sso_required = serializers.BooleanField()


class MeOutput(serializers.Serializer[Any]):
    actor = ActorOutput()
    live_url = serializers.CharField()
    workspaces = WorkspaceSummary(many=True)
    accounts = MyAccount(many=True)


class WorkspaceInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    account_id = serializers.UUIDField(required=False)


class WorkspaceChange(StrictSerializer):
    name = serializers.CharField(max_length=120)


class PersonOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")
    email = serializers.EmailField()
