from django.urls import path

from apps.tenancy.api import views

urlpatterns = [
    path("me", views.Me.as_view()),
    path("workspaces", views.Workspaces.as_view()),
    path("workspaces/<str:workspace>", views.WorkspaceDetail.as_view()),
    path("workspaces/<str:workspace>/members", views.Members.as_view()),
    path("workspaces/<str:workspace>/members/<uuid:member_id>", views.MemberDetail.as_view()),
    path("workspaces/<str:workspace>/api-keys", views.ApiKeys.as_view()),
    path("workspaces/<str:workspace>/api-keys/<uuid:key_id>", views.ApiKeyDetail.as_view()),
]
