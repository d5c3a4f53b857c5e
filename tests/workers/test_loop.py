"""Loops of one process share its pool of connections, however small that is."""

import threading

import pytest
from django.db import connection, connections

from workers.loop import Loop

pytestmark = pytest.mark.django_db(transaction=True)
LOOPS, CONNECTIONS, STEPS = 12, 2, 3


@pytest.fixture
def small_pool():
    """Threads that connect from here on take their connections from a pool of two."""
    options = connections.databases["default"]["OPTIONS"]
    options["pool"] = {"min_size": 0, "max_size": CONNECTIONS, "timeout": 20.0}
    yield
    pools = connection._connection_pools
    if pool := pools.pop("default", None):
        pool.close()
    del options["pool"]


@pytest.mark.parametrize("outcome", [True, False, 60.0], ids=["worked", "idle", "sleeps long"])
def test_more_loops_than_connections_all_have_their_turn(small_pool, outcome):
    # First all loops are in a step without the database, so that none has its turns alone.
    together = threading.Barrier(LOOPS)
    seen: dict[str, int] = {}
    enough = threading.Event()

    def loop(name: str) -> Loop:
        def step() -> bool | float:
            if name not in seen:
                together.wait(60)
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            seen[name] = seen.get(name, 0) + 1
            if len(seen) == LOOPS and (outcome == 60.0 or min(seen.values()) >= STEPS):
                enough.set()
            return outcome

        return Loop(name=name, step=step, idle_seconds=0.01 if outcome != 60.0 else 60.0)

    loops = [loop(f"loop {number}") for number in range(LOOPS)]
    threads = [threading.Thread(target=each.run, daemon=True) for each in loops]
    for thread in threads:
        thread.start()
    had_their_turns = enough.wait(60)
    for each in loops:
        each.stop.set()
    for thread in threads:
        thread.join(30)
    assert had_their_turns, f"only {len(seen)} of {LOOPS} loops had connections"
    assert not any(thread.is_alive() for thread in threads)


def test_a_failed_step_gives_its_connection_back_too(small_pool):
    stop = threading.Event()
    tries: list[int] = []

    def step() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        tries.append(1)
        stop.set()
        raise ValueError("bad step")

    loop = Loop(name="fails", step=step, stop=stop)
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    thread.join(30)
    pool = connection._connection_pools["default"]
    assert tries == [1]
    assert pool.get_stats()["pool_available"] == pool.get_stats()["pool_size"]
