from django.db import migrations

from apps.tenancy.isolation import EnableAccountRowSecurity


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_exports"), ("tenancy", "0008_row_security_of_accounts")]
    operations = [
        EnableAccountRowSecurity("exports_exportjob"),
        EnableAccountRowSecurity("exports_exportpart"),
    ]
