"""What runs used, prices and budgets, all of it with row security."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity

TABLES = ("costs_price", "costs_budget", "costs_runusage", "costs_dayusage")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayUsage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "day",
                        "deployment_id",
                        "flow_id",
                        "kind",
                        "subject",
                        "unit",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("deployment_id", models.UUIDField()),
                ("flow_id", models.UUIDField()),
                ("kind", models.CharField(max_length=16)),
                ("subject", models.CharField(max_length=200)),
                ("unit", models.CharField(max_length=32)),
                ("quantity", models.DecimalField(decimal_places=9, max_digits=30)),
                ("count", models.BigIntegerField()),
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
        ),
        migrations.CreateModel(
            name="RunUsage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "run_id",
                        "day",
                        "kind",
                        "subject",
                        "unit",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run_id", models.UUIDField()),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=16)),
                ("subject", models.CharField(max_length=200)),
                ("unit", models.CharField(max_length=32)),
                ("quantity", models.DecimalField(decimal_places=9, max_digits=30)),
                ("count", models.BigIntegerField()),
                (
                    "counted_quantity",
                    models.DecimalField(decimal_places=9, default=0, max_digits=30),
                ),
                ("counted", models.BigIntegerField(default=0)),
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
        ),
        migrations.CreateModel(
            name="Budget",
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
                ("amount", models.DecimalField(decimal_places=6, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                ("deployment_id", models.UUIDField(null=True)),
                ("reached_month", models.DateField(null=True)),
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
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        django.db.models.functions.text.Lower("name"),
                        name="costs_budget_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="costs_budget_positive"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
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
                    "kind",
                    models.CharField(
                        choices=[("model", "model"), ("query", "query"), ("compute", "compute")],
                        max_length=16,
                    ),
                ),
                ("pattern", models.CharField(max_length=200)),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("input_tokens", "input_tokens"),
                            ("cache_read_tokens", "cache_read_tokens"),
                            ("cache_creation_tokens", "cache_creation_tokens"),
                            ("output_tokens", "output_tokens"),
                            ("reasoning_tokens", "reasoning_tokens"),
                            ("bytes", "bytes"),
                            ("credits", "credits"),
                            ("vcpu_seconds", "vcpu_seconds"),
                            ("gb_seconds", "gb_seconds"),
                            ("wall_seconds", "wall_seconds"),
                        ],
                        max_length=32,
                    ),
                ),
                ("price", models.DecimalField(decimal_places=9, max_digits=20)),
                ("currency", models.CharField(max_length=3)),
                ("valid_from", models.DateField()),
                ("updated_at", models.DateTimeField()),
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
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        models.F("kind"),
                        django.db.models.functions.text.Lower("pattern"),
                        models.F("unit"),
                        models.F("valid_from"),
                        name="costs_price_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price__gte", 0)), name="costs_price_not_negative"
                    ),
                ],
            },
        ),
        *(EnableRowSecurity(table) for table in TABLES),
    ]
