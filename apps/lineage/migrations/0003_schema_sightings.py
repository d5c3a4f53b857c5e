"""On which days a table had which columns, so that those which came back are told of as well."""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import EnableRowSecurity

TABLE = "lineage_schemasighting"
# Of what was seen before only the first and the last day are known.
KNOWN = f"""
    ALTER TABLE lineage_schemaversion NO FORCE ROW LEVEL SECURITY;
    INSERT INTO {TABLE} (workspace_id, resource_id, day, hash, first_seen, last_seen)
    SELECT workspace_id, resource_id, (at AT TIME ZONE 'UTC')::date, hash, min(at), max(at)
    FROM lineage_schemaversion, LATERAL (VALUES (first_seen), (last_seen)) AS seen (at)
    GROUP BY 1, 2, 3, 4;
    ALTER TABLE lineage_schemaversion FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("lineage", "0002_index_last_touches"),
    ]

    operations = [
        migrations.CreateModel(
            name="SchemaSighting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "resource_id",
                        "day",
                        "hash",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("resource_id", models.UUIDField()),
                ("day", models.DateField()),
                ("hash", models.CharField(max_length=16)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
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
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        EnableRowSecurity(TABLE),
    ]
