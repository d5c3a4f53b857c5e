"""Settings that every environment shares. Environments override; concerns live in siblings."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apps.config.env import (
    database_from_url,
    env_bool,
    env_hosts,
    env_int,
    env_keys,
    env_limit,
    env_list,
    env_secret,
    env_str,
)

from .allauth import *
from .bundles import *
from .celery import *
from .compute import *
from .logging import *
from .sentry import *
from .stripe import *

BASE_DIR = Path(__file__).resolve().parents[3]
VERSION = "0.1.0"

SECRET_KEY = env_secret("SECRET_KEY")
ENCRYPTION_KEYS = env_keys("ENCRYPTION_KEYS")  # apps.core.cipher; no default in any environment
REENCRYPT_TOO = ["apps.identity.services.reencrypt_factors"]
DEBUG = False

PUBLIC_URL = env_str("PUBLIC_URL", "http://127.0.0.1:8400").rstrip("/")
LIVE_URL = env_str("LIVE_URL", PUBLIC_URL).rstrip("/")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", urlsplit(PUBLIC_URL).hostname or "localhost")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL, *env_list("CSRF_TRUSTED_ORIGINS")]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "apps.core",
    "apps.identity",
    "apps.tenancy",
    "apps.sso",
    "apps.telemetry",
    "apps.lineage",
    "apps.dashboards",
    "apps.costs",
    "apps.notifications",
    "apps.flows",
    "apps.runs",
    "apps.dispatch",
    "apps.ingest",
    "apps.automations",
    "apps.compute",
    "billing.metering",
    "billing.subscriptions",
    "apps.exports",
    "workers",
]

MIDDLEWARE = [
    "apps.core.http.request_context.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.identity.middleware.PeopleMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "apps.config.urls"
WSGI_APPLICATION = "apps.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own, so that the words of allauth's mails are ours.
        "DIRS": [BASE_DIR / "apps" / "identity" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]

# Which Postgres role this process is: requests and Celery are `app`, loops `worker`, migrations
# `owner` (manage.py chooses). A role that is not configured cannot be started by accident.
DATABASE_ROLE = env_str("HEADWAY_DATABASE_ROLE", "app")
_URL_NAME = {
    "app": "DATABASE_URL",
    "worker": "DATABASE_WORKER_URL",
    "owner": "DATABASE_OWNER_URL",
}[DATABASE_ROLE]
DATABASES: dict[str, dict[str, Any]] = {
    "default": database_from_url(_URL_NAME, env_secret(_URL_NAME))
}
# A pool rather than CONN_MAX_AGE: threads of the web server and of the live process come and go,
# and psycopg refuses both together.
DATABASES["default"]["OPTIONS"] |= {
    "pool": {"min_size": 0, "max_size": env_int("DATABASE_POOL_SIZE", 16), "timeout": 10.0}
}
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True  # PgBouncer in transaction mode
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env_secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

SESSION_ENGINE = "apps.tenancy.session_store"
SESSION_COOKIE_NAME = "headway_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

FRONTEND_DIST = Path(env_str("FRONTEND_DIST", str(BASE_DIR / "frontend" / "dist")))
STATIC_URL = "/static/"
# The built UI is served from the root; index.html falls back in apps.core.http.frontend.
WHITENOISE_ROOT = FRONTEND_DIST if FRONTEND_DIST.is_dir() else None
WHITENOISE_INDEX_FILE = False

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10)  # seconds for each step; Django would wait for ever
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "Headway <headway@localhost>")

# What tenants may have us call although it is not on the public internet: exact host:port, none
# by default. For those who host Headway beside their own receivers.
OUTBOUND_ALLOWED_HOSTS = env_hosts("OUTBOUND_ALLOWED_HOSTS")

# Which name servers are asked for the records that verify domains: host:port each, with commas.
# None: the machine's own.
SSO_NAME_SERVERS = env_hosts("SSO_NAME_SERVERS")

# Whether plans limit anybody. Off for those who host Headway themselves: nothing is limited then.
BILLING = env_bool("BILLING")

# Where a role of an account's own is promised to newcomers: of a layer above tenancy too.
ROLE_PROMISES = "apps.sso.selectors.places_of_promised_role"
# What has to be settled before an account may go with its only member: of a layer above tenancy.
ACCOUNT_OBSTACLES = ["billing.subscriptions.selectors.find_obstacle"]

# Per workspace and minute, in Valkey (apps.core.http.rate_classes). Plans limit events and points;
# of these they say nothing.
RATE_LIMIT_LOG_BYTES_PER_MINUTE = env_limit("RATE_LIMIT_LOG_BYTES_PER_MINUTE")
RATE_LIMIT_QUERIES_PER_MINUTE = env_limit("RATE_LIMIT_QUERIES_PER_MINUTE")

# What object rules can narrow belongs to apps above tenancy: asked for an object's name by path.
NARROWED_OBJECTS = {
    "POOL": "apps.dispatch.selectors.narrowed_pool_names",
    "DEPLOYMENT": "apps.flows.selectors.narrowed_deployment_names",
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.tenancy.authentication.ApiKeyAuthentication",
        "apps.tenancy.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.tenancy.permissions.IsActor"],
    "DEFAULT_RENDERER_CLASSES": ["apps.core.http.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.http.json.JSONParser"],
    "EXCEPTION_HANDLER": "apps.core.http.exception_handler.handle_exception",
    "DEFAULT_SCHEMA_CLASS": "apps.core.http.openapi.HeadwaySchema",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# What tenancy asks before it deletes: the layers that know of exports and payment are above it.
DELETION_GUARD = "apps.exports.services.refuse_deletion"
# What gives an account that somebody makes beside their first one its plan, with the account.
PLAN_OF_NEW_ACCOUNTS = "billing.subscriptions.services.apply_entitlements"

SPECTACULAR_SETTINGS = {
    "TITLE": "Headway",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "The coordination plane for data workflows.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "AccountRoleEnum": "apps.tenancy.enums.AccountRole",
        "AccountScopeEnum": "apps.tenancy.api.serializers.ACCOUNT_SCOPES",
        "ActorKindEnum": "apps.tenancy.enums.ActorKind",
        "ActionKindEnum": "apps.automations.models.ACTION_KINDS",
        "ApprovalStateEnum": "apps.runs.enums.ApprovalState",
        "AttemptStateEnum": "apps.automations.models.ATTEMPT_STATES",
        "BackfillKindEnum": "apps.dispatch.api.backfills.KINDS",
        "BackfillPartStateEnum": "apps.dispatch.api.backfills.PART_STATES",
        "BackfillStateEnum": "apps.dispatch.enums.BackfillState",
        "CauseKindEnum": "apps.runs.wire.CAUSES",
        "ChannelKindEnum": "apps.notifications.enums.ChannelKind",
        "CostUnitEnum": "apps.costs.api.serializers.UNIT_NAMES",
        "CommandEnum": "apps.dispatch.protocol.COMMANDS",
        "DeliveryStateEnum": "apps.notifications.enums.DeliveryState",
        "CodeKindEnum": "apps.flows.wire.CODE_KINDS",
        "OwnerKindEnum": "apps.dispatch.api.serializers.OWNER_KINDS",
        "LevelEnum": "apps.runs.api.serializers.LEVELS",
        "LimitKindEnum": "apps.dispatch.enums.LimitKind",
        "ManagedTaskStateEnum": "apps.compute.models.STATES",
        "MemberSourceEnum": "apps.tenancy.enums.MemberSource",
        "MetricLevelEnum": "apps.automations.models.LEVELS",
        "MeterEnum": "billing.metering.meters.Meter",
        "PoolKindEnum": "apps.dispatch.api.serializers.KINDS",
        "PriceKindEnum": "apps.costs.api.serializers.KINDS",
        "RoleEnum": "apps.tenancy.enums.BuiltInRole",
        "RunSourceEnum": "apps.runs.enums.RunSource",
        "RunStateEnum": "apps.runs.enums.RunState",
        "ServiceLevelKindEnum": "apps.dispatch.enums.ServiceLevelKind",
        "StoredKindEnum": "apps.runs.api.storage.KINDS",
        "SsoConnectionKindEnum": "apps.sso.enums.ConnectionKind",
        "ScheduleKindEnum": "apps.flows.wire.KINDS",
        "ScopesEnum": "apps.tenancy.api.serializers.SCOPES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.http.openapi.document_errors",
    ],
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024  # ingest refuses above 5 MB itself, with its own code

CSRF_FAILURE_VIEW = "apps.core.http.exception_handler.handle_403_csrf"
