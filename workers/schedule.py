"""What happens by the clock in Celery, which queues there are and what goes where, as tables."""

from kombu import Queue

QUEUES = [
    Queue("default"),
    Queue("mail"),
    Queue("actions"),
]

# Celery 5.7 warns of a queue named at the task: the routes stand here instead.
ROUTES = {
    "identity.send_mail": {"queue": "mail"},
    "automations.perform_action": {"queue": "actions"},
}

BEAT_SCHEDULE = {
    # name                       task                                   every
    "send due mails": {"task": "identity.enqueue_due_mails", "schedule": 30.0},
}
