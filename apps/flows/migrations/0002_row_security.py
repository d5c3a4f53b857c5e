"""Flows, deployments and schedules are the workspace's own."""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("flows", "0001_flows"), ("tenancy", "0002_row_security")]
    operations = [
        EnableRowSecurity("flows_flow"),
        EnableRowSecurity("flows_deployment"),
        EnableRowSecurity("flows_schedule"),
    ]
