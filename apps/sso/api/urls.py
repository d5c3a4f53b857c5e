from django.urls import URLPattern, path

from apps.sso.api import scim_settings as scim
from apps.sso.api import security, views

A = "account/<uuid:account_id>"
CONNECTION = f"{A}/sso-connections/<uuid:connection_id>"

urlpatterns: list[URLPattern] = [
    path("sso/discovery", views.Discovery.as_view()),
    path("sso/sign-out", views.SignOut.as_view()),
    path(f"{A}/security", security.Security.as_view()),
    path(f"{A}/sso", views.Policy.as_view()),
    path(f"{A}/sso-connections", views.Connections.as_view()),
    path(CONNECTION, views.ConnectionDetail.as_view()),
    path(f"{CONNECTION}/test", views.ConnectionTest.as_view()),
    path(f"{CONNECTION}/activation", views.ConnectionActivation.as_view()),
    path(f"{CONNECTION}/people", views.ConnectionPeople.as_view()),
    path(f"{CONNECTION}/people/<uuid:identity_id>", views.ConnectionPerson.as_view()),
    path(f"{A}/domains", views.Domains.as_view()),
    path(f"{A}/domains/<uuid:domain_id>", views.DomainDetail.as_view()),
    path(f"{A}/domains/<uuid:domain_id>/verification", views.DomainVerification.as_view()),
    path(f"{A}/scim", scim.ScimSettings.as_view()),
    path(f"{A}/scim/<uuid:scim_token_id>", scim.OneScimToken.as_view()),
]
