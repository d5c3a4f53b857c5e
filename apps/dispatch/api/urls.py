from django.urls import path

from apps.dispatch.api import deployments, views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/overview", views.Overview.as_view()),
    path(f"{W}/deployments", deployments.Deployments.as_view()),
    path(f"{W}/deployments/<uuid:deployment_id>", deployments.DeploymentDetail.as_view()),
    path(f"{W}/deployments/<uuid:deployment_id>/runs", deployments.DeploymentRuns.as_view()),
    path(f"{W}/runs/<uuid:run_id>/transitions", views.RunTransitions.as_view()),
    path(f"{W}/runs/<uuid:run_id>/heartbeat", views.RunHeartbeat.as_view()),
    path(f"{W}/pools", views.Pools.as_view()),
    path(f"{W}/pools/<uuid:pool_id>", views.PoolDetail.as_view()),
    path(f"{W}/pools/<uuid:pool_id>/agents", views.PoolAgents.as_view()),
    path(f"{W}/pools/<str:pool>/heartbeats", views.PoolHeartbeats.as_view()),
]
