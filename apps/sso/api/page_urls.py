from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from apps.sso.api import pages

urlpatterns = [
    path("<uuid:connection_id>/login", pages.LoginPage.as_view()),
    path("<uuid:connection_id>/callback", pages.CallbackPage.as_view()),
    # SECURITY: posted by the provider's page. What it holds is signed, and bound to a browser by
    # the request after it.
    path("<uuid:connection_id>/acs", csrf_exempt(pages.AcsPage.as_view())),
    path("<uuid:connection_id>/finish", pages.FinishPage.as_view()),
    path("<uuid:connection_id>/sls", pages.SignOutPage.as_view()),
    path("<uuid:connection_id>/metadata", pages.MetadataPage.as_view()),
]
