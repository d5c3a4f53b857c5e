"""
Values that we must be able to read again, and nobody who sees the database.

Fernet (AES-128-CBC with HMAC-SHA256) under the keys of ENCRYPTION_KEYS: the first one encrypts, all
of them decrypt, so a key is replaced by putting a new one in front, running
`manage.py reencrypt_secrets`, and taking the old one away.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils.module_loading import import_string

BATCH = 200


class UnreadableError(Exception):
    """No key of ENCRYPTION_KEYS opens the value: one was taken away too early."""


def encrypt(value: bytes) -> bytes:
    """Return the value under the first key."""
    return _all(tuple(settings.ENCRYPTION_KEYS)).encrypt(value)


def decrypt(stored: bytes) -> bytes:
    """Raises: UnreadableError."""
    try:
        return _all(tuple(settings.ENCRYPTION_KEYS)).decrypt(stored)
    except InvalidToken:
        raise UnreadableError("No key of ENCRYPTION_KEYS opens this value.") from None


def is_current(stored: bytes) -> bool:
    """Say whether the value is under the first key."""
    try:
        _one(settings.ENCRYPTION_KEYS[0]).decrypt(stored)
    except InvalidToken:
        return False
    return True


if TYPE_CHECKING:
    _BinaryField = models.BinaryField[str, str]  # generic for the type checker only
else:
    _BinaryField = models.BinaryField


class EncryptedField(_BinaryField):
    """
    A column of encrypted bytes: text in Python, ciphertext in the database.

    It can be neither searched nor compared. `reencrypt` finds every such column by itself.
    """

    def get_db_prep_value(
        self, value: object, connection: object, prepared: bool = False
    ) -> object:
        if isinstance(value, str):
            value = encrypt(value.encode())
        return super().get_db_prep_value(value, connection, prepared)  # type: ignore[arg-type]

    def from_db_value(self, value: object, *_args: object) -> str | None:
        return None if value is None else decrypt(bytes(value)).decode()  # type: ignore[call-overload]


def reencrypt() -> tuple[int, int]:
    """
    Put every encrypted value under the first key; return how many were there and how many moved.

    For the worker's role, which sees all workspaces. May be broken off and started again.
    """
    seen = moved = 0
    for model, field in _encrypted_columns():
        last = None
        while True:
            with transaction.atomic():
                # Cast: what is read must be the ciphertext, not the text.
                raw = models.functions.Cast(field.name, models.BinaryField())
                rows = model._default_manager.order_by("pk").annotate(_raw=raw)
                if last is not None:
                    rows = rows.filter(pk__gt=last)
                page = list(rows.select_for_update().values_list("pk", "_raw")[:BATCH])
                for key, stored in page:
                    seen += 1
                    if stored is None or is_current(bytes(stored)):
                        continue
                    text = decrypt(bytes(stored)).decode()
                    model._default_manager.filter(pk=key).update(**{field.name: text})
                    moved += 1
            if len(page) < BATCH:
                break
            last = page[-1][0]
    # What libraries keep in columns of their own.
    for path in settings.REENCRYPT_TOO:
        more_seen, more_moved = import_string(path)()
        seen, moved = seen + more_seen, moved + more_moved
    return seen, moved


def _encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedField]]:
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedField):
                yield model, field


@lru_cache(maxsize=8)
def _one(key: str) -> Fernet:
    return Fernet(key)


@lru_cache(maxsize=8)
def _all(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_one(key) for key in keys])
