from django.urls import URLPattern, path

from apps.sso.api import scim_settings as scim

urlpatterns: list[URLPattern] = [
    path("account/<uuid:account_id>/scim", scim.ScimSettings.as_view()),
    path("account/<uuid:account_id>/scim/<uuid:scim_token_id>", scim.OneScimToken.as_view()),
]
