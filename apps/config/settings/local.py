"""The stack on one machine (`make up`): real parts, mail printed instead of sent."""

from apps.config.env import env_str

from .base import *

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *ALLOWED_HOSTS]
CSRF_TRUSTED_ORIGINS = [
    *CSRF_TRUSTED_ORIGINS,
    PUBLIC_URL.replace("127.0.0.1", "localhost"),
]
EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
