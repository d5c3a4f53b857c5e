"""Signing in through another service: which are offered, and what becomes of a newcomer."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.db import transaction
from django.http import HttpRequest


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc] # allauth ships no types
    """
    Offers the services of the settings to everybody.

    SECURITY: rows of SocialApp are connections of single accounts. They are found by who names
    one, and never listed: allauth's `config` and `session` answers would tell any stranger which
    organisations there are and where their people sign in.
    """

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[Any]:
        apps: list[Any] = super().list_apps(request, provider=provider, client_id=client_id)
        if provider is None:
            return [app for app in apps if app.pk is None]  # those of the settings are not stored
        return apps

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        name = data.get("name") or sociallogin.account.extra_data.get("name") or ""
        user.name = str(name)[:120]
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        user = super().save_user(request, sociallogin, form)
        if form is None:  # with a form, allauth saves through the account adapter
            get_account_adapter(request).welcome(user)
        return user
