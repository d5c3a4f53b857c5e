from django.urls import path

from apps.ingest.api import refused, views

urlpatterns = [
    path("workspaces/<str:workspace>/ingest", views.Ingest.as_view()),
    path("workspaces/<str:workspace>/events", views.Events.as_view()),
    path("workspaces/<str:workspace>/refused", refused.RefusedList.as_view()),
]
