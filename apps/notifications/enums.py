from django.db.models import TextChoices


class ChannelKind(TextChoices):
    EMAIL = "EMAIL"
    SLACK = "SLACK"  # anything that takes Slack's webhook bodies, Mattermost for one
    WEBHOOK = "WEBHOOK"


class DeliveryState(TextChoices):
    SENDING = "SENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class Purpose(TextChoices):
    MESSAGE = "MESSAGE"
    TEST = "TEST"
