from django.db.models import TextChoices


class SchemaMode(TextChoices):
    """What becomes of events that do not fit their schema."""

    OFF = "OFF", "Off"
    WARN = "WARN", "Warn"  # they are stored, and counted
    REFUSE = "REFUSE", "Refuse"


class WebhookPreset(TextChoices):
    """Whose deliveries a webhook reads."""

    GITHUB = "GITHUB", "GitHub"
    STRIPE = "STRIPE", "Stripe"
    SNS = "SNS", "Amazon SNS"  # S3's notifications, and anything else that a topic carries
    EVENTBRIDGE = "EVENTBRIDGE", "Amazon EventBridge"
    SLACK = "SLACK", "Slack"
    DBT_CLOUD = "DBT_CLOUD", "dbt Cloud"
    GENERIC = "GENERIC", "Generic"
    CUSTOM = "CUSTOM", "Custom"  # a template says what the events are
