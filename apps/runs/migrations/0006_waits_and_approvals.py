"""What a run waits for, what it was made from, and questions to people."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0005_limits_backfills_levels"),
        ("flows", "0004_versions_and_times"),
        ("runs", "0005_index_held_runs"),
        ("tenancy", "0011_rules_outlive_whom_they_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
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
                ("key", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=200)),
                ("message", models.TextField(blank=True)),
                ("form", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "OPEN"),
                            ("APPROVED", "APPROVED"),
                            ("REJECTED", "REJECTED"),
                            ("EXPIRED", "EXPIRED"),
                            ("WITHDRAWN", "WITHDRAWN"),
                        ],
                        max_length=16,
                    ),
                ),
                ("expires_at", models.DateTimeField(null=True)),
                ("answer", models.JSONField(null=True)),
                ("comment", models.TextField(blank=True)),
                ("answered_by", models.JSONField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="run",
            name="runs_run_claim",
        ),
        migrations.AddField(
            model_name="run",
            name="backfill_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="copied_from_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="crashed_starts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="deployment_version",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="note",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="run",
            name="resumes",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="waits_on",
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name="run",
            name="source",
            field=models.CharField(
                choices=[
                    ("SCHEDULE", "SCHEDULE"),
                    ("ADHOC", "ADHOC"),
                    ("LOCAL", "LOCAL"),
                    ("RETRY", "RETRY"),
                    ("SUBFLOW", "SUBFLOW"),
                    ("BACKFILL", "BACKFILL"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["AWAITING_RETRY", "LATE", "SCHEDULED"]), ("waits_on", None)
                ),
                fields=["queue", "-priority", "scheduled_for", "id"],
                name="runs_run_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["AWAITING_RETRY", "LATE", "SCHEDULED"]),
                    ("waits_on__isnull", False),
                ),
                fields=["waits_on", "-priority", "scheduled_for", "id"],
                name="runs_run_parked",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("parent_run_id__isnull", False)),
                fields=["parent_run_id", "id"],
                name="runs_run_children",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("backfill_id__isnull", False)),
                fields=["backfill_id", "id"],
                name="runs_run_of_backfill",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="approvals",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenancy.workspace",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("state", "OPEN")),
                fields=["workspace", "-created_at", "-id"],
                name="runs_approval_open",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("state", "OPEN")),
                fields=["expires_at"],
                name="runs_approval_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("run", "key"), name="runs_approval_once"),
        ),
        EnableRowSecurity("runs_approval"),
    ]
