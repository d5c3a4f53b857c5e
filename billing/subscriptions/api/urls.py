from django.urls import path

from billing.subscriptions.api import views

urlpatterns = [
    path("workspaces/<str:workspace>/usage", views.WorkspaceUsage.as_view()),
    path("account/<uuid:account_id>/usage", views.AccountUsage.as_view()),
    path("account/<uuid:account_id>/plan", views.AccountPlan.as_view()),
    path("account/<uuid:account_id>/checkout", views.AccountCheckout.as_view()),
    path("account/<uuid:account_id>/portal", views.AccountPortal.as_view()),
    path("stripe/webhook", views.StripeWebhook.as_view()),
]
