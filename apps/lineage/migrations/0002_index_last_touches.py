"""Which runs touched a table last: the page of a table lists them by their newest touch."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lineage", "0001_world"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="touch",
            index=models.Index(
                fields=["workspace", "resource_id", "-last_seen", "-run_id", "role"],
                name="lineage_touch_last",
            ),
        ),
    ]
