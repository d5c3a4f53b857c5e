import pytest
from django.db import ProgrammingError, connection, transaction

from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import ApiKey, RoleAssignment
from tests.factories.tenancy import make_key

pytestmark = pytest.mark.django_db


def test_without_a_workspace_no_row_exists(alice):
    make_key(alice, role="VIEWER")

    assert not ApiKey.objects.exists()
    assert not RoleAssignment.objects.exists()


def test_a_workspace_sees_its_own_rows_only(alice, mallory):
    make_key(alice, role="VIEWER")
    make_key(mallory, role="VIEWER")

    with workspace_scope(alice.workspace.id):
        assert [key.workspace_id for key in ApiKey.objects.all()] == [alice.workspace.id]


def test_a_row_for_another_workspace_cannot_be_written(alice, mallory):
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        workspace_scope(alice.workspace.id),
        transaction.atomic(),
    ):
        ApiKey.objects.create(
            workspace_id=mallory.workspace.id, name="x", prefix="x", secret_hash="x", scopes=[]
        )


def test_a_nested_scope_gives_the_outer_one_back(alice, mallory):
    with workspace_scope(alice.workspace.id):
        with workspace_scope(mallory.workspace.id):
            assert RoleAssignment.objects.get().user_id == mallory.user.id
        assert RoleAssignment.objects.get().user_id == alice.user.id


@pytest.mark.django_db(transaction=True)
def test_the_setting_ends_with_its_transaction(alice):
    with workspace_scope(alice.workspace.id):
        assert RoleAssignment.objects.exists()

    assert not RoleAssignment.objects.exists()


def test_the_worker_role_sees_all_workspaces(alice, mallory, as_worker):
    with as_worker():
        assert RoleAssignment.objects.count() == 2


def test_every_table_with_a_workspace_forces_row_security(db):
    """Time-series tables are the documented exception: they are read through one builder."""
    exempt = {"event", "log_line", "metric_point", "run_transition"}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
                   (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND NOT c.relispartition
            """
        )
        found = {name: (forced, policies) for name, forced, policies in cursor.fetchall()}
    unprotected = {
        name
        for name, (forced, policies) in found.items()
        if not (forced and policies >= 2)
        and not any(name == stem or name.startswith((f"{stem}_", "telemetry_")) for stem in exempt)
    }

    assert unprotected == set()
    assert "tenancy_apikey" in found
