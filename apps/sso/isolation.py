"""
What may be read before anybody knows the account: one connection by its id, one domain by its name.

Both are for people who are not signed in. The policies (migration 0001) show the one row that is
named and no other, so that nothing here can list who uses which provider.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from apps.tenancy.isolation import APP_ROLE, variable_scope

CONNECTION_BY_ID = (
    "CREATE POLICY by_id ON sso_connection FOR SELECT TO "
    f"{APP_ROLE} USING (id = nullif(current_setting('app.sso_connection', true), '')::uuid);"
)
DOMAIN_BY_NAME = (
    "CREATE POLICY by_name ON sso_verified_domain FOR SELECT TO "
    f"{APP_ROLE} USING (verified_at IS NOT NULL"
    " AND domain = nullif(current_setting('app.sso_domain', true), ''));"
)
SCIM_TOKEN_BY_HASH = (
    "CREATE POLICY by_hash ON sso_scim_token FOR SELECT TO "
    f"{APP_ROLE} USING (secret_hash = nullif(current_setting('app.key_hash', true), ''));"
)
# Where Django would collect and delete the rows itself, it would not see those of other accounts.
CASCADES = """
DO $$ DECLARE found record; BEGIN
    FOR found IN
        SELECT conname AS name, conrelid::regclass AS place, pg_get_constraintdef(oid) AS meaning
        FROM pg_constraint
        WHERE contype = 'f' AND conrelid::regclass::text = ANY (ARRAY[%s])
          AND confrelid::regclass::text IN ('identity_user', 'tenancy_account')
    LOOP
        EXECUTE format('ALTER TABLE %%s DROP CONSTRAINT %%I', found.place, found.name);
        EXECUTE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', found.place, found.name,
            replace(found.meaning, ' DEFERRABLE', ' ON DELETE CASCADE DEFERRABLE'));
    END LOOP;
END $$;
"""


@contextmanager
def connection_scope(connection_id: uuid.UUID) -> Iterator[None]:
    """Let the one connection with this id be seen, before its account is known."""
    with variable_scope("app.sso_connection", str(connection_id)):
        yield


@contextmanager
def domain_scope(domain: str) -> Iterator[None]:
    """Let the one verified domain of this name be seen, before its account is known."""
    with variable_scope("app.sso_domain", domain):
        yield


# Rows of SCIM go with their member, team or account; a token stays when its maker goes.
SCIM_FOLLOWS = """
DO $$ DECLARE found record; BEGIN
    FOR found IN
        SELECT conname AS name, conrelid::regclass AS place, pg_get_constraintdef(oid) AS meaning,
            CASE confrelid::regclass::text WHEN 'identity_user' THEN 'SET NULL' ELSE 'CASCADE' END
            AS action
        FROM pg_constraint
        WHERE contype = 'f'
          AND conrelid::regclass::text IN ('sso_scim_token', 'sso_scim_user', 'sso_scim_group')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.place, found.name);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', found.place, found.name,
            replace(found.meaning, ' DEFERRABLE',
                ' ON DELETE ' || found.action || ' DEFERRABLE'));
    END LOOP;
END $$;
"""


def cascading(*tables: str) -> str:
    """Return the step that lets rows of these tables go with their person or account."""
    return CASCADES % ", ".join(f"'{table}'" for table in tables)
