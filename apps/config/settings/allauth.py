"""Signing in: passwords, second factors, passkeys, sessions, other services. The pages are ours."""

from typing import Any, Literal
from urllib.parse import urlsplit

from apps.config.env import env_int, env_secret, env_str

_UI = env_str("PUBLIC_URL", "http://127.0.0.1:8400").rstrip("/")

ACCOUNT_ADAPTER = "billing.subscriptions.allauth_adapter.SubscribingAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# SECURITY: with anything less, signing up has to tell whether an address is taken.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up, and in no other
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or address is told to its owner
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True  # for SESSION_COOKIE_AGE; sessions are listed and can be ended
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before addresses and connected services change
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(_UI).scheme
ACCOUNT_RATE_LIMITS: dict[str, str] | Literal[False] = {
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "sso_discovery": "20/m/ip",
    "sso_begin": "60/m/ip",
    "sso_answer": "300/m/ip",  # a whole office comes from one address
}
# An answer that must not tell whether an address is known comes no sooner than this. It covers the
# time that making an account takes on a busy machine.
STEADY_ANSWER_SECONDS = 0.6

MFA_ADAPTER = "apps.identity.mfa_adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Headway"
# Steps of 30 seconds that the clock of a phone may be off. Each code works once nevertheless, which
# apps.identity.totp sees to.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True

USERSESSIONS_TRACK_ACTIVITY = True  # shown; written by apps.identity.middleware, once a minute

SOCIALACCOUNT_ADAPTER = "apps.identity.social_adapter.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
# SECURITY: an address that another service vouches for never opens a login that exists. Its owner
# signs in and connects the service.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_QUERY_EMAIL = True


def _apps(client_id: str, secret: str) -> list[dict[str, str]]:
    """Return the service's one app, or none when it is not configured."""
    return [{"client_id": client_id, "secret": secret}] if client_id and secret else []


SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "github": {
        "APPS": _apps(
            env_str("SOCIAL_GITHUB_CLIENT_ID", ""), env_secret("SOCIAL_GITHUB_CLIENT_SECRET", "")
        ),
        "SCOPE": ["read:user", "user:email"],
        "OAUTH_PKCE_ENABLED": True,
    },
    "google": {
        "APPS": _apps(
            env_str("SOCIAL_GOOGLE_CLIENT_ID", ""), env_secret("SOCIAL_GOOGLE_CLIENT_SECRET", "")
        ),
        "SCOPE": ["profile", "email"],
        "OAUTH_PKCE_ENABLED": True,
    },
}
if _github := env_str("SOCIAL_GITHUB_URL", ""):  # GitHub Enterprise Server
    SOCIALACCOUNT_PROVIDERS["github"]["GITHUB_URL"] = _github

# How many proxies of ours stand in front. Without the right number all people behind them share one
# address, and its limits; with too large a number anybody may invent theirs.
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXY_COUNT", 0)

HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{_UI}/verify-email/{{key}}",
    "account_reset_password": f"{_UI}/reset-password",
    "account_reset_password_from_key": f"{_UI}/reset-password/{{key}}",
    "account_signup": f"{_UI}/signup",
    "socialaccount_login_error": f"{_UI}/login",
}
