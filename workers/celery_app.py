"""Celery: the muscle for everything that talks to the outside."""

import os

from celery import Celery

from workers.schedule import BEAT_SCHEDULE, QUEUES, ROUTES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.production")  # noqa: TID251

app = Celery("headway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = BEAT_SCHEDULE
app.conf.task_queues = QUEUES
app.conf.task_routes = ROUTES
app.conf.task_create_missing_queues = False  # a misspelt queue fails at once instead of piling up
app.autodiscover_tasks(
    [
        "apps.identity",
        "apps.tenancy",
        "apps.sso",
        "apps.automations",
        "billing.subscriptions",
        "apps.exports",
    ]
)
