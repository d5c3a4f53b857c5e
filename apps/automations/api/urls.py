from django.urls import path

from apps.automations.api import views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/automations", views.Automations.as_view()),
    path(f"{W}/automations/preview", views.Preview.as_view()),
    path(f"{W}/automations/<uuid:automation_id>", views.AutomationDetail.as_view()),
    path(f"{W}/automations/<uuid:automation_id>/firings", views.AutomationFirings.as_view()),
    path(f"{W}/firings", views.Firings.as_view()),
]
