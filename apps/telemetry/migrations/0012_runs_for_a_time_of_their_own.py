"""Runs may be kept for a shorter time, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("telemetry", "0011_batches_set_aside"),
    ]

    operations = [
        migrations.AlterField(
            model_name="retention",
            name="kind",
            field=models.CharField(
                choices=[
                    ("runs", "Runs"),
                    ("events", "Events"),
                    ("logs", "Logs"),
                    ("metrics", "Metrics"),
                ],
                max_length=16,
            ),
        ),
    ]
