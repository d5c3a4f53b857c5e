"""allauth's signals, each handed to one call. Connected by apps.py."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from apps.identity import sessions

_ASKED_AT_SIGN_IN = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def factor_added(
    *, request: HttpRequest, user: Any, authenticator: Authenticator, **_more: Any
) -> None:
    if authenticator.type in _ASKED_AT_SIGN_IN:
        sessions.count_new_factor(
            request, user=user, factor_id=authenticator.pk, kind=authenticator.type
        )


def factor_removed(*, request: HttpRequest, user: Any, **_more: Any) -> None:
    present = Authenticator.objects.filter(user_id=user.pk).values_list("pk", flat=True)
    sessions.count_only_factors(request, factor_ids=set(present))


def factor_used(*, user: Any, authenticator: Authenticator, **_more: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        # The code was taken from a row that was read anew under a lock; this one still has it.
        authenticator.refresh_from_db()
        left = len(authenticator.wrap().get_unused_codes())
        get_adapter().send_notification_mail(
            "mfa/email/recovery_code_used", user, context={"left": left}
        )


def connect() -> None:
    for signal, receiver in (
        (signals.authenticator_added, factor_added),
        (signals.authenticator_removed, factor_removed),
        (signals.authenticator_used, factor_used),
    ):
        signal.connect(receiver, dispatch_uid=f"identity.{receiver.__name__}")
