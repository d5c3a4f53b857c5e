"""
Usage is the workspace's own, is read over the whole account, and is written by the loops alone.

The ledger cannot be changed by any role that serves: a mistake is corrected by a further record.
"""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity, readable_by_account

GRANTS = """
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON metering_usagerecord, metering_usageday FROM headway_app;
REVOKE UPDATE, DELETE, TRUNCATE ON metering_usagerecord FROM headway_worker;
REVOKE DELETE, TRUNCATE ON metering_usageday FROM headway_worker;
-- Sums change with each record and no index holds them: HOT updates need space.
ALTER TABLE metering_usageday SET (fillfactor = 80);
"""
BACK = """
GRANT INSERT, UPDATE, DELETE ON metering_usagerecord, metering_usageday TO headway_app, headway_worker;
ALTER TABLE metering_usageday RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0001_usage"), ("tenancy", "0002_row_security")]
    operations = [
        EnableRowSecurity("metering_usagerecord", also=readable_by_account("metering_usagerecord")),
        EnableRowSecurity("metering_usageday", also=readable_by_account("metering_usageday")),
        migrations.RunSQL(GRANTS, BACK),
    ]
