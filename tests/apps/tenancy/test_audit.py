"""The log of changes: who, what, from where; and nobody who serves can rewrite it."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.tenancy import audit
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import AuditEntry
from tests.isolation import as_worker


def record(workspace, **changes):
    audit.record(
        action="thing.changed",
        target=audit.Object(kind="thing", id="t-1", name="Thing"),
        workspace_id=workspace.id,
        **changes,
    )


def entries(workspace):
    with account_scope(workspace.account_id):
        return list(AuditEntry.objects.filter(action="thing.changed"))


def test_keeps_what_changed_and_hides_secrets(workspace):
    record(
        workspace,
        before={"name": "a", "kept": 1, "webhook_secret": "s3cret"},
        after={"name": "b", "kept": 1, "webhook_secret": "other", "nested": {"api_token": "x"}},
    )

    (entry,) = entries(workspace)
    assert entry.before == {"name": "a", "webhook_secret": audit.HIDDEN}
    assert entry.after == {
        "name": "b",
        "webhook_secret": audit.HIDDEN,
        "nested": {"api_token": audit.HIDDEN},
    }
    assert (entry.actor_kind, entry.account_id) == ("system", workspace.account_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenancy_auditentry SET action = 'nothing.happened'",
        "DELETE FROM tenancy_auditentry",
    ],
)
def test_the_database_refuses_changes(workspace, statement):
    record(workspace)

    for becoming in (lambda: account_scope(workspace.account_id), as_worker):
        with (
            becoming(),
            pytest.raises(DatabaseError, match=r"denied|neither changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert len(entries(workspace)) == 1


def test_is_the_accounts_own(workspace, rival_workspace):
    record(workspace)

    assert entries(rival_workspace) == []
    with workspace_scope(rival_workspace.id):
        assert not AuditEntry.objects.filter(action="thing.changed").exists()
    with workspace_scope(workspace.id):
        assert AuditEntry.objects.filter(action="thing.changed").count() == 1
