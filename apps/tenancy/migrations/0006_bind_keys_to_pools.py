"""Agents' keys may serve one pool only; those that are there go on serving all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0005_managed_minutes"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="pool",
            # A default in the database too: the code of before goes on making keys for a while.
            field=models.CharField(blank=True, db_default="", max_length=100),
        ),
    ]
