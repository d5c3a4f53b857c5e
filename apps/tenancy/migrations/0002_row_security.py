"""A person sees their own roles, a key is found by its hash; the rest needs the workspace."""

from django.db import migrations

from apps.tenancy.isolation import KEY_BY_HASH, OWN_ASSIGNMENTS, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_accounts_and_workspaces")]
    operations = [
        EnableRowSecurity("tenancy_workspacelimits"),
        EnableRowSecurity("tenancy_roleassignment", also=OWN_ASSIGNMENTS),
        EnableRowSecurity("tenancy_apikey", also=KEY_BY_HASH),
    ]
