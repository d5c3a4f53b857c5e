"""Why a schedule rests that nobody paused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0006_schedules_by_hand"),
    ]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="fault",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
    ]
