"""How accounts, their people and their invitations look on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.http.query import PageQuery
from apps.core.http.serializers import StrictSerializer
from apps.tenancy.enums import AccountRole, BuiltInRole, MemberSource
from apps.tenancy.scopes import AccountScope
from apps.tenancy.selectors import INVITATION_STATES, MEMBER_STATES

_ACCOUNT_SCOPES = [(scope.value, scope.value) for scope in AccountScope]
MAX_GRANTS = 100
MAX_TEAMS = 100


class AccountNamed(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class AccountCounts(serializers.Serializer[Any]):
    members = serializers.IntegerField(help_text="active ones")
    deactivated = serializers.IntegerField()
    invitations = serializers.IntegerField(help_text="open ones")
    teams = serializers.IntegerField()
    workspaces = serializers.IntegerField()
    service_accounts = serializers.IntegerField()
    roles = serializers.IntegerField(help_text="of the account's own")


class Seats(serializers.Serializer[Any]):
    used = serializers.IntegerField(help_text="active members and open invitations")
    limit = serializers.IntegerField(allow_null=True)


class AccountDetailOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    role = serializers.ChoiceField(choices=AccountRole.choices)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=_ACCOUNT_SCOPES))
    archived_at = serializers.DateTimeField(allow_null=True)
    delete_after = serializers.DateTimeField(allow_null=True)
    require_mfa = serializers.BooleanField()
    sso_required = serializers.BooleanField()
    counts = AccountCounts()
    seats = Seats()


class AccountList(serializers.Serializer[Any]):
    items = AccountDetailOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AccountInput(StrictSerializer):
    name = serializers.CharField(max_length=120)


class DeletionInput(StrictSerializer):
    name = serializers.CharField(max_length=120, help_text="typed, to show that this one is meant")
    without_export = serializers.BooleanField(
        default=False, help_text="delete though nothing was exported within the last day"
    )


class OwnershipInput(StrictSerializer):
    member_id = serializers.UUIDField()


class AccountWorkspaceQuery(PageQuery):
    state = serializers.ChoiceField(choices=["active", "archived"], required=False)


class AccountWorkspaceOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="workspace.id")
    slug = serializers.CharField(source="workspace.slug")
    name = serializers.CharField(source="workspace.name")
    created_at = serializers.DateTimeField(source="workspace.created_at")
    archived_at = serializers.DateTimeField(source="workspace.archived_at", allow_null=True)
    delete_after = serializers.DateTimeField(source="workspace.delete_after", allow_null=True)
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    role_name = serializers.CharField(allow_null=True)
    people = serializers.IntegerField()
    keys = serializers.IntegerField(help_text="those that can be used")


class AccountWorkspacePage(serializers.Serializer[Any]):
    items = AccountWorkspaceOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AccountPersonOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")
    email = serializers.EmailField()


class PlaceOutput(serializers.Serializer[Any]):
    """A role in one workspace; `via` is the team that it comes from."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    role_name = serializers.CharField()
    custom_role_id = serializers.UUIDField(allow_null=True)
    assignment_id = serializers.UUIDField(allow_null=True)
    via = AccountNamed(allow_null=True)


class AccountMemberOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="member.id")
    user = AccountPersonOutput(source="member.user")
    account_role = serializers.ChoiceField(choices=AccountRole.choices, source="member.role")
    workspaces = PlaceOutput(many=True)
    teams = AccountNamed(many=True)
    mfa = serializers.BooleanField(help_text="has a second factor")
    sso = serializers.BooleanField(help_text="came through the account's identity provider")
    joined_at = serializers.DateTimeField(source="member.created_at")
    last_seen_at = serializers.DateTimeField(source="member.last_seen_at", allow_null=True)
    deactivated_at = serializers.DateTimeField(source="member.deactivated_at", allow_null=True)
    source = serializers.ChoiceField(  # type: ignore[assignment] # a field's own attribute too
        choices=MemberSource.choices, source="member.source"
    )


class AccountMemberPage(serializers.Serializer[Any]):
    items = AccountMemberOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    total = serializers.IntegerField(help_text="of the filter")


class AccountMemberQuery(PageQuery):
    q = serializers.CharField(required=False, max_length=254, help_text="in names and addresses")
    role = serializers.ChoiceField(choices=AccountRole.choices, required=False)
    team = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=list(MEMBER_STATES), required=False)
    workspace = serializers.CharField(required=False, max_length=64, help_text="its slug")
    mfa = serializers.BooleanField(required=False, allow_null=True, default=None)
    unseen_days = serializers.IntegerField(required=False, min_value=1, max_value=3_650)


class MemberMayOutput(serializers.Serializer[Any]):
    """Each true, or the code and the words of the refusal that it would meet."""

    change_role = serializers.JSONField()
    deactivate = serializers.JSONField()
    remove = serializers.JSONField()


class AccountMemberDetail(AccountMemberOutput):
    keys = serializers.IntegerField(help_text="usable personal keys in the account's workspaces")
    may = MemberMayOutput()


class AccountMemberChange(StrictSerializer):
    account_role = serializers.ChoiceField(choices=AccountRole.choices)


class GrantInput(StrictSerializer):
    workspace_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=BuiltInRole.choices, required=False, allow_null=True)
    custom_role_id = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("role") is None) == (attrs.get("custom_role_id") is None):
            raise serializers.ValidationError({"role": ["Give either a role or a custom role."]})
        return attrs


class InvitationInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    account_role = serializers.ChoiceField(choices=AccountRole.choices, default=AccountRole.MEMBER)
    grants = GrantInput(many=True, required=False)
    team_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=MAX_TEAMS
    )

    def validate_grants(self, grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(grants) > MAX_GRANTS:
            raise serializers.ValidationError(f"At most {MAX_GRANTS}.")
        if len({grant["workspace_id"] for grant in grants}) != len(grants):
            raise serializers.ValidationError("One role in each workspace.")
        return grants


class InvitationQuery(PageQuery):
    state = serializers.ChoiceField(choices=list(INVITATION_STATES), required=False)
    q = serializers.CharField(required=False, max_length=254)


class OfferedGrantOutput(serializers.Serializer[Any]):
    workspace_id = serializers.UUIDField()
    workspace_name = serializers.CharField()
    role = serializers.ChoiceField(choices=BuiltInRole.choices, allow_null=True)
    custom_role_id = serializers.UUIDField(allow_null=True)
    role_name = serializers.CharField()


class InviterOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class InvitationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="invitation.id")
    email = serializers.EmailField(source="invitation.email")
    account_role = serializers.ChoiceField(
        choices=AccountRole.choices, source="invitation.account_role"
    )
    grants = OfferedGrantOutput(many=True)
    teams = AccountNamed(many=True)
    state = serializers.ChoiceField(choices=list(INVITATION_STATES))
    invited_by = InviterOutput(source="invitation.invited_by", allow_null=True)
    created_at = serializers.DateTimeField(source="invitation.created_at")
    sent_at = serializers.DateTimeField(source="invitation.sent_at")
    expires_at = serializers.DateTimeField(source="invitation.expires_at")
    accepted_at = serializers.DateTimeField(source="invitation.accepted_at", allow_null=True)
    revoked_at = serializers.DateTimeField(source="invitation.revoked_at", allow_null=True)


class InvitationPage(serializers.Serializer[Any]):
    items = InvitationOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class OfferOutput(serializers.Serializer[Any]):
    """What the holder of the link sees; `yours` only for who is signed in."""

    account = AccountNamed()
    invited_by = serializers.CharField(allow_null=True)
    email = serializers.CharField(help_text="masked")
    expires_at = serializers.DateTimeField()
    account_role = serializers.ChoiceField(choices=AccountRole.choices)
    workspaces = serializers.ListField(child=serializers.CharField())
    yours = serializers.BooleanField(allow_null=True)


class AcceptedOutput(serializers.Serializer[Any]):
    account = AccountNamed()
    workspace = serializers.CharField(allow_null=True, help_text="the slug of one that is open")
