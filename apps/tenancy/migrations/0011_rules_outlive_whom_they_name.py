"""
A rule stays when the one whom it names is gone: the object is then its owners' only.

Were it deleted with them, the last one's leaving would open the object to everybody.
"""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.isolation import RULES_BY_ACCOUNT


def at_most_one(*names):
    condition = models.Q(**{f"{name}__isnull": True for name in names})
    for name in names:
        condition |= models.Q(**{f"{other}__isnull": other != name for other in names})
    return condition


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0010_resolve_access")]
    operations = [
        migrations.RemoveConstraint(model_name="objectrule", name="tenancy_rule_for_one"),
        migrations.RemoveConstraint(model_name="objectrule", name="tenancy_rule_once"),
        *(
            migrations.AlterField(
                model_name="objectrule",
                name=name,
                field=models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="+",
                    to=f"tenancy.{model}",
                ),
            )
            for name, model in (
                ("member", "member"),
                ("team", "team"),
                ("service_account", "serviceaccount"),
            )
        ),
        migrations.AddConstraint(
            model_name="objectrule",
            constraint=models.CheckConstraint(
                condition=at_most_one("member", "team", "service_account"),
                name="tenancy_rule_for_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="objectrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("member__isnull", False),
                    ("team__isnull", False),
                    ("service_account__isnull", False),
                    _connector="OR",
                ),
                fields=(
                    "workspace",
                    "object_kind",
                    "object_id",
                    "scope",
                    "member",
                    "team",
                    "service_account",
                ),
                name="tenancy_rule_once",
                nulls_distinct=False,
            ),
        ),
        migrations.RunSQL(RULES_BY_ACCOUNT, "DROP POLICY by_account ON tenancy_objectrule;"),
    ]
