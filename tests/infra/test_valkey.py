"""The broker wrapper against a real server."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kombu import Connection

from infra.local.problems import Problem
from infra.local.valkey import EmbeddedValkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    yield server
    server.remove()


def test_what_was_queued_survives_a_restart(server):
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.rpush("queue", "mail")

    server.stop()
    server.start()

    with redis.Redis.from_url(server.url) as client:
        assert client.lrange("queue", 0, -1) == [b"mail"]


def test_only_its_owner_reaches_it(server):
    server.start()

    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_a_second_server_on_the_same_data_is_refused(server):
    server.start()

    with pytest.raises(Problem, match="already uses"):
        EmbeddedValkey(server.data_dir).start()

    assert server.is_ready()


def test_celery_and_redis_find_it_below_a_path_with_spaces(tmp_path):
    server = EmbeddedValkey(tmp_path / "with spaces")
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client, Connection(server.broker_url) as broker:
            broker.ensure_connection(max_retries=1, timeout=5)
            broker.SimpleQueue("mail").put("written")

            assert client.llen("mail") == 1
    finally:
        server.remove()


def test_a_path_too_long_for_a_socket_falls_back_to_a_short_folder(tmp_path):
    server = EmbeddedValkey(tmp_path / ("long" * 25))
    try:
        server.start()

        assert server.socket_path.parent != server.data_dir
        assert server.is_ready()
    finally:
        server.remove()
    assert not server.socket_path.parent.exists()
