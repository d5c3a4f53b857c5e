"""The buckets in a real Valkey, against their arithmetic; and what happens without one."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
import redis
import structlog

from apps.core.http import rate_classes
from apps.core.http.rate_classes import Ask, RateClass
from apps.core.http.token_bucket import Bucket, take
from infra.local.valkey import EmbeddedValkey

START = 1_790_000_000_000_000
SECOND = 1_000_000
EVENTS, METRICS, LOGS = RateClass.EVENTS, RateClass.METRICS, RateClass.LOGS


@pytest.mark.parametrize("seed", range(20))
def test_the_script_counts_as_the_arithmetic_does(valkey, seed):
    dice = random.Random(seed)
    bucket, now = None, START
    for _ in range(50):
        capacity = dice.choice([1, 7, 60, 600, 5_000, 99_991])
        now += dice.choice([0, 1, 999, SECOND // 3, SECOND, 40 * SECOND, -SECOND])
        rate_class = dice.choice([EVENTS, METRICS])
        ask = Ask(rate_class, capacity, dice.randrange(0, 2 * capacity), dice.random() < 0.1)

        [standing] = rate_classes.take(f"seed {seed}", [ask], now=now)
        bucket, granted = take(
            bucket, capacity=capacity, asked=ask.amount, reserve=ask.reserve, now=now
        )

        assert (standing.granted, standing.level) == (granted, bucket.level)


def test_events_and_points_share_a_bucket_whose_last_tenth_is_for_events(valkey):
    asks = [Ask(EVENTS, 100, 30), Ask(METRICS, 100, 200), Ask(LOGS, 1_000, 400)]

    events, metrics, logs = rate_classes.take("w", asks, now=START)
    again = rate_classes.take("w", [Ask(METRICS, 100, 1), Ask(EVENTS, 100, 50)], now=START)

    assert [events.granted, metrics.granted, logs.granted] == [30, 60, 400]
    assert [each.granted for each in again] == [0, 10]
    assert metrics.headers() == {
        "RateLimit-Limit": "100",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "54",
        "Headway-Rate-Class": "metrics",
    }
    assert logs.remaining == 600


def test_workspaces_do_not_share(valkey):
    rate_classes.take("a", [Ask(EVENTS, 10, 10)], now=START)

    [other] = rate_classes.take("b", [Ask(EVENTS, 10, 10)], now=START)

    assert other.granted == 10


def test_a_refusal_is_to_be_told_once_a_minute_and_class_with_all_since(valkey):
    def refused(rate_class, at):
        [standing] = rate_classes.take("w", [Ask(rate_class, 10, 30)], now=START + at * SECOND)
        return standing.tell

    assert refused(EVENTS, 0) == 20
    assert refused(EVENTS, 30) == 0
    assert refused(METRICS, 30) == 30
    assert refused(EVENTS, 59) == 0
    assert refused(EVENTS, 60) == 25 + 26 + 30


def test_a_bucket_that_is_full_again_is_forgotten(valkey):
    rate_classes.take("w", [Ask(EVENTS, 10, 10)])

    with redis.Redis.from_url(valkey.url) as client:
        assert 60_000 < client.pttl("headway:rate:{w}:facts") <= 61_000


def test_the_script_is_sent_again_to_a_valkey_that_lost_it(valkey):
    rate_classes.take("w", [Ask(EVENTS, 10, 1)])
    with redis.Redis.from_url(valkey.url) as client:
        client.script_flush()

    assert rate_classes.take("w", [Ask(EVENTS, 10, 1)]) is not None


def test_nobody_is_asked_when_nothing_is_limited(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    assert rate_classes.take("w", []) is None
    assert rate_classes._may_ask()


def test_without_valkey_all_is_allowed_and_said_once_a_minute(settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"

    with structlog.testing.capture_logs() as logs:
        answers = [rate_classes.take("w", [Ask(EVENTS, 1, 5)]) for _ in range(50)]

    assert answers == [None] * 50
    assert [entry["event"] for entry in logs] == ["rate_limits.not_kept"]


def test_a_valkey_that_hangs_costs_one_caller_a_moment(tmp_path, settings):
    with EmbeddedValkey(tmp_path / "valkey", durable=False) as server:
        settings.REDIS_URL = server.url
        assert rate_classes.take("w", [Ask(EVENTS, 10, 1)]) is not None
        pid = server._process.pid
        children = _children(pid)
        for each in children:
            os.kill(each, signal.SIGSTOP)
        try:
            began = time.monotonic()
            answers = [rate_classes.take("w", [Ask(EVENTS, 10, 1)]) for _ in range(100)]
            seconds = time.monotonic() - began
        finally:
            for each in children:
                os.kill(each, signal.SIGCONT)
        assert answers == [None] * 100
        assert 0.04 < seconds < 2.5  # were each of them kept waiting: 5
        rate_classes.forget_all()
        assert rate_classes.take("w", [Ask(EVENTS, 10, 1)]) is not None


def _children(pid: int) -> list[int]:
    """Return the process and all below it."""
    found = [pid]
    for each in found:
        with open(f"/proc/{each}/task/{each}/children") as file:
            found += map(int, file.read().split())
    return found


def test_a_bucket_of_one_lets_points_in(valkey):
    [standing] = rate_classes.take("w", [Ask(METRICS, 1, 3)], now=START)

    assert standing.granted == 1
    assert standing.wait_seconds(2) == 60


def test_what_is_owed_is_taken_whole(valkey):
    [owing] = rate_classes.take("w", [Ask(LOGS, 100, 350, True)], now=START)
    [later] = rate_classes.take("w", [Ask(LOGS, 100, 1)], now=START + 150 * SECOND)

    assert (owing.granted, owing.level) == (350, -250)
    assert later.granted == 0
    assert later.level == pytest.approx(0, abs=1e-9)
    assert Bucket(owing.level, START).level < 0


def test_those_who_send_little_of_a_full_bucket_ask_seldom_and_pay_all(valkey):
    def asked():
        with redis.Redis.from_url(valkey.url) as client:
            return client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0)

    before = asked()
    levels = [rate_classes.take("w", [Ask(EVENTS, 60_000, 10)])[0].remaining for _ in range(500)]

    assert asked() - before < 25
    assert sorted(levels, reverse=True)[:3] == levels[:3]
    [standing] = rate_classes.take("w", [Ask(EVENTS, 60_000, 5_000)])  # more than a tab holds
    assert 50_000 <= standing.level < 55_000  # 5,000 and 5,000, but for what filled in


def test_near_the_limit_each_is_asked_for(valkey):
    granted = [rate_classes.take("w", [Ask(EVENTS, 6_000, 10)])[0].granted for _ in range(700)]

    assert 6_000 <= sum(granted) < 6_400  # what filled in meanwhile
    assert granted[:600] == [10] * 600
