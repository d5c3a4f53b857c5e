import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.config import env


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
