"""Production: no defaults for secrets, HTTPS assumed in front."""

from apps.config.env import env_bool, env_secret, env_str

from .base import *

env_secret("REDIS_URL")
env_str("PUBLIC_URL")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_URL.startswith("https") else 0
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https")
CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https")
