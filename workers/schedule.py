"""What happens by the clock in Celery, and the queues there are, as tables."""

from kombu import Queue

QUEUES = [
    Queue("default"),
    Queue("mail"),
]

BEAT_SCHEDULE = {
    # name                       task                                   every
    "send due mails": {"task": "identity.enqueue_due_mails", "schedule": 30.0},
}
