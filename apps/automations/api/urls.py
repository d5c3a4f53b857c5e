from django.urls import path

from apps.automations.api import budgets, views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/automations", views.Automations.as_view()),
    path(f"{W}/automations/preview", views.Preview.as_view()),
    path(f"{W}/automations/<uuid:automation_id>", views.AutomationDetail.as_view()),
    path(f"{W}/automations/<uuid:automation_id>/firings", views.AutomationFirings.as_view()),
    path(f"{W}/budgets", budgets.Budgets.as_view()),
    path(f"{W}/budgets/preview", budgets.BudgetPreview.as_view()),
    path(f"{W}/budgets/<uuid:budget_id>", budgets.BudgetDetail.as_view()),
    path(f"{W}/firings", views.Firings.as_view()),
]
