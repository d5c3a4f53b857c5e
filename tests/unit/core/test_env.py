import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.config import env

ROOT = Path(__file__).resolve().parents[3]


def test_a_missing_value_is_named(monkeypatch):
    monkeypatch.delenv("HW_X", raising=False)

    with pytest.raises(ImproperlyConfigured, match="HW_X is not set"):
        env.env_str("HW_X")


@pytest.mark.parametrize(("reader", "text"), [(env.env_int, "ten"), (env.env_bool, "maybe")])
def test_a_bad_value_is_named(monkeypatch, reader, text):
    monkeypatch.setenv("HW_X", text)

    with pytest.raises(ImproperlyConfigured, match="HW_X must be"):
        reader("HW_X")


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.setenv("HW_X_FILE", str(tmp_path / "key"))

    assert env.env_secret("HW_X") == "s3cret"


def test_an_unreadable_secret_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HW_X_FILE", str(tmp_path / "absent"))

    with pytest.raises(ImproperlyConfigured, match="HW_X_FILE: cannot read"):
        env.env_secret("HW_X")


def test_a_database_address_may_name_a_socket_folder():
    found = env.database_from_url("X", "postgresql://u:p%40ss@/db?host=/run/pg&sslmode=disable")

    assert (found["HOST"], found["USER"], found["PASSWORD"], found["NAME"]) == (
        "/run/pg",
        "u",
        "p@ss",
        "db",
    )
    assert found["OPTIONS"] == {"sslmode": "disable"}


GOOD_KEY = "dGVzdC1vbmx5LXRlc3Qtb25seS10ZXN0LW9ubHktdGU="


@pytest.mark.parametrize("text", [GOOD_KEY, f"{GOOD_KEY},{GOOD_KEY}", f"{GOOD_KEY}\n{GOOD_KEY}"])
def test_encryption_keys_are_read_in_their_order(monkeypatch, text):
    monkeypatch.setenv("HW_KEYS", text)

    assert set(env.env_keys("HW_KEYS")) == {GOOD_KEY}


@pytest.mark.parametrize("text", ["", " , ", "short", GOOD_KEY[:-2], f"{GOOD_KEY},x", "ü" * 44])
def test_a_bad_encryption_key_is_refused_without_being_said(monkeypatch, text):
    monkeypatch.setenv("HW_KEYS", text)

    with pytest.raises(ImproperlyConfigured, match="HW_KEYS") as refusal:
        env.env_keys("HW_KEYS")
    assert GOOD_KEY[:20] not in str(refusal.value)


def test_production_does_not_start_without_encryption_keys(monkeypatch):
    given = {
        "SECRET_KEY": "x" * 50,
        "PUBLIC_URL": "https://headway.example",
        "REDIS_URL": "redis://nowhere",
        "DATABASE_URL": "postgresql://a@nowhere/b",
        "DJANGO_SETTINGS_MODULE": "apps.config.settings.production",
        "PATH": os.environ["PATH"],
    }

    def start(**more):
        return subprocess.run(
            [sys.executable, "-c", "import apps.config.settings.production"],
            env=given | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    refused, started = start(), start(ENCRYPTION_KEYS=GOOD_KEY)

    assert refused.returncode != 0
    assert "ENCRYPTION_KEYS is not set" in refused.stderr
    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize(
    "text", ["10.0.0.7", "a.example", "*.example:80", "http://a:80", ":80", "a:"]
)
def test_an_allowed_host_is_an_exact_host_and_port(monkeypatch, text):
    monkeypatch.setenv("HW_HOSTS", f"ok.example:443,{text}")

    with pytest.raises(ImproperlyConfigured, match="HW_HOSTS"):
        env.env_hosts("HW_HOSTS")


def test_allowed_hosts_are_read(monkeypatch):
    monkeypatch.setenv("HW_HOSTS", "Chat.internal:8065, [fd00::7]:443")

    assert env.env_hosts("HW_HOSTS") == {"chat.internal:8065", "[fd00::7]:443"}


def test_a_choice_names_what_may_be_chosen(monkeypatch):
    monkeypatch.setenv("PLACE", "moon")

    with pytest.raises(ImproperlyConfigured, match="PLACE must be one of off, local, not 'moon'"):
        env.env_choice("PLACE", ("off", "local"), "off")


def test_a_choice_that_is_not_made_is_the_default(monkeypatch):
    monkeypatch.delenv("PLACE", raising=False)

    assert env.env_choice("PLACE", ("off", "local"), "off") == "off"
