"""What each deploy said, more ways to say when, and what overlapping runs do."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0003_code_bundles"),
        ("tenancy", "0011_rules_outlive_whom_they_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeploymentVersion",
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
                ("number", models.PositiveIntegerField()),
                ("label", models.CharField(blank=True, max_length=200)),
                ("spec", models.JSONField()),
                ("created_by", models.JSONField(null=True)),
                ("of_number", models.PositiveIntegerField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="schedule",
            name="flows_schedule_kind_fields",
        ),
        migrations.AddField(
            model_name="deployment",
            name="code",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="deployment",
            name="job_settings",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="deployment",
            name="overlap",
            field=models.CharField(
                choices=[
                    ("ALLOW", "ALLOW"),
                    ("SKIP", "SKIP"),
                    ("QUEUE", "QUEUE"),
                    ("CANCEL_RUNNING", "CANCEL_RUNNING"),
                ],
                default="ALLOW",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="owners",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="deployment",
            name="version_number",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="schedule",
            name="jitter_seconds",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="schedule",
            name="missed_cap",
            field=models.PositiveIntegerField(default=10),
        ),
        migrations.AddField(
            model_name="schedule",
            name="name",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="schedule",
            name="once_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="schedule",
            name="rrule",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("CRON", "CRON"),
                    ("INTERVAL", "INTERVAL"),
                    ("RRULE", "RRULE"),
                    ("ONCE", "ONCE"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="schedule",
            name="missed_policy",
            field=models.CharField(
                choices=[("LATEST", "LATEST"), ("SKIP", "SKIP"), ("ALL", "ALL")],
                default="LATEST",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="schedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("anchor_at", None),
                        ("interval_seconds", None),
                        ("kind", "CRON"),
                        ("once_at", None),
                        ("rrule", ""),
                        models.Q(("cron", ""), _negated=True),
                    ),
                    models.Q(
                        ("anchor_at__isnull", False),
                        ("cron", ""),
                        ("interval_seconds__gt", 0),
                        ("kind", "INTERVAL"),
                        ("once_at", None),
                        ("rrule", ""),
                    ),
                    models.Q(
                        ("anchor_at__isnull", False),
                        ("cron", ""),
                        ("interval_seconds", None),
                        ("kind", "RRULE"),
                        ("once_at", None),
                        models.Q(("rrule", ""), _negated=True),
                    ),
                    models.Q(
                        ("anchor_at", None),
                        ("cron", ""),
                        ("interval_seconds", None),
                        ("kind", "ONCE"),
                        ("once_at__isnull", False),
                        ("rrule", ""),
                    ),
                    _connector="OR",
                ),
                name="flows_schedule_kind_fields",
            ),
        ),
        migrations.AddField(
            model_name="deploymentversion",
            name="bundle",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="flows.codebundle",
            ),
        ),
        migrations.AddField(
            model_name="deploymentversion",
            name="deployment",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="flows.deployment",
            ),
        ),
        migrations.AddField(
            model_name="deploymentversion",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.workspace",
            ),
        ),
        migrations.AddConstraint(
            model_name="deploymentversion",
            constraint=models.UniqueConstraint(
                fields=("deployment", "number"), name="flows_version_once"
            ),
        ),
        EnableRowSecurity("flows_deploymentversion"),
    ]
