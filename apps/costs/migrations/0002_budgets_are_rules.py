"""Budgets are rules on what a month costs: `automations.0007_take_over_budgets` took them over."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("costs", "0001_costs"), ("automations", "0007_take_over_budgets")]
    operations = [migrations.DeleteModel(name="Budget")]
