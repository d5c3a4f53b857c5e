"""When queues were measured last, by whichever replica, and which had something then."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0006_deleted_queues"),
    ]

    operations = [
        migrations.CreateModel(
            name="DepthSample",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("sampled_at", models.DateTimeField()),
                (
                    "queue_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="dispatch_depth_single"
                    )
                ],
            },
        ),
    ]
