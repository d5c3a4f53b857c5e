from django.urls import path, re_path

from apps.sso.api import scim_views as views

urlpatterns = [
    path("ServiceProviderConfig", views.ServiceProviderConfig.as_view()),
    path("ResourceTypes", views.ResourceTypes.as_view()),
    path("ResourceTypes/<str:name>", views.ResourceTypes.as_view()),
    path("Schemas", views.Schemas.as_view()),
    path("Schemas/<str:name>", views.Schemas.as_view()),
    path("Users", views.Users.as_view()),
    path("Users/.search", views.SearchUsers.as_view()),
    path("Users/<str:resource_id>", views.OneUser.as_view()),
    path("Groups", views.Groups.as_view()),
    path("Groups/.search", views.SearchGroups.as_view()),
    path("Groups/<str:resource_id>", views.OneGroup.as_view()),
    re_path(r"^(?:Bulk|Me)(?:/.*)?$", views.NotOffered.as_view()),
    re_path(r"^.*$", views.Nothing.as_view()),
]
