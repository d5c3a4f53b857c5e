"""Channels and deliveries are the workspace's own."""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_channels"), ("tenancy", "0002_row_security")]
    operations = [
        EnableRowSecurity("notifications_channel"),
        EnableRowSecurity("notifications_delivery"),
    ]
