"""Which schedules were made by hand; of those that exist nobody knows, so deploys keep them all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0005_deployment_queue")]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="declared",
            field=models.BooleanField(default=True, db_default=True),
        ),
    ]
