"""Limits without a server hold within the process."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from headway import HeadwayError, concurrency, flow, rate_limit, rate_limit_async


def busiest(limit: int, *, occupy: int = 1, workers: int = 6) -> int:
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with concurrency("here", limit, occupy=occupy):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most


def test_no_more_than_the_limit_are_inside() -> None:
    assert busiest(1) == 1
    assert busiest(4, occupy=2) <= 2


def test_a_block_that_fails_lets_the_next_one_in() -> None:
    with pytest.raises(ValueError, match="no"), concurrency("fails", 1):
        raise ValueError("no")
    with concurrency("fails", 1):
        pass


def test_async_blocks_take_turns_and_the_loop_goes_on() -> None:
    inside, most = 0, 0

    async def work() -> None:
        nonlocal inside, most
        async with concurrency("async", 2):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    async def main() -> None:
        await asyncio.gather(*[work() for _ in range(6)])
        await rate_limit_async("async-rate", per_minute=60_000)

    asyncio.run(main())
    assert most == 2


def test_whoever_is_cancelled_in_line_leaves_it() -> None:
    async def wait() -> None:
        async with concurrency("cancelled", 1):
            pass

    async def main() -> None:
        async with concurrency("cancelled", 1):
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await asyncio.wait_for(wait(), 30)

    asyncio.run(main())


def test_calls_are_spaced() -> None:
    began = time.monotonic()
    for _ in range(4):
        rate_limit("spaced", per_minute=1_200)
    assert time.monotonic() - began >= 0.149


def test_what_can_never_be_is_refused() -> None:
    with pytest.raises(ValueError, match="never be free"), concurrency("few", 1, occupy=2):
        pass
    with pytest.raises(HeadwayError, match="no server is configured"), concurrency("unknown"):
        pass
    for bad in ({"occupy": 0}, {"limit": 0}):
        with pytest.raises(ValueError, match="1 or more"):
            concurrency("bad", **bad)
    with pytest.raises(ValueError, match="needs a name"):
        concurrency("")
    with pytest.raises(ValueError, match="1 or more"):
        rate_limit("bad", per_minute=0)


def test_with_a_server_a_slot_needs_a_run_to_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HEADWAY_API_KEY", "hw_x")
    with pytest.raises(HeadwayError, match="inside a flow"), concurrency("outside", 1):
        pass


def test_inside_a_flow_without_a_server_it_just_works() -> None:
    @flow
    def work() -> str:
        with concurrency("in-flow", 1):
            return "done"

    assert work() == "done"
