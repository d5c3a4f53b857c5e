from django.db.models import TextChoices


class ConnectionKind(TextChoices):
    OIDC = "OIDC"
    SAML = "SAML"
