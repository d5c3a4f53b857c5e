"""How long until allauth's limits let somebody try again, and how to say it."""

from __future__ import annotations

import json
import math
import time

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

_ACCOUNT, _MFA = "allauth.account", "allauth.mfa"
# Below /_allauth/browser/v1/: which limit answers 429 there.
_ACTIONS = {
    "auth/login": (_ACCOUNT, "login"),
    "auth/signup": (_ACCOUNT, "signup"),
    "auth/password/request": (_ACCOUNT, "reset_password"),
    "auth/password/reset": (_ACCOUNT, "reset_password_from_key"),
    "auth/reauthenticate": (_ACCOUNT, "reauthenticate"),
    "auth/webauthn/login": (_MFA, "webauthn_login"),
    "account/password/change": (_ACCOUNT, "change_password"),
    "account/email": (_ACCOUNT, "manage_email"),
}
_UNKNOWN_SECONDS = 60


def in_words(seconds: float) -> str:
    """Return the time as people say it: `40 seconds`, `4 minutes`; never less than there is."""
    if seconds < 60:
        whole = max(1, math.ceil(seconds))
        return f"{whole} second{'s' if whole > 1 else ''}"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def seconds_until_free(
    request: HttpRequest, *, action: str, app: str = _ACCOUNT, key: str | None = None
) -> float:
    """Return how long until none of the action's limits refuses; 0 when none does now."""
    now = time.time()
    longest = 0.0
    for rate in ratelimit.get_rates(app=app, action=action):
        if (rate.per == "key" and key is None) or (
            rate.per == "user" and not request.user.is_authenticated
        ):
            continue
        name = ratelimit.get_cache_key(request, app=app, action=action, rate=rate, key=key)
        newest_first = [at for at in cache.get(name, []) if at > now - rate.duration]
        if len(newest_first) >= rate.amount:
            longest = max(longest, newest_first[rate.amount - 1] + rate.duration - now)
    return longest


def seconds_of_refusal(request: HttpRequest, path: str) -> float:
    """Return how long to wait after a 429 from `path`, which is below /_allauth/browser/v1/."""
    if path not in _ACTIONS:
        return _UNKNOWN_SECONDS
    app, action = _ACTIONS[path]
    return (
        seconds_until_free(request, app=app, action=action, key=_address_in(request))
        or _UNKNOWN_SECONDS
    )


def _address_in(request: HttpRequest) -> str | None:
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    email = body.get("email") if isinstance(body, dict) else None
    return email.lower() if isinstance(email, str) else None
