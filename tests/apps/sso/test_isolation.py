"""The database shows a stranger the one row that is named, and nobody another account's."""

import pytest

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.sso.isolation import connection_scope, domain_scope
from apps.sso.models import SsoConnection, SsoIdentity, VerifiedDomain
from apps.tenancy.isolation import account_scope

pytestmark = pytest.mark.django_db


def make_connection(workspace, name="Okta"):
    with account_scope(workspace.account_id):
        return SsoConnection.objects.create(
            account_id=workspace.account_id,
            kind="OIDC",
            name=name,
            settings={},
            updated_at=utc_now(),
        )


def test_a_connection_is_seen_by_its_account_and_by_its_id(workspace, rival_workspace):
    made = make_connection(workspace)

    assert not SsoConnection.objects.exists()
    with account_scope(rival_workspace.account_id):
        assert not SsoConnection.objects.exists()
    with account_scope(workspace.account_id):
        assert SsoConnection.objects.get() == made
    with connection_scope(made.id):
        assert SsoConnection.objects.get() == made


def test_a_domain_is_seen_by_its_name_once_it_is_verified(workspace):
    with account_scope(workspace.account_id):
        for domain, verified_at in (("acme.example", utc_now()), ("claimed.example", None)):
            VerifiedDomain.objects.create(
                account_id=workspace.account_id, domain=domain, token="t", verified_at=verified_at
            )

    with domain_scope("acme.example"):
        assert VerifiedDomain.objects.get().domain == "acme.example"
    for unseen in ("claimed.example", "other.example"):
        with domain_scope(unseen):
            assert not VerifiedDomain.objects.exists()


def test_the_rows_of_a_person_go_with_them_although_nobody_sees_them(workspace):
    made = make_connection(workspace)
    carol = User.objects.create_user("carol@acme.example")
    with account_scope(workspace.account_id):
        SsoIdentity.objects.create(
            account_id=workspace.account_id,
            connection=made,
            user=carol,
            subject="s1",
            email=carol.email,
            last_signed_in_at=utc_now(),
        )

    carol.delete()

    with account_scope(workspace.account_id):
        assert not SsoIdentity.objects.exists()
