from django.urls import path

from apps.runs.api import approvals, around, logs, storage, touching, views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/flows", views.Flows.as_view()),
    path(f"{W}/approvals", approvals.Approvals.as_view()),
    path(f"{W}/approvals/<uuid:approval_id>/answer", approvals.ApprovalAnswer.as_view()),
    path(f"{W}/logs", logs.Logs.as_view()),
    path(f"{W}/logs/context", logs.LogContext.as_view()),
    path(f"{W}/logs/download", logs.LogDownload.as_view()),
    path(f"{W}/logs/volume", logs.LogVolume.as_view()),
    path(f"{W}/runs", views.Runs.as_view()),
    path(f"{W}/runs/histogram", views.RunsHistogram.as_view()),
    path(f"{W}/runs/<uuid:run_id>", views.RunDetail.as_view()),
    path(f"{W}/runs/<uuid:run_id>/cancellation", views.RunCancellation.as_view()),
    path(f"{W}/runs/<uuid:run_id>/pause", views.RunPause.as_view()),
    path(f"{W}/runs/<uuid:run_id>/resumption", views.RunResumption.as_view()),
    path(f"{W}/runs/<uuid:run_id>/suspension", views.RunSuspension.as_view()),
    path(f"{W}/runs/<uuid:run_id>/retries", views.RunRetries.as_view()),
    path(f"{W}/runs/<uuid:run_id>/task-runs", views.RunTaskRuns.as_view()),
    path(f"{W}/runs/<uuid:run_id>/timeline", views.RunTimeline.as_view()),
    path(f"{W}/runs/<uuid:run_id>/logs", views.RunLogs.as_view()),
    path(f"{W}/runs/<uuid:run_id>/around", around.RunAround.as_view()),
    path(f"{W}/runs/<uuid:run_id>/impact", around.RunImpact.as_view()),
    path(
        f"{W}/world/resources/<uuid:resource_id>/runs",
        touching.TouchingRuns.as_view(),
    ),
    path(f"{W}/storage", storage.StorageOverview.as_view()),
    path(f"{W}/storage/retention", storage.StorageRetention.as_view()),
    path(f"{W}/runs/<uuid:run_id>/metrics", views.RunMetrics.as_view()),
]
