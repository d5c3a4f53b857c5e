from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0011_rules_outlive_whom_they_name")]
    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="object_person_id",
            field=models.UUIDField(null=True),
        )
    ]
