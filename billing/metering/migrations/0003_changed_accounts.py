"""The loops tell each other which accounts' sums changed; nobody who serves requests takes part."""

from django.db import migrations, models

import apps.core.ids


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_append_only")]
    operations = [
        migrations.CreateModel(
            name="ChangedAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.core.ids.uuid7, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.UUIDField()),
            ],
        ),
        migrations.RunSQL(
            "REVOKE ALL ON metering_changedaccount FROM headway_app", migrations.RunSQL.noop
        ),
    ]
