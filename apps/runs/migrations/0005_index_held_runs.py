"""The janitor looks for held runs twice a second; there are few or none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0003_row_security"),
        ("flows", "0002_row_security"),
        ("runs", "0004_usage_by_day"),
        ("tenancy", "0003_plan_limits"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state", "HELD")),
                fields=["workspace", "scheduled_for"],
                name="runs_run_held",
            ),
        ),
    ]
