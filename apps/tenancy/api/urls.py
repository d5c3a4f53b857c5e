from django.urls import path

from apps.tenancy.api import keys, me, service_accounts, views

urlpatterns = [
    path("me", me.Me.as_view()),
    path("me/deletion", me.MyDeletion.as_view()),
    path("workspaces", views.Workspaces.as_view()),
    path("workspaces/<str:workspace>", views.WorkspaceDetail.as_view()),
    path("workspaces/<str:workspace>/members", views.Members.as_view()),
    path("workspaces/<str:workspace>/members/<uuid:member_id>", views.MemberDetail.as_view()),
    path("workspaces/<str:workspace>/api-keys", keys.ApiKeys.as_view()),
    path("workspaces/<str:workspace>/api-keys/<uuid:key_id>", keys.ApiKeyDetail.as_view()),
    path(
        "workspaces/<str:workspace>/api-keys/<uuid:key_id>/rotation",
        keys.ApiKeyRotation.as_view(),
    ),
    path("workspaces/<str:workspace>/api-keys/<uuid:key_id>/holder", keys.ApiKeyHolder.as_view()),
    path("me/keys", keys.MyKeys.as_view()),
    path("me/rotation", keys.OwnRotation.as_view()),
    path("account/<uuid:account_id>/service-accounts", service_accounts.ServiceAccounts.as_view()),
    path(
        "account/<uuid:account_id>/service-accounts/<uuid:service_account_id>",
        service_accounts.ServiceAccountDetail.as_view(),
    ),
    path(
        "account/<uuid:account_id>/service-accounts/<uuid:service_account_id>/disablement",
        service_accounts.ServiceAccountDisablement.as_view(),
    ),
    path(
        "account/<uuid:account_id>/service-accounts/<uuid:service_account_id>/keys",
        service_accounts.ServiceAccountKeys.as_view(),
    ),
]
