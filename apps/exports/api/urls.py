from django.urls import path

from apps.exports.api import views

urlpatterns = [
    path("account/<uuid:account_id>/exports", views.AccountExports.as_view()),
    path("account/<uuid:account_id>/exports/<uuid:export_id>", views.AccountExport.as_view()),
    path("account/<uuid:account_id>/exports/<uuid:export_id>/file", views.AccountFile.as_view()),
    path("workspaces/<str:workspace>/exports", views.WorkspaceExports.as_view()),
    path("workspaces/<str:workspace>/exports/<uuid:export_id>", views.WorkspaceExport.as_view()),
    path("workspaces/<str:workspace>/exports/<uuid:export_id>/file", views.WorkspaceFile.as_view()),
]
