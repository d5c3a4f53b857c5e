"""allauth's signals of signing in, for the logs of the person's accounts. Connected by apps.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.http import HttpRequest

from apps.identity.sessions import session_facts
from apps.tenancy import services

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator


def signed_in(*, request: HttpRequest, user: Any, **_more: Any) -> None:
    services.record_of_person(
        action="user.signed_in", user=user, after={"methods": list(session_facts(request).methods)}
    )


def password_changed(*, user: Any, **_more: Any) -> None:
    services.record_of_person(action="user.password_changed", user=user)


def address_changed(*, user: Any, **_more: Any) -> None:
    # The addresses themselves stay out of a log that nothing is ever taken from.
    services.record_of_person(action="user.address_changed", user=user)


def factor_added(*, user: Any, authenticator: Authenticator, **_more: Any) -> None:
    services.record_of_person(
        action="user.factor_added", user=user, after={"factor": str(authenticator.type)}
    )


def factor_removed(*, user: Any, authenticator: Authenticator, **_more: Any) -> None:
    services.record_of_person(
        action="user.factor_removed", user=user, before={"factor": str(authenticator.type)}
    )


def codes_renewed(*, user: Any, **_more: Any) -> None:
    services.record_of_person(action="user.recovery_codes_renewed", user=user)


def factor_failed(*, user: Any, authenticator: Authenticator, **_more: Any) -> None:
    services.record_of_person(
        action="user.sign_in_failed",
        user=user,
        after={"factor": str(authenticator.type)},
        by_themselves=False,
    )


def connect() -> None:
    for signal, receiver in (
        (account.user_logged_in, signed_in),
        (account.password_changed, password_changed),
        (account.password_set, password_changed),
        (account.password_reset, password_changed),
        (account.email_changed, address_changed),
        (mfa.authenticator_added, factor_added),
        (mfa.authenticator_removed, factor_removed),
        (mfa.authenticator_reset, codes_renewed),
        (mfa.authentication_failed, factor_failed),
    ):
        signal.connect(receiver, dispatch_uid=f"tenancy.{receiver.__name__}")
