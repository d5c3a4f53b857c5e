"""E-mail and password sign-in; allauth is headless, the pages are ours."""

from typing import Literal

from apps.config.env import env_int, env_str

ACCOUNT_ADAPTER = "billing.subscriptions.allauth_adapter.SubscribingAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or address is told to its owner
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_RATE_LIMITS: dict[str, str] | Literal[False] = {
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
}

# How many proxies of ours stand in front. Without the right number all people behind them share one
# address, and its limits; with too large a number anybody may invent theirs.
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXY_COUNT", 0)

_UI = env_str("PUBLIC_URL", "http://127.0.0.1:8400").rstrip("/")
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{_UI}/verify-email/{{key}}",
    "account_reset_password": f"{_UI}/reset-password",
    "account_reset_password_from_key": f"{_UI}/reset-password/{{key}}",
    "account_signup": f"{_UI}/signup",
}
