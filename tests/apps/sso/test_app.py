"""The app stands where the layers say."""

from django.apps import apps


def test_sso_is_installed_right_above_tenancy():
    order = [config.name for config in apps.get_app_configs()]

    assert order.index("apps.sso") == order.index("apps.tenancy") + 1
