"""Links to dashboards, and whether a workspace allows them; with row security."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import APP_ROLE, EnableRowSecurity

LINK_BY_TOKEN = (
    f"CREATE POLICY by_hash ON dashboards_dashboardlink FOR SELECT TO {APP_ROLE}"
    " USING (nullif(current_setting('app.key_hash', true), '') = token_hash);"
)


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0002_saved_views"),
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="Sharing",
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
                ("allowed_by", models.JSONField(null=True)),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DashboardLink",
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
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("token_start", models.CharField(max_length=16)),
                ("expires_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("range", models.CharField(max_length=8)),
                ("chosen", models.JSONField(default=dict)),
                ("panels", models.JSONField(default=list)),
                ("created_by", models.JSONField(null=True)),
                ("updated_at", models.DateTimeField(default=apps.core.clock.utc_now)),
                (
                    "dashboard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="dashboards.dashboard",
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
                        fields=["workspace", "dashboard", "-created_at", "-id"],
                        name="dashboards_links",
                    )
                ],
            },
        ),
        EnableRowSecurity("dashboards_sharing"),
        EnableRowSecurity("dashboards_dashboardlink", also=LINK_BY_TOKEN),
    ]
