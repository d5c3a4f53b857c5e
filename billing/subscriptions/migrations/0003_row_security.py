"""What was bought is the account's own; a warning that was given is not taken back."""

from django.db import migrations

from apps.tenancy.isolation import EnableAccountRowSecurity


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0002_subscriptions")]
    operations = [
        EnableAccountRowSecurity("subscriptions_subscription"),
        EnableAccountRowSecurity("subscriptions_agreedentitlement"),
        EnableAccountRowSecurity("subscriptions_usagewarning"),
        migrations.RunSQL(
            "REVOKE UPDATE, DELETE ON subscriptions_usagewarning FROM headway_app, headway_worker",
            migrations.RunSQL.noop,
        ),
    ]
