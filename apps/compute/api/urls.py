from django.urls import path

from apps.compute.api import bundles, tasks, views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/bundles/<str:sha256>", bundles.BundleDetail.as_view()),
    path(f"{W}/runs/<uuid:run_id>/task", tasks.RunTask.as_view()),
    path(f"{W}/runs/<uuid:run_id>/task/bundle", tasks.RunTaskBundle.as_view()),
    path(f"{W}/runs/<uuid:run_id>/task/phases", tasks.RunTaskPhases.as_view()),
    path(f"{W}/runs/<uuid:run_id>/compute", views.RunCompute.as_view()),
    path(f"{W}/compute/tasks", views.ComputeTasks.as_view()),
]
