from django.urls import path

from apps.lineage.api import views

W = "workspaces/<str:workspace>/world"

urlpatterns = [
    path(f"{W}/resources", views.WorldResources.as_view()),
    path(f"{W}/resources/<uuid:resource_id>", views.WorldResourceDetail.as_view()),
    path(f"{W}/resources/<uuid:resource_id>/impact", views.WorldImpact.as_view()),
    path(f"{W}/graph", views.WorldGraph.as_view()),
    path(f"{W}/aliases", views.WorldAliases.as_view()),
    path(f"{W}/aliases/<uuid:alias_id>", views.WorldAliasDetail.as_view()),
]
