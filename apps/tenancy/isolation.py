"""
Row-level security: the database itself keeps workspaces apart.

Requests connect as `headway_app`, which sees the rows of the workspace that the transaction names.
Loops connect as `headway_worker`, whose policies admit all workspaces and which serves no request.
SECURITY: the variable is set per transaction, never per session: with a pool, a session-level SET
would still hold for the next request. Unset it reads '' after first use, hence nullif.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, migrations, transaction

APP_ROLE = "headway_app"
WORKER_ROLE = "headway_worker"
OWNER_ROLE = "headway_owner"

_CURRENT_WORKSPACE = "nullif(current_setting('app.workspace', true), '')::uuid"
_CURRENT_USER = "nullif(current_setting('app.user', true), '')::uuid"
_CURRENT_ACCOUNT = "nullif(current_setting('app.account', true), '')::uuid"
_CURRENT_KEY = "nullif(current_setting('app.key_hash', true), '')"


@contextmanager
def workspace_scope(workspace_id: uuid.UUID) -> Iterator[None]:
    """
    Open the (short) transaction in which this workspace's rows are visible. Nests.

    An inner scope of another workspace gives the outer one back when it ends.
    """
    with _scope("app.workspace", str(workspace_id)):
        yield


@contextmanager
def user_scope(user_id: uuid.UUID) -> Iterator[None]:
    """Let a person's own role assignments be seen, over all workspaces."""
    with _scope("app.user", str(user_id)):
        yield


@contextmanager
def account_scope(account_id: uuid.UUID) -> Iterator[None]:
    """Let what is kept of an account be read, over all its workspaces. Nests."""
    with _scope("app.account", str(account_id)):
        yield


@contextmanager
def key_scope(secret_hash: str) -> Iterator[None]:
    """Let the one API key with this hash be seen, before its workspace is known."""
    with _scope("app.key_hash", secret_hash):
        yield


@contextmanager
def variable_scope(variable: str, value: str) -> Iterator[None]:
    """Let a policy of an upper app see this value of its own variable. Nests."""
    with _scope(variable, value):
        yield


@contextmanager
def _scope(variable: str, value: str) -> Iterator[None]:
    if not connection.in_atomic_block:
        with transaction.atomic():
            _set(variable, value)
            yield
        return
    before = _set(variable, value)
    yield
    # Not in a `finally`: after an error the caller's savepoint or transaction takes it back.
    if before != value:
        _set(variable, before)


def _set(variable: str, value: str) -> str:
    """Set the variable for this transaction and return what it was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT before, set_config(%s, %s, true) FROM"
            " (SELECT coalesce(current_setting(%s, true), '') AS before OFFSET 0) AS was",
            [variable, value, variable],
        )
        return str(cursor.fetchone()[0])


class EnableRowSecurity(migrations.RunSQL):
    """
    Migration step: only rows of the transaction's workspace exist for `headway_app`.

    `column` names the workspace column. FORCE, because the owner must not slip past either.
    """

    reduces_to_sql = True

    def __init__(self, table: str, column: str = "workspace_id", also: str = "") -> None:
        self.table, self.column, self.also = table, column, also
        super().__init__(
            sql=f"""
                ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
                ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
                CREATE POLICY by_workspace ON {table} TO {APP_ROLE}
                    USING ({column} = {_CURRENT_WORKSPACE});
                CREATE POLICY all_workspaces ON {table} TO {WORKER_ROLE} USING (true);
                {also}
            """,
            reverse_sql=f"""
                ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
                ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
                DROP POLICY IF EXISTS by_workspace ON {table};
                DROP POLICY IF EXISTS all_workspaces ON {table};
            """,
        )

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__name__, [self.table, self.column, self.also], {}


class EnableAccountRowSecurity(migrations.RunSQL):
    """Migration step: only rows of the transaction's account exist for `headway_app`."""

    reduces_to_sql = True

    def __init__(self, table: str, column: str = "account_id") -> None:
        self.table, self.column = table, column
        super().__init__(
            sql=f"""
                ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
                ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
                CREATE POLICY by_account ON {table} TO {APP_ROLE}
                    USING ({column} = {_CURRENT_ACCOUNT});
                CREATE POLICY all_accounts ON {table} TO {WORKER_ROLE} USING (true);
            """,
            reverse_sql=f"""
                ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
                ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
                DROP POLICY IF EXISTS by_account ON {table};
                DROP POLICY IF EXISTS all_accounts ON {table};
            """,
        )

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__name__, [self.table, self.column], {}


def readable_by_account(table: str, column: str = "account_id") -> str:
    """Return the policy that lets `account_scope` read a table with row security."""
    return (
        f"CREATE POLICY by_account ON {table} FOR SELECT TO {APP_ROLE}"
        f" USING ({column} = {_CURRENT_ACCOUNT});"
    )


class EnableSharedRowSecurity(migrations.RunSQL):
    """
    Migration step: rows of an account that its workspaces may read: teams, roles, who belongs.

    Written in `account_scope`; read there, in `workspace_scope`, and where `own` says, a condition
    on the row for what a person sees of themselves in `user_scope`.
    """

    reduces_to_sql = True

    def __init__(self, table: str, own: str = "") -> None:
        self.table, self.own = table, own
        own_policy = f"CREATE POLICY own ON {table} FOR SELECT TO {APP_ROLE} USING ({own});"
        super().__init__(
            sql=f"""
                ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
                ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
                CREATE POLICY by_account ON {table} TO {APP_ROLE}
                    USING (account_id = {_CURRENT_ACCOUNT});
                CREATE POLICY by_workspace ON {table} FOR SELECT TO {APP_ROLE}
                    USING (account_id = (
                        SELECT within.account_id FROM tenancy_workspace AS within
                        WHERE within.id = {_CURRENT_WORKSPACE}));
                CREATE POLICY all_accounts ON {table} TO {WORKER_ROLE} USING (true);
                {own_policy if own else ""}
            """,
            reverse_sql=f"""
                ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
                ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
                DROP POLICY IF EXISTS by_account ON {table};
                DROP POLICY IF EXISTS by_workspace ON {table};
                DROP POLICY IF EXISTS all_accounts ON {table};
                DROP POLICY IF EXISTS own ON {table};
            """,
        )

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return self.__class__.__name__, [self.table, self.own], {}


OWN_TEAMS = f"user_id = {_CURRENT_USER}"
IN_OWN_ACCOUNTS = (
    "account_id IN (SELECT mine.account_id FROM tenancy_member AS mine"
    f" WHERE mine.user_id = {_CURRENT_USER})"
)
OWN_TEAMS_ASSIGNMENTS = (
    "CREATE POLICY own_teams ON tenancy_roleassignment FOR SELECT TO "
    f"{APP_ROLE} USING (team_id IN (SELECT mine.team_id FROM tenancy_teammember AS mine"
    f" WHERE mine.user_id = {_CURRENT_USER}));"
)
OWN_RULES = (
    "CREATE POLICY own_workspaces ON tenancy_objectrule FOR SELECT TO "
    f"{APP_ROLE} USING (workspace_id IN (SELECT theirs.id FROM tenancy_workspace AS theirs"
    " JOIN tenancy_member AS mine ON mine.account_id = theirs.account_id"
    f" WHERE mine.user_id = {_CURRENT_USER}));"
)
RULES_BY_ACCOUNT = (
    "CREATE POLICY by_account ON tenancy_objectrule TO "
    f"{APP_ROLE} USING (workspace_id IN (SELECT theirs.id FROM tenancy_workspace AS theirs"
    f" WHERE theirs.account_id = {_CURRENT_ACCOUNT}));"
)
ASSIGNMENTS_BY_ACCOUNT = (
    "CREATE POLICY by_account ON tenancy_roleassignment TO "
    f"{APP_ROLE} USING (workspace_id IN (SELECT theirs.id FROM tenancy_workspace AS theirs"
    f" WHERE theirs.account_id = {_CURRENT_ACCOUNT}));"
)
KEYS_BY_ACCOUNT = (
    "CREATE POLICY by_account ON tenancy_apikey TO "
    f"{APP_ROLE} USING (workspace_id IN (SELECT theirs.id FROM tenancy_workspace AS theirs"
    f" WHERE theirs.account_id = {_CURRENT_ACCOUNT}));"
)
KEYS_OF_OWN = (
    "CREATE POLICY own ON tenancy_apikey FOR SELECT TO "
    f"{APP_ROLE} USING (created_by_id = {_CURRENT_USER});"
)
INVITATION_BY_HASH = (
    "CREATE POLICY by_hash ON tenancy_invitation FOR SELECT TO "
    f"{APP_ROLE} USING (token_hash = {_CURRENT_KEY});"
)
AUDIT_ACCESS = f"""
    ALTER TABLE tenancy_auditentry ENABLE ROW LEVEL SECURITY;
    ALTER TABLE tenancy_auditentry FORCE ROW LEVEL SECURITY;
    CREATE POLICY by_account ON tenancy_auditentry TO {APP_ROLE}
        USING (account_id = {_CURRENT_ACCOUNT});
    CREATE POLICY by_workspace ON tenancy_auditentry FOR SELECT TO {APP_ROLE}
        USING (workspace_id = {_CURRENT_WORKSPACE});
    CREATE POLICY all_accounts ON tenancy_auditentry TO {WORKER_ROLE} USING (true);
    -- Rights alone would do for both roles; the trigger also stops whoever gets more of them.
    REVOKE UPDATE, DELETE, TRUNCATE ON tenancy_auditentry FROM {APP_ROLE}, {WORKER_ROLE};
    CREATE FUNCTION tenancy_audit_stands() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Entries of the audit log are neither changed nor deleted.'
            USING ERRCODE = 'insufficient_privilege';
    END $$;
    CREATE TRIGGER tenancy_audit_stands BEFORE UPDATE OR DELETE ON tenancy_auditentry
        FOR EACH ROW EXECUTE FUNCTION tenancy_audit_stands();
"""

OWN_ASSIGNMENTS = (
    "CREATE POLICY own ON tenancy_roleassignment FOR SELECT TO "
    f"{APP_ROLE} USING (user_id = {_CURRENT_USER});"
)
KEY_BY_HASH = (
    "CREATE POLICY by_hash ON tenancy_apikey FOR SELECT TO "
    f"{APP_ROLE} USING (secret_hash = {_CURRENT_KEY});"
)
RUN_KEY_BY_HASH = (
    "CREATE POLICY by_hash ON tenancy_runkey FOR SELECT TO "
    f"{APP_ROLE} USING (secret_hash = {_CURRENT_KEY});"
)
