"""Second factors: their secrets are unreadable at rest, and they are named as people would."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from apps.core import cipher


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth ships no types
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or it was used before.",
        "unverified_email": "Confirm your e-mail addresses first, or remove those you do not use.",
        "cannot_generate_recovery_codes": "Set up an authenticator app or a passkey first.",
    }

    def encrypt(self, text: str) -> str:
        return cipher.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher.decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        # The id stays the host that was asked for: ALLOWED_HOSTS says which there are.
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Headway"}
