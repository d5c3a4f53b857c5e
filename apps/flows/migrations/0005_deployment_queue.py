"""Which lane of its pool a deployment's runs go to; none: the default one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0005_limits_backfills_levels"),
        ("flows", "0004_versions_and_times"),
    ]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="dispatch.queue",
            ),
        ),
    ]
