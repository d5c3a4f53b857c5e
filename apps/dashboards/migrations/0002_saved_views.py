"""What pages were asked, under names; with row security."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0001_dashboards"),
        ("tenancy", "0012_whose_names_entries_hold"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
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
                (
                    "page",
                    models.CharField(
                        choices=[("EVENTS", "Events"), ("LOGS", "Logs"), ("RUNS", "Runs")],
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("query", models.CharField(max_length=4000)),
                ("is_shared", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                    models.Index(
                        fields=["workspace", "page", "name", "id"], name="dashboards_view_list"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_shared", True)),
                        fields=("workspace", "page", "name"),
                        name="dashboards_view_shared_name",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_shared", False)),
                        fields=("workspace", "owner", "page", "name"),
                        name="dashboards_view_own_name",
                    ),
                ],
            },
        ),
        EnableRowSecurity("dashboards_savedview"),
    ]
