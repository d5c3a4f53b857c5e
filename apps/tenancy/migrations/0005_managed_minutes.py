"""Managed minutes that a plan includes, and why no new runs of managed pools may start."""

from django.db import migrations, models

COLUMNS = {
    "managed_hold": lambda: models.JSONField(null=True),
    "managed_minutes_per_month": lambda: models.PositiveBigIntegerField(null=True),
}


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0004_run_keys"),
    ]

    operations = [
        migrations.AddField(model_name=model, name=name, field=make())
        for model in ("accountlimits", "workspacelimits")
        for name, make in COLUMNS.items()
    ]
