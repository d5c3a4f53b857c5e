"""What managed runs execute: bundles are the workspace's own, deployments name one."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0002_row_security"),
        ("tenancy", "0003_plan_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="cpu_units",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="deployment",
            name="memory_mb",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="deployment",
            name="requirements",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200), default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="CodeBundle",
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
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.PositiveIntegerField()),
                ("files", models.PositiveIntegerField()),
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
        migrations.AddField(
            model_name="deployment",
            name="bundle",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="flows.codebundle",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("bundle", None),
                        ("cpu_units", None),
                        ("memory_mb", None),
                        ("requirements", []),
                    ),
                    models.Q(
                        ("bundle__isnull", False),
                        ("cpu_units__isnull", False),
                        ("memory_mb__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="flows_deployment_bundle_size",
            ),
        ),
        migrations.AddConstraint(
            model_name="codebundle",
            constraint=models.UniqueConstraint(
                fields=("workspace", "sha256"), name="flows_bundle_once"
            ),
        ),
        EnableRowSecurity("flows_codebundle"),
    ]
