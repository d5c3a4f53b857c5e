"""What exists and how it touched, all of it with row security."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import EnableRowSecurity

TABLES = (
    "lineage_resource",
    "lineage_facet",
    "lineage_schemaversion",
    "lineage_reading",
    "lineage_relation",
    "lineage_touch",
    "lineage_knownrun",
    "lineage_alias",
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0012_whose_names_entries_hold"),
    ]

    operations = [
        migrations.CreateModel(
            name="Facet",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "resource_id",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("resource_id", models.UUIDField()),
                ("name", models.CharField(max_length=40)),
                ("at", models.DateTimeField()),
                ("event_id", models.UUIDField()),
                ("value", models.JSONField()),
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
            name="KnownRun",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "run_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run_id", models.UUIDField()),
                ("owner_id", models.UUIDField()),
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
            name="Reading",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "resource_id",
                        "measure",
                        "hour",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("resource_id", models.UUIDField()),
                ("measure", models.CharField(max_length=20)),
                ("hour", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("event_id", models.UUIDField()),
                ("value", models.FloatField()),
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
            name="Resource",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("label", models.CharField(max_length=200)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
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
            name="Alias",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.JSONField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenancy.workspace",
                    ),
                ),
                (
                    "alias",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="lineage.resource",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="lineage.resource",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "aliases",
            },
        ),
        migrations.CreateModel(
            name="SchemaVersion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "resource_id",
                        "hash",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("resource_id", models.UUIDField()),
                ("hash", models.CharField(max_length=16)),
                ("columns", models.JSONField()),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
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
            name="Touch",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "run_id",
                        "role",
                        "resource_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("run_id", models.UUIDField()),
                ("role", models.CharField(max_length=200)),
                ("resource_id", models.UUIDField()),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                ("count", models.BigIntegerField()),
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
            name="Relation",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("from_id", models.UUIDField()),
                ("role", models.TextField()),
                ("to_id", models.UUIDField()),
                ("from_kind", models.TextField()),
                ("to_kind", models.TextField()),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
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
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "from_id", "to_kind"], name="lineage_relation_from"
                    ),
                    models.Index(
                        fields=["workspace", "to_id", "from_kind"], name="lineage_relation_to"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="resource",
            index=models.Index(fields=["workspace", "label", "id"], name="lineage_resource_list"),
        ),
        migrations.AddIndex(
            model_name="resource",
            index=models.Index(
                fields=["workspace", "kind", "label", "id"], name="lineage_resource_by_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="alias",
            index=models.Index(
                fields=["workspace", "-created_at", "-id"], name="lineage_alias_list"
            ),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.UniqueConstraint(fields=("alias",), name="lineage_alias_once"),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.CheckConstraint(
                condition=models.Q(("alias", models.F("target")), _negated=True),
                name="lineage_alias_of_another",
            ),
        ),
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(
                fields=["workspace", "resource_id", "-run_id"], name="lineage_touch_of"
            ),
        ),
        *(EnableRowSecurity(table) for table in TABLES),
    ]
