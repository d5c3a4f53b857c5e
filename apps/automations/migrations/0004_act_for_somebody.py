"""An automation acts for who last said what it does; so far for its maker."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("automations", "0003_index_handed_out_attempts")]
    operations = [
        migrations.AddField(
            model_name="automation",
            name="acts_for_user_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="automation",
            name="acts_for_service_account_id",
            field=models.UUIDField(null=True),
        ),
        # The owner of the tables is under row security as well, and no policy lets it through.
        migrations.RunSQL(
            "ALTER TABLE automations_automation NO FORCE ROW LEVEL SECURITY;"
            " UPDATE automations_automation SET acts_for_user_id = created_by_id;"
            " ALTER TABLE automations_automation FORCE ROW LEVEL SECURITY;",
            migrations.RunSQL.noop,
        ),
    ]
