from django.urls import path

from apps.flows.api import views

W = "workspaces/<str:workspace>"

urlpatterns = [
    path(f"{W}/deployments/<uuid:deployment_id>/schedules", views.DeploymentSchedules.as_view()),
    path(f"{W}/schedules", views.ScheduleCalendar.as_view()),
    path(f"{W}/schedules/preview", views.SchedulePreview.as_view()),
    path(f"{W}/schedules/<uuid:schedule_id>", views.ScheduleDetail.as_view()),
]
