from django.urls import path

from apps.costs.api import views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/costs", views.CostsOverview.as_view()),
    path(f"{W}/costs/runs", views.CostRuns.as_view()),
    path(f"{W}/runs/<uuid:run_id>/cost", views.RunCosts.as_view()),
    path(f"{W}/prices", views.Prices.as_view()),
    path(f"{W}/prices/<uuid:price_id>", views.PriceDetail.as_view()),
]
