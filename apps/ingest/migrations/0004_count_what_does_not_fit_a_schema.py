"""Say of each schema how many events did not fit its version."""

from django.db import migrations, models

import apps.core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0003_event_schemas"),
    ]

    operations = [
        migrations.AddField(
            model_name="eventschema",
            name="counted_since",
            field=models.DateTimeField(default=apps.core.clock.utc_now),
        ),
        migrations.AddField(
            model_name="eventschema",
            name="last_misfit_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="eventschema",
            name="refused_count",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="eventschema",
            name="warned_count",
            field=models.BigIntegerField(default=0),
        ),
    ]
