"""Dashboards, with row security."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dashboard",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=apps.core.clock.utc_now, editable=False),
                ),
                ("name", models.CharField(max_length=120)),
                ("range", models.CharField(max_length=8)),
                ("variables", models.JSONField(default=list)),
                ("panels", models.JSONField(default=list)),
                ("version", models.PositiveIntegerField(default=1)),
                ("is_first", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                ("updated_by", models.JSONField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "name", "id"], name="dashboards_list")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_first", True)),
                        fields=("workspace",),
                        name="dashboards_first_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("deleted_at", None),
                            models.Q(("is_first", True), ("panels", [])),
                            _connector="OR",
                        ),
                        name="dashboards_only_the_first_stays_behind",
                    ),
                ],
            },
        ),
        EnableRowSecurity("dashboards_dashboard"),
    ]
