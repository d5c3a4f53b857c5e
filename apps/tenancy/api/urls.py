from django.urls import path

from apps.tenancy.api import (
    account_members,
    accounts,
    archival,
    audit,
    invitations,
    keys,
    me,
    members,
    service_accounts,
    views,
)

urlpatterns = [
    path("me", me.Me.as_view()),
    path("accounts", accounts.Accounts.as_view()),
    path("account/<uuid:account_id>", accounts.AccountDetail.as_view()),
    path("account/<uuid:account_id>/archival", accounts.AccountArchival.as_view()),
    path("account/<uuid:account_id>/invitations", invitations.Invitations.as_view()),
    path(
        "account/<uuid:account_id>/invitations/<uuid:invitation_id>",
        invitations.InvitationDetail.as_view(),
    ),
    path(
        "account/<uuid:account_id>/invitations/<uuid:invitation_id>/sending",
        invitations.InvitationSending.as_view(),
    ),
    path("account/<uuid:account_id>/members", account_members.AccountMembers.as_view()),
    path(
        "account/<uuid:account_id>/members/<uuid:member_id>",
        account_members.AccountMemberView.as_view(),
    ),
    path(
        "account/<uuid:account_id>/members/<uuid:member_id>/deactivation",
        account_members.AccountMemberDeactivation.as_view(),
    ),
    path("account/<uuid:account_id>/membership", accounts.AccountMembership.as_view()),
    path("account/<uuid:account_id>/ownership", accounts.AccountOwnership.as_view()),
    path("account/<uuid:account_id>/workspaces", accounts.AccountWorkspaces.as_view()),
    path("invitations/<str:token>", invitations.Offer.as_view()),
    path("invitations/<str:token>/acceptance", invitations.OfferAcceptance.as_view()),
    path("workspaces", views.Workspaces.as_view()),
    path("workspaces/<str:workspace>", views.WorkspaceDetail.as_view()),
    path("workspaces/<str:workspace>/archival", archival.WorkspaceArchival.as_view()),
    path("workspaces/<str:workspace>/members", members.Members.as_view()),
    path("workspaces/<str:workspace>/members/<uuid:member_id>", members.MemberDetail.as_view()),
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
    path("me/deletion", me.MyDeletion.as_view()),
    path("account/<uuid:account_id>/audit", audit.AccountAudit.as_view()),
    path("account/<uuid:account_id>/audit/export", audit.AccountAuditExport.as_view()),
    path("account/<uuid:account_id>/audit/stream", audit.AccountAuditStream.as_view()),
    path("workspaces/<str:workspace>/audit", audit.WorkspaceAudit.as_view()),
]
