"""Servers of the user's own that cannot be reached: one line with the variable's name."""

import pytest

from infra.local.place import Place
from infra.local.problems import Problem
from infra.local.servers import require_servers

NOBODY = "127.0.0.1:9"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"DATABASE_URL": f"postgresql://a:secret@{NOBODY}/x"},
            "DATABASE_URL leads to no database",
        ),
        ({"DATABASE_URL": "mysql://a:secret@b/x"}, "DATABASE_URL must be a postgresql"),
        ({"REDIS_URL": f"redis://:secret@{NOBODY}/0"}, "REDIS_URL leads to no Redis"),
        ({"REDIS_URL": "nonsense"}, "REDIS_URL leads to no Redis"),
    ],
)
def test_a_server_that_does_not_answer_is_named(given, words):
    with pytest.raises(Problem, match=words) as caught:
        require_servers(given)

    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_servers_of_ones_own_nothing_is_asked():
    require_servers({"PATH": "/usr/bin"})


def test_what_was_seeded_is_kept_apart_for_each_database(tmp_path):
    embedded = Place(data=tmp_path, port=8400)
    own = Place(data=tmp_path, port=8400, own_database=f"postgresql://a:b@{NOBODY}/x")
    seeded = {
        "login": "demo",
        "password": "p",
        "api_key": "hw_1",
        "agent_key": "hw_2",
        "workspace": "w",
    }
    embedded.keep_credentials(seeded)

    assert own.credentials() is None

    own.keep_credentials(seeded | {"password": "q"})
    assert embedded.credentials() == seeded
