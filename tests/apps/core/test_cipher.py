import pytest
from cryptography.fernet import Fernet
from django.db import connection

from apps.core import cipher
from apps.core.clock import utc_now
from apps.notifications.models import Channel
from apps.tenancy.isolation import workspace_scope

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def make_channel(workspace, config="{}", name="ops"):
    return Channel.objects.create(
        workspace_id=workspace.id, name=name, kind="SLACK", config=config, updated_at=utc_now()
    )


def stored_bytes(channel):
    with connection.cursor() as cursor:
        cursor.execute("SELECT config FROM notifications_channel WHERE id = %s", [channel.id])
        return bytes(cursor.fetchone()[0])


def test_the_first_key_encrypts_and_all_decrypt(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    before = cipher.encrypt(b"s3cret")

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    after = cipher.encrypt(b"s3cret")

    assert cipher.decrypt(before) == cipher.decrypt(after) == b"s3cret"
    assert (cipher.is_current(before), cipher.is_current(after)) == (False, True)
    assert b"s3cret" not in before


@pytest.mark.parametrize("spoil", [lambda v: v[:-1], lambda v: v[:-5] + b"AAAA=", lambda v: b""])
def test_a_changed_value_is_not_read(settings, spoil):
    stored = cipher.encrypt(b"s3cret")

    with pytest.raises(cipher.UnreadableError):
        cipher.decrypt(spoil(stored))


def test_a_column_is_text_in_python_and_ciphertext_in_the_database(in_workspace):
    channel = make_channel(in_workspace, '{"url": "https://hooks.example.com/s3cret"}')

    assert (
        Channel.objects.get(pk=channel.pk).config == '{"url": "https://hooks.example.com/s3cret"}'
    )
    assert b"s3cret" not in stored_bytes(channel)
    assert b"hooks" not in stored_bytes(channel)


def test_a_key_is_replaced_without_losing_a_value(workspace, rival_workspace, settings, as_worker):
    settings.ENCRYPTION_KEYS = [OLD]
    channels = []
    for place in (workspace, rival_workspace):
        with workspace_scope(place.id):
            channels += [make_channel(place, f'{{"n": {n}}}', name=str(n)) for n in range(3)]

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    with as_worker():
        assert cipher.reencrypt() == (6, 6)
        assert cipher.reencrypt() == (6, 0)
    settings.ENCRYPTION_KEYS = [NEW]

    with as_worker():
        configs = sorted(Channel.objects.values_list("config", flat=True))
    assert configs == sorted(f'{{"n": {n}}}' for n in range(3) for _ in range(2))


def test_all_pages_are_reencrypted(in_workspace, settings, as_worker, monkeypatch):
    monkeypatch.setattr(cipher, "BATCH", 2)
    settings.ENCRYPTION_KEYS = [OLD]
    for n in range(5):
        make_channel(in_workspace, name=str(n))

    settings.ENCRYPTION_KEYS = [NEW, OLD]
    with as_worker():
        assert cipher.reencrypt() == (5, 5)


def test_a_key_that_was_taken_away_too_early_is_said(in_workspace, settings):
    settings.ENCRYPTION_KEYS = [OLD]
    channel = make_channel(in_workspace)

    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(cipher.UnreadableError, match="ENCRYPTION_KEYS"):
        Channel.objects.get(pk=channel.pk)
