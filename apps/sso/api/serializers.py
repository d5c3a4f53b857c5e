"""What comes in and goes out of the routes of connections and domains. Secrets only come in."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from apps.core.http.serializers import StrictSerializer
from apps.sso.enums import ConnectionKind
from apps.sso.joining import Step
from apps.tenancy.enums import AccountRole, BuiltInRole

JOINING_ROLES = [choice for choice in AccountRole.choices if choice[0] != AccountRole.OWNER]
PEOPLE_ROLES = [choice for choice in BuiltInRole.choices if choice[0] != BuiltInRole.AGENT]


class SsoOidcSettingsInput(StrictSerializer):
    """How to find an OpenID Connect provider."""

    issuer = serializers.CharField(max_length=500)
    client_id = serializers.CharField(max_length=300)
    scopes = serializers.ListField(
        child=serializers.RegexField(r"^[\x21\x23-\x5b\x5d-\x7e]+$", max_length=100),
        required=False,
        max_length=20,
    )
    groups_claim = serializers.CharField(required=False, max_length=200)


class SsoSamlSettingsInput(StrictSerializer):
    """How to find a SAML provider: by its metadata's address, its metadata, or by hand."""

    metadata_url = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    metadata_xml = serializers.CharField(required=False, allow_blank=True, max_length=1024 * 1024)
    entity_id = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    sso_url = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    slo_url = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    certificates = serializers.ListField(
        child=serializers.CharField(max_length=10_000), required=False, max_length=10
    )
    email_attribute = serializers.CharField(required=False, allow_blank=True, max_length=300)
    name_attribute = serializers.CharField(required=False, allow_blank=True, max_length=300)
    groups_attribute = serializers.CharField(required=False, allow_blank=True, max_length=300)
    allow_provider_initiated = serializers.BooleanField(required=False)
    sign_requests = serializers.BooleanField(required=False)


SETTINGS_INPUT: dict[str, type[StrictSerializer]] = {
    ConnectionKind.OIDC: SsoOidcSettingsInput,
    ConnectionKind.SAML: SsoSamlSettingsInput,
}


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="SsoSettingsInput",
        serializers=[SsoOidcSettingsInput, SsoSamlSettingsInput],
        resource_type_field_name=None,
    )
)
class SettingsField(serializers.DictField):
    """Read by the connection's kind, in the view."""


class SsoGrantInput(StrictSerializer):
    """A role in a workspace: a built-in one or one of the account's own."""

    workspace_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=PEOPLE_ROLES, required=False)
    custom_role_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        if ("role" in attrs) == ("custom_role_id" in attrs):
            raise serializers.ValidationError("Name either a role or a custom role.")
        return {name: str(value) for name, value in attrs.items()}


class SsoGroupTeamInput(StrictSerializer):
    group = serializers.CharField(max_length=300)
    team = serializers.CharField(max_length=120)


class SsoJoiningInput(StrictSerializer):
    """What becomes of people who come for the first time, and of groups at each sign-in."""

    joins_new_people = serializers.BooleanField(required=False)
    default_role = serializers.ChoiceField(choices=JOINING_ROLES, required=False)
    default_grants = serializers.ListField(child=SsoGrantInput(), required=False, max_length=100)
    group_teams = serializers.ListField(child=SsoGroupTeamInput(), required=False, max_length=500)


class SsoConnectionInput(SsoJoiningInput):
    # By the client, who shows its addresses to the provider before there is a connection.
    id = serializers.UUIDField(required=False)
    kind = serializers.ChoiceField(choices=ConnectionKind.choices)
    name = serializers.CharField(max_length=120)
    settings = SettingsField()
    client_secret = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class SsoConnectionChange(SsoJoiningInput):
    name = serializers.CharField(required=False, max_length=120)
    settings = SettingsField(required=False)
    client_secret = serializers.CharField(required=False, max_length=1000)


class SsoGrantOutput(serializers.Serializer[Any]):
    workspace_id = serializers.UUIDField()
    role = serializers.CharField(allow_null=True)
    custom_role_id = serializers.UUIDField(allow_null=True)


class SsoGroupTeamOutput(serializers.Serializer[Any]):
    group = serializers.CharField()
    team = serializers.CharField()


class SsoCertificateOutput(serializers.Serializer[Any]):
    fingerprint = serializers.CharField(help_text="SHA-256, hexadecimal")
    ends_at = serializers.DateTimeField()


class SsoSettingsOutput(serializers.Serializer[Any]):
    """What is known of the provider; what does not belong to the connection's kind is null."""

    issuer = serializers.CharField(allow_null=True)
    client_id = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    groups_claim = serializers.CharField(allow_null=True)
    metadata_url = serializers.CharField(allow_null=True)
    entity_id = serializers.CharField(allow_null=True)
    sso_url = serializers.CharField(allow_null=True)
    slo_url = serializers.CharField(allow_null=True)
    certificates = serializers.ListField(child=serializers.CharField(), allow_null=True)
    email_attribute = serializers.CharField(allow_null=True)
    name_attribute = serializers.CharField(allow_null=True)
    groups_attribute = serializers.CharField(allow_null=True)
    allow_provider_initiated = serializers.BooleanField(allow_null=True)
    sign_requests = serializers.BooleanField(allow_null=True)


class SsoOursOutput(serializers.Serializer[Any]):
    """What to enter at the provider; by the connection's kind the others are null."""

    redirect_uri = serializers.CharField(allow_null=True)
    sign_out_uri = serializers.CharField(allow_null=True)
    back_channel_logout_uri = serializers.CharField(allow_null=True)
    entity_id = serializers.CharField(allow_null=True)
    acs_url = serializers.CharField(allow_null=True)
    sls_url = serializers.CharField(allow_null=True)
    metadata_url = serializers.CharField(allow_null=True)
    certificate = serializers.CharField(allow_null=True)


class SsoConnectionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ConnectionKind.choices)
    name = serializers.CharField()
    settings = SsoSettingsOutput()
    has_client_secret = serializers.BooleanField()
    certificates = SsoCertificateOutput(many=True)
    ours = SsoOursOutput()
    login_url = serializers.CharField(help_text="where its people can begin")
    joins_new_people = serializers.BooleanField()
    default_role = serializers.ChoiceField(choices=JOINING_ROLES)
    default_grants = SsoGrantOutput(many=True)
    group_teams = SsoGroupTeamOutput(many=True)
    people = serializers.IntegerField(help_text="who have signed in by it")
    tested_at = serializers.DateTimeField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    last_error_at = serializers.DateTimeField(allow_null=True)
    metadata_fetched_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SsoConnectionList(serializers.Serializer[Any]):
    items = SsoConnectionOutput(many=True)


class SsoTestUrlOutput(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="to be opened in the browser that asked")


class SsoAssertedOutput(serializers.Serializer[Any]):
    """What the provider said."""

    subject = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    email_confirmed = serializers.BooleanField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField())
    claims = serializers.DictField()


class SsoWouldOutput(serializers.Serializer[Any]):
    """What signing in would do."""

    step = serializers.ChoiceField(choices=[each.value for each in Step])
    joins = serializers.BooleanField()
    role = serializers.CharField(allow_null=True)
    grants = SsoGrantOutput(many=True)
    teams_joined = serializers.ListField(child=serializers.CharField())
    teams_left = serializers.ListField(child=serializers.CharField())
    teams_unknown = serializers.ListField(child=serializers.CharField())
    groups_came = serializers.BooleanField()


class SsoTestResultOutput(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)
    details = serializers.DictField()
    asserted = SsoAssertedOutput(allow_null=True)
    would = SsoWouldOutput(allow_null=True)


class SsoTestOutput(serializers.Serializer[Any]):
    """The last test; without one `started_at` is null, and `result` while it is on its way."""

    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    result = SsoTestResultOutput(allow_null=True)


class SsoLinkedUserOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")
    email = serializers.EmailField()


class SsoIdentityOutput(serializers.Serializer[Any]):
    """Somebody who signs in by a connection."""

    id = serializers.UUIDField()
    user = SsoLinkedUserOutput()
    subject = serializers.CharField()
    email = serializers.CharField(help_text="as the provider last said")
    last_signed_in_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class SsoIdentityPage(serializers.Serializer[Any]):
    items = SsoIdentityOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class SsoPolicyInput(StrictSerializer):
    required = serializers.BooleanField()  # type: ignore[assignment] # Field has one of its own


class SsoPolicyOutput(serializers.Serializer[Any]):
    """Whether people must come by the provider, and what decides who may ask it of them."""

    required = serializers.BooleanField()  # type: ignore[assignment] # as above
    active_connections = serializers.IntegerField()
    came_by_provider = serializers.BooleanField(help_text="whether who asks has, once")
    is_owner = serializers.BooleanField()


class SsoDomainInput(StrictSerializer):
    domain = serializers.CharField(max_length=300)
    connection_id = serializers.UUIDField(required=False, allow_null=True)


class SsoDomainChange(StrictSerializer):
    connection_id = serializers.UUIDField(allow_null=True)


class SsoDomainOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    domain = serializers.CharField()
    record = serializers.CharField(help_text="what the domain's TXT record must say")
    connection_id = serializers.UUIDField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    missing_since = serializers.DateTimeField(allow_null=True)
    lost_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class SsoDomainList(serializers.Serializer[Any]):
    items = SsoDomainOutput(many=True)


class SsoDiscoveryInput(StrictSerializer):
    email = serializers.CharField(max_length=320)


class SsoDiscoveryOutput(serializers.Serializer[Any]):
    """Where somebody with this address signs in; null: with a password, or nowhere."""

    url = serializers.CharField(allow_null=True)


class SsoSignOutOutput(serializers.Serializer[Any]):
    """Where the browser goes to end the provider's session, too; null: nowhere."""

    url = serializers.CharField(allow_null=True)
