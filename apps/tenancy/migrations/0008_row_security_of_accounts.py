"""
What an account shares with its workspaces is read in both scopes and written in the account's.

Entries of the audit log can be added by every role that serves, and changed by none.
"""

from django.db import migrations

from apps.tenancy.isolation import (
    ASSIGNMENTS_BY_ACCOUNT,
    AUDIT_ACCESS,
    IN_OWN_ACCOUNTS,
    INVITATION_BY_HASH,
    KEYS_BY_ACCOUNT,
    KEYS_OF_OWN,
    OWN_RULES,
    OWN_TEAMS,
    OWN_TEAMS_ASSIGNMENTS,
    EnableAccountRowSecurity,
    EnableRowSecurity,
    EnableSharedRowSecurity,
)

BACK = """
DROP POLICY own_teams ON tenancy_roleassignment;
DROP POLICY by_account ON tenancy_roleassignment;
DROP POLICY by_account ON tenancy_apikey;
DROP POLICY own ON tenancy_apikey;
DROP POLICY by_hash ON tenancy_invitation;
"""
AUDIT_BACK = """
DROP TRIGGER tenancy_audit_stands ON tenancy_auditentry;
DROP FUNCTION tenancy_audit_stands();
GRANT UPDATE, DELETE ON tenancy_auditentry TO headway_app, headway_worker;
DROP POLICY by_account ON tenancy_auditentry;
DROP POLICY by_workspace ON tenancy_auditentry;
DROP POLICY all_accounts ON tenancy_auditentry;
ALTER TABLE tenancy_auditentry NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_auditentry DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0007_teams_roles_and_audit")]
    operations = [
        EnableSharedRowSecurity("tenancy_team", own=IN_OWN_ACCOUNTS),
        EnableSharedRowSecurity("tenancy_teammember", own=OWN_TEAMS),
        EnableSharedRowSecurity("tenancy_customrole", own=IN_OWN_ACCOUNTS),
        EnableSharedRowSecurity("tenancy_serviceaccount"),
        EnableAccountRowSecurity("tenancy_invitation"),
        EnableRowSecurity("tenancy_objectrule", also=OWN_RULES),
        migrations.RunSQL(
            OWN_TEAMS_ASSIGNMENTS
            + ASSIGNMENTS_BY_ACCOUNT
            + KEYS_BY_ACCOUNT
            + KEYS_OF_OWN
            + INVITATION_BY_HASH,
            BACK,
        ),
        migrations.RunSQL(AUDIT_ACCESS, AUDIT_BACK),
    ]
