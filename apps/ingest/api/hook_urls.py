"""Where other people's services deliver: the address is the key."""

from django.urls import path

from apps.ingest.api import hooks

urlpatterns = [path("hooks/<str:token>", hooks.HookDoor.as_view())]
