from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from apps.sso.api import pages
from apps.sso.api.back_channel import BackChannelLogout

urlpatterns = [
    path("<uuid:connection_id>/login", pages.LoginPage.as_view()),
    path("<uuid:connection_id>/callback", pages.CallbackPage.as_view()),
    # SECURITY: posted by the provider's page. What it holds is signed, and bound to a browser by
    # the request after it.
    path("<uuid:connection_id>/acs", csrf_exempt(pages.AcsPage.as_view())),
    path("<uuid:connection_id>/finish", pages.FinishPage.as_view()),
    path("<uuid:connection_id>/sls", pages.SignOutPage.as_view()),
    # SECURITY: sent by the provider itself, without any browser; what it holds is signed.
    path("<uuid:connection_id>/back-channel-logout", csrf_exempt(BackChannelLogout.as_view())),
    path("<uuid:connection_id>/metadata", pages.MetadataPage.as_view()),
]
