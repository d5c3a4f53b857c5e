"""Lines of which nothing is known have a state of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automations", "0005_metric_states")]
    operations = [
        migrations.AlterField(
            model_name="metricstate",
            name="level",
            field=models.CharField(
                choices=[("NO_DATA", "NO_DATA"), ("PENDING", "PENDING"), ("FIRING", "FIRING")],
                max_length=16,
            ),
        ),
    ]
