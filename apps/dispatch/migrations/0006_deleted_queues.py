"""A deleted queue stays for the runs of the past that name it; its name is free again."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0005_limits_backfills_levels"),
    ]

    operations = [
        migrations.AddField(
            model_name="queue",
            name="deleted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(model_name="queue", name="dispatch_queue_name"),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.UniqueConstraint(
                condition=Q(deleted_at=None),
                fields=("pool", "name"),
                name="dispatch_queue_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(is_default=False, paused_at=None),
                name="dispatch_queue_default_stands",
            ),
        ),
    ]
