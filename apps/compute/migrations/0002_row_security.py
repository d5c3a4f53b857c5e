"""Each task is its workspace's own."""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("compute", "0001_tasks"), ("tenancy", "0002_row_security")]
    operations = [EnableRowSecurity("compute_managedtask")]
