"""Limits and their slots, backfills, service levels; kinds of pools and draining agents."""

import django.db.models.deletion
from django.db import migrations, models

import apps.core.clock
import apps.core.ids
from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0004_managed_pools"),
        ("flows", "0004_versions_and_times"),
        ("tenancy", "0011_rules_outlive_whom_they_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="queue",
            name="is_default",
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("pool",),
                name="dispatch_queue_one_default",
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="draining_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="pool",
            name="job_defaults",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="pool",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PROCESS", "PROCESS"),
                    ("DOCKER", "DOCKER"),
                    ("KUBERNETES", "KUBERNETES"),
                    ("ECS", "ECS"),
                    ("MANAGED", "MANAGED"),
                ],
                default="PROCESS",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="Backfill",
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
                ("name", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("RUNNING", "RUNNING"),
                            ("PAUSED", "PAUSED"),
                            ("COMPLETED", "COMPLETED"),
                            ("CANCELLED", "CANCELLED"),
                        ],
                        max_length=16,
                    ),
                ),
                ("parameter", models.CharField(blank=True, max_length=200)),
                ("parameters", models.JSONField(default=dict)),
                ("priority", models.SmallIntegerField(default=-10)),
                ("concurrency", models.PositiveIntegerField(default=1)),
                ("parts_total", models.PositiveIntegerField()),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("created_by", models.JSONField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="flows.deployment",
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
        ),
        migrations.CreateModel(
            name="BackfillPart",
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
                ("workspace_id", models.UUIDField()),
                ("position", models.PositiveIntegerField()),
                ("key", models.CharField(max_length=200)),
                ("run_id", models.UUIDField(null=True)),
                (
                    "backfill",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="dispatch.backfill",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConcurrencyLimit",
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
                        choices=[
                            ("POOL", "POOL"),
                            ("QUEUE", "QUEUE"),
                            ("DEPLOYMENT", "DEPLOYMENT"),
                            ("FLOW", "FLOW"),
                            ("TAG", "TAG"),
                            ("BACKFILL", "BACKFILL"),
                            ("NAMED", "NAMED"),
                            ("RATE", "RATE"),
                        ],
                        max_length=16,
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("slots", models.PositiveIntegerField(null=True)),
                ("per_minute", models.PositiveIntegerField(null=True)),
                ("free_at", models.DateTimeField(null=True)),
                ("made_by_code", models.BooleanField(default=False)),
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
        ),
        migrations.CreateModel(
            name="ConcurrencySlot",
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
                ("workspace_id", models.UUIDField()),
                ("run_id", models.UUIDField()),
                ("amount", models.PositiveIntegerField(default=1)),
                ("granted_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField()),
                (
                    "lease",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slots",
                        to="dispatch.lease",
                    ),
                ),
                (
                    "limit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held",
                        to="dispatch.concurrencylimit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ServiceLevel",
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
                        choices=[
                            ("START_BY", "START_BY"),
                            ("FINISH_BY", "FINISH_BY"),
                            ("LASTS_AT_MOST", "LASTS_AT_MOST"),
                            ("SUCCEEDS_WITHIN", "SUCCEEDS_WITHIN"),
                        ],
                        max_length=20,
                    ),
                ),
                ("seconds", models.PositiveIntegerField(null=True)),
                ("time_of_day", models.TimeField(null=True)),
                ("weekdays", models.PositiveSmallIntegerField(default=127)),
                ("timezone", models.CharField(default="UTC", max_length=64)),
                ("paused_at", models.DateTimeField(null=True)),
                ("next_check_at", models.DateTimeField(null=True)),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="flows.deployment",
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
        ),
        migrations.CreateModel(
            name="ServiceLevelBreach",
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
                ("workspace_id", models.UUIDField()),
                ("due_at", models.DateTimeField()),
                ("run_id", models.UUIDField(null=True)),
                (
                    "level",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="breaches",
                        to="dispatch.servicelevel",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="backfill",
            index=models.Index(
                fields=["workspace", "-created_at", "-id"], name="dispatch_backfill_list"
            ),
        ),
        migrations.AddIndex(
            model_name="backfill",
            index=models.Index(
                condition=models.Q(("state", "RUNNING")),
                fields=["created_at"],
                name="dispatch_backfill_going",
            ),
        ),
        migrations.AddIndex(
            model_name="backfillpart",
            index=models.Index(
                condition=models.Q(("run_id", None)),
                fields=["backfill", "position"],
                name="dispatch_part_without_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="backfillpart",
            constraint=models.UniqueConstraint(
                fields=("backfill", "position"), name="dispatch_part_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="backfillpart",
            constraint=models.UniqueConstraint(
                fields=("backfill", "key"), name="dispatch_part_key_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="concurrencylimit",
            constraint=models.UniqueConstraint(
                fields=("workspace", "kind", "key"), name="dispatch_limit_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="concurrencylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "RATE"), ("per_minute__gt", 0), ("slots", None)),
                    models.Q(
                        models.Q(("kind", "RATE"), _negated=True),
                        ("per_minute", None),
                        ("slots__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="dispatch_limit_says_how_much",
            ),
        ),
        migrations.AddIndex(
            model_name="concurrencyslot",
            index=models.Index(fields=["limit", "created_at", "id"], name="dispatch_slot_of_limit"),
        ),
        migrations.AddIndex(
            model_name="servicelevel",
            index=models.Index(
                condition=models.Q(("next_check_at__isnull", False)),
                fields=["next_check_at"],
                name="dispatch_level_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind__in", ["START_BY", "FINISH_BY"]),
                        ("seconds", None),
                        ("time_of_day__isnull", False),
                    ),
                    models.Q(
                        ("kind__in", ["LASTS_AT_MOST", "SUCCEEDS_WITHIN"]),
                        ("seconds__gt", 0),
                        ("time_of_day", None),
                    ),
                    _connector="OR",
                ),
                name="dispatch_level_kind_fields",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevelbreach",
            constraint=models.UniqueConstraint(
                fields=("level", "due_at", "run_id"),
                name="dispatch_breach_once",
                nulls_distinct=False,
            ),
        ),
        EnableRowSecurity("dispatch_concurrencylimit"),
        EnableRowSecurity("dispatch_concurrencyslot"),
        EnableRowSecurity("dispatch_backfill"),
        EnableRowSecurity("dispatch_backfillpart"),
        EnableRowSecurity("dispatch_servicelevel"),
        EnableRowSecurity("dispatch_servicelevelbreach"),
    ]
