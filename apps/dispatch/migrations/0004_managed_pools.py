"""A kind more; the column stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0003_row_security"),
    ]

    operations = [
        migrations.AlterField(
            model_name="pool",
            name="kind",
            field=models.CharField(
                choices=[("PROCESS", "PROCESS"), ("MANAGED", "MANAGED")],
                default="PROCESS",
                max_length=16,
            ),
        ),
    ]
