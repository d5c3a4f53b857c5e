"""What was recorded and not yet looked at by whoever reports usage to a payment provider."""

from django.db import migrations, models

from apps.tenancy.isolation import EnableAccountRowSecurity


class Migration(migrations.Migration):
    dependencies = [("metering", "0003_changed_accounts"), ("tenancy", "0002_row_security")]
    operations = [
        migrations.CreateModel(
            name="UnreportedUsage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                (
                    "meter",
                    models.CharField(
                        choices=[
                            ("task_runs", "task_runs"),
                            ("managed_seconds", "managed_seconds"),
                            ("vcpu_seconds", "vcpu_seconds"),
                            ("gb_seconds", "gb_seconds"),
                        ],
                        max_length=32,
                    ),
                ),
                ("quantity", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["recorded_at"], name="metering_unreported_age")],
            },
        ),
        EnableAccountRowSecurity("metering_unreportedusage"),
        migrations.RunSQL(
            # Requests settle an account whose plan changes; only loops add.
            "REVOKE INSERT, TRUNCATE ON metering_unreportedusage FROM headway_app",
            migrations.RunSQL.noop,
        ),
    ]
