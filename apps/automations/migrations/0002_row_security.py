"""Rules and all that comes of them are the workspace's own."""

from django.db import migrations

from apps.tenancy.isolation import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("automations", "0001_rules"), ("tenancy", "0002_row_security")]
    operations = [
        EnableRowSecurity("automations_automation"),
        EnableRowSecurity("automations_triggerbucket"),
        EnableRowSecurity("automations_deadline"),
        EnableRowSecurity("automations_firing"),
        EnableRowSecurity("automations_actionattempt"),
    ]
