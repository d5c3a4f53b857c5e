"""What happens by the clock in Celery, which queues there are and what goes where, as tables."""

from kombu import Queue

QUEUES = [
    Queue("default"),
    Queue("mail"),
    Queue("actions"),
    Queue("billing"),
    Queue("exports"),
]

# Celery 5.7 warns of a queue named at the task: the routes stand here instead.
ROUTES = {
    "identity.send_mail": {"queue": "mail"},
    "automations.perform_action": {"queue": "actions"},
    "tenancy.send_audit_entries": {"queue": "actions"},
    "subscriptions.process_stripe_event": {"queue": "billing"},
    "subscriptions.refresh_customer": {"queue": "billing"},
    "subscriptions.send_stripe_report": {"queue": "billing"},
    "exports.work_on_export": {"queue": "exports"},
}

BEAT_SCHEDULE = {
    # name                       task                                   every
    "send due mails": {"task": "identity.enqueue_due_mails", "schedule": 30.0},
    "drop ended sessions": {"task": "identity.drop_ended_sessions", "schedule": 86_400.0},
    "process due webhooks": {"task": "subscriptions.hand_out_stripe_events", "schedule": 30.0},
    # Each domain once a day; the clock only looks which are due.
    "look at domains again": {"task": "sso.enqueue_due_domains", "schedule": 3_600.0},
    "look at stale customers": {
        "task": "subscriptions.hand_out_stale_customers",
        "schedule": 3_600.0,
    },
}
