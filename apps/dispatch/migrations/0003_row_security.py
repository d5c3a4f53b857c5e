"""All but the pulse of the front door is the workspace's own. Beats are HOT: half-filled pages."""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0002_leases"), ("tenancy", "0002_row_security")]
    operations = [
        EnableRowSecurity("dispatch_pool"),
        EnableRowSecurity("dispatch_queue"),
        EnableRowSecurity("dispatch_agent"),
        EnableRowSecurity("dispatch_lease"),
        EnableRowSecurity("dispatch_leasebeat"),
        migrations.RunSQL(
            "ALTER TABLE dispatch_leasebeat SET (fillfactor = 50)",
            "ALTER TABLE dispatch_leasebeat RESET (fillfactor)",
        ),
    ]
