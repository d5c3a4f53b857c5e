"""
Codes of authenticator apps: each works once.

allauth remembers a used code in the cache for one step. With clocks that may be a step off it is
valid for three, and a cache may lose it: what was used is remembered beside the secret instead.
"""

from __future__ import annotations

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.db.models import F, Func, JSONField, Q, Value

_USED = "last_used_step"  # in the factor's data: steps of 30 seconds since 1970


class OnceOnlyTOTP(auth.TOTP):  # type: ignore[misc] # allauth ships no types
    def validate_code(self, code: str) -> bool:
        """Accept a code of this step, or of the one before or after, and none twice."""
        secret = get_adapter().decrypt(self.instance.data["secret"])
        return any(
            self._use(step)
            for step in auth.yield_hotp_counters_from_time()
            if compare_user_code(
                actual=code, expected=auth.format_hotp_value(auth.hotp_value(secret, step))
            )
        )

    def _use(self, step: int) -> bool:
        # SECURITY: conditional, for of two browsers with one code one is let in. Also no code of an
        # earlier step (RFC 6238, 5.2): whoever read it over a shoulder comes too late.
        unused = Q(**{f"data__{_USED}__lt": step}) | Q(**{f"data__{_USED}": None})
        unused |= ~Q(data__has_key=_USED)
        written = Func(
            F("data"),
            Value("{" + _USED + "}"),
            Value(step, output_field=JSONField()),
            function="jsonb_set",
            output_field=JSONField(),
        )
        mine = Authenticator.objects.filter(pk=self.instance.pk)
        return bool(mine.filter(unused).update(data=written))


def install() -> None:
    """Let allauth check codes so; it has no setting for that."""
    auth.TOTP = OnceOnlyTOTP
