"""What a plan allows, by account and copied to its workspaces, and why no new runs may start."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountLimits",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="limits",
                        serialize=False,
                        to="tenancy.account",
                    ),
                ),
                ("max_users", models.PositiveIntegerField(null=True)),
                ("max_workspaces", models.PositiveIntegerField(null=True)),
                ("events_per_minute", models.PositiveIntegerField(null=True)),
                ("task_runs_per_month", models.PositiveBigIntegerField(null=True)),
                ("retention_days", models.PositiveIntegerField(null=True)),
                ("hold", models.JSONField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="workspacelimits",
            name="hold",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="workspacelimits",
            name="task_runs_per_month",
            field=models.PositiveBigIntegerField(null=True),
        ),
    ]
