from django.urls import path

from apps.dispatch.api import (
    approvals,
    backfills,
    deployments,
    limits,
    queues,
    service_levels,
    subruns,
    views,
)

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/overview", views.Overview.as_view()),
    path(f"{W}/deployments", deployments.Deployments.as_view()),
    path(f"{W}/deployments/<uuid:deployment_id>", deployments.DeploymentDetail.as_view()),
    path(f"{W}/deployments/<uuid:deployment_id>/runs", deployments.DeploymentRuns.as_view()),
    path(
        f"{W}/deployments/<uuid:deployment_id>/versions", deployments.DeploymentVersions.as_view()
    ),
    path(
        f"{W}/deployments/<uuid:deployment_id>/rollback", deployments.DeploymentRollback.as_view()
    ),
    path(f"{W}/runs/<uuid:run_id>/transitions", views.RunTransitions.as_view()),
    path(f"{W}/runs/<uuid:run_id>/heartbeat", views.RunHeartbeat.as_view()),
    path(f"{W}/runs/<uuid:run_id>/line", limits.RunLine.as_view()),
    path(f"{W}/runs/<uuid:run_id>/slots/<uuid:slot_id>", limits.RunSlot.as_view()),
    path(f"{W}/runs/<uuid:run_id>/calls", limits.RunCalls.as_view()),
    path(f"{W}/backfills", backfills.Backfills.as_view()),
    path(f"{W}/backfills/preview", backfills.BackfillPreview.as_view()),
    path(f"{W}/backfills/<uuid:backfill_id>", backfills.BackfillDetail.as_view()),
    path(f"{W}/backfills/<uuid:backfill_id>/parts", backfills.BackfillParts.as_view()),
    path(f"{W}/backfills/<uuid:backfill_id>/pause", backfills.BackfillPause.as_view()),
    path(
        f"{W}/backfills/<uuid:backfill_id>/cancellation", backfills.BackfillCancellation.as_view()
    ),
    path(f"{W}/service-levels", service_levels.ServiceLevels.as_view()),
    path(f"{W}/service-levels/<uuid:level_id>", service_levels.ServiceLevelDetail.as_view()),
    path(
        f"{W}/service-levels/<uuid:level_id>/breaches",
        service_levels.ServiceLevelBreaches.as_view(),
    ),
    path(f"{W}/limits", limits.Limits.as_view()),
    path(f"{W}/limits/<uuid:limit_id>", limits.LimitDetail.as_view()),
    path(f"{W}/limits/<uuid:limit_id>/slots", limits.LimitSlots.as_view()),
    path(f"{W}/runs/<uuid:run_id>/approvals", approvals.RunApprovals.as_view()),
    path(f"{W}/runs/<uuid:run_id>/approvals/<str:key>", approvals.RunApprovalDetail.as_view()),
    path(f"{W}/runs/<uuid:run_id>/copy", subruns.RunCopy.as_view()),
    path(f"{W}/runs/<uuid:run_id>/subruns", subruns.Subruns.as_view()),
    path(f"{W}/runs/<uuid:run_id>/subruns/<uuid:subrun_id>", subruns.SubrunDetail.as_view()),
    path(f"{W}/pool-kinds", views.PoolKinds.as_view()),
    path(f"{W}/pools", views.Pools.as_view()),
    path(f"{W}/pools/<uuid:pool_id>", views.PoolDetail.as_view()),
    path(f"{W}/pools/<uuid:pool_id>/agents", views.PoolAgents.as_view()),
    path(f"{W}/pools/<uuid:pool_id>/agents/<uuid:agent_id>/drain", queues.AgentDrain.as_view()),
    path(f"{W}/pools/<uuid:pool_id>/depth", queues.PoolDepth.as_view()),
    path(f"{W}/pools/<uuid:pool_id>/queues", queues.PoolQueues.as_view()),
    path(f"{W}/pools/<uuid:pool_id>/queues/<uuid:queue_id>", queues.PoolQueueDetail.as_view()),
    path(f"{W}/pools/<str:pool>/heartbeats", views.PoolHeartbeats.as_view()),
]
