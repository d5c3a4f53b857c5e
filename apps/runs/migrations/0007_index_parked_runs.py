"""Queues are measured every few seconds: what is parked in each must be found by the queue."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0006_waits_and_approvals"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["AWAITING_RETRY", "LATE", "SCHEDULED"]),
                    ("waits_on__isnull", False),
                ),
                fields=["queue"],
                name="runs_run_parked_in",
            ),
        ),
    ]
