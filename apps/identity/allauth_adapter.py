"""allauth's hooks: what it sends, what it refuses, and what happens when somebody has signed in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import unstash_login
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import get_random_string

from apps.core.clock import utc_now
from apps.identity import devices, services
from apps.identity.models import User
from apps.identity.throttling import in_words, seconds_until_free

MAX_EMAIL_LENGTH = 254  # what a column holds, and RFC 5321 lets be delivered


class QueuedMailAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth ships no types
    """Sends mails through our queue instead of in the request's own time."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The address or the password is not right.",
        "incorrect_password": "The password is not right.",
        "enter_current_password": "This is not your present password.",
        "invalid_or_expired_key": "This link no longer works: it was used, or it is too old.",
        "invalid_password_reset": "This link no longer works: it was used, or it is too old.",
        "unverified_primary_email": "Confirm the address first.",
        "cannot_remove_primary_email": "Make another address the first one, then remove this.",
        "max_email_addresses": "That would be more than %d addresses.",
    }

    _login_key: str | None = None  # of the limit that the present try counts against

    def clean_email(self, email: str) -> str:
        if len(email) > MAX_EMAIL_LENGTH:
            raise ValidationError("This address is too long.")
        return str(super().clean_email(email))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if "user_agent" in context:
            context = context | {"user_agent": devices.describe(context["user_agent"])}
        message = self.render_mail(template_prefix, email, context)
        services.queue_mail(
            recipient=email, subject=message.subject, text=message.body, now=utc_now()
        )

    def send_account_already_exists_mail(self, email: str) -> None:
        # SECURITY: signing up hashes the password, so this must take as long.
        User().set_password(get_random_string(20))
        super().send_account_already_exists_mail(email)

    def welcome(self, user: User) -> None:
        """Make what a new person starts with, in the transaction that makes the person."""

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user = super().save_user(request, user, form, commit=commit)
        if commit:
            self.welcome(user)
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self._login_key = self._get_login_attempts_cache_key(request, **credentials)
        super().pre_authenticate(request, **credentials)

    def validation_error(self, code: str, *arguments: Any) -> ValidationError:
        if code != "too_many_login_attempts":
            plain: ValidationError = super().validation_error(code, *arguments)
            return plain
        seconds = seconds_until_free(
            self.request, action="login_failed", key=self._login_key or self._key_of_factors()
        )
        words = f"Too many failed tries. Try again in {in_words(seconds or 60)}."
        return ValidationError(words, code=code)

    def _key_of_factors(self) -> str | None:
        user = self.request.user
        if not user.is_authenticated:
            login = unstash_login(self.request, peek=True)
            user = login.user if login else None
        return f"mfa-auth-user-{user.pk}" if user else None

    def login(self, request: HttpRequest, user: User) -> None:
        is_first = user.last_login is None
        super().login(request, user)
        if not is_first and not devices.is_known(request, user):
            self.send_notification_mail("account/email/new_sign_in", user)
        # Several of allauth's views make an answer of their own: the middleware sets the cookie.
        request.signed_in_person = user  # type: ignore[attr-defined]

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        if self.request.user.pk == user.pk:  # not when it is reset by a mail
            self.request.signed_in_person = user
