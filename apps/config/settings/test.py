"""Tests differ from production in fakes, hasher and broker only."""

import os

os.environ.setdefault("SECRET_KEY", "test-only-" + "x" * 40)  # noqa: TID251
os.environ.setdefault("ENCRYPTION_KEYS", "dGVzdC1vbmx5LXRlc3Qtb25seS10ZXN0LW9ubHktdGU=")  # noqa: TID251
for _name, _role in (
    ("DATABASE_URL", "headway_app"),
    ("DATABASE_WORKER_URL", "headway_worker"),
    ("DATABASE_OWNER_URL", "headway_owner"),
):
    # Host and port of the embedded server are filled in by tests/conftest.py.
    os.environ.setdefault(_name, f"postgresql://{_role}@/headway")  # noqa: TID251
os.environ.setdefault("LOG_FORMAT", "console")  # noqa: TID251
os.environ.setdefault("LOG_LEVEL", "WARNING")  # noqa: TID251

from .base import *  # noqa: E402

ALLOWED_HOSTS = ["*"]
DATABASES["default"]["USER"] = "headway_owner"  # creates and migrates; tests run as headway_app
DATABASES["default"]["OPTIONS"].pop(
    "pool"
)  # one connection per test thread, inside its transaction
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
WHITENOISE_ROOT = None
ACCOUNT_RATE_LIMITS = False
STEADY_ANSWER_SECONDS = 0.0
