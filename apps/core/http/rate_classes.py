"""
How much a minute each class of requests may bring or ask for; the buckets stand in Valkey.

What says how runs go is never counted, so that no limit hurts a run. Valkey away or slow: all is
allowed. It would be worse to lose what happened than to take in too much of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1
from typing import Any, Final, NamedTuple
from uuid import UUID

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.core.errors import RateLimited
from apps.core.http.token_bucket import seconds_until

logger = structlog.get_logger(__name__)

SLOW_SECONDS: Final = 0.05
ASK_AGAIN_SECONDS: Final = 1.0  # after a failure one request a second tries; the others are let by
TOLD_SECONDS: Final = 60.0
TAB_SECONDS: Final = 0.25  # how long an answer of Valkey's is good for
TAB_SHARE: Final = 50  # of a bucket, one of so many parts
MOST_TABS: Final = 10_000
LONGEST_WAIT: Final = 60  # seconds; a bucket holds a minute's worth
OWED: Final = -(10**15)  # as a reserve: take all of it, whatever the level


Subject = UUID | str  # whose buckets


class RateClass(StrEnum):
    """From the one that is never limited to the one that gives way first. The texts are API."""

    STATE = "state"  # runs, task runs, heartbeats
    EVENTS = "events"
    METRICS = "metrics"
    LOGS = "logs"
    QUERIES = "queries"


# Plans count events and points together, so they share one bucket. The last tenth of it is for
# events: points that come all the time leave it there, and lose nothing of what fills in.
_BUCKET_OF: Final = {
    RateClass.EVENTS: "facts",
    RateClass.METRICS: "facts",
    RateClass.LOGS: "logs",
    RateClass.QUERIES: "queries",
}


class Ask(NamedTuple):
    """How much of a class is asked for, against how much a minute is allowed."""

    rate_class: RateClass
    limit: int
    amount: int
    owed: bool = False  # taken already: granted whole

    @property
    def reserve(self) -> int:
        if self.owed:
            return OWED
        return self.limit // 10 if self.rate_class is RateClass.METRICS else 0


class Standing(NamedTuple):
    """How a class stands after something was asked of it."""

    rate_class: RateClass
    limit: int
    granted: int
    level: float
    tell: int  # how much was refused since it was last told; 0: nothing to tell, or told just now
    reserve: int = 0

    @property
    def remaining(self) -> int:
        return max(0, int(self.level) - self.reserve)

    @property
    def reset_seconds(self) -> int:
        """Return when all of a minute's worth can be had again."""
        return seconds_until(self.level, capacity=self.limit, wanted=self.limit)

    def wait_seconds(self, wanted: int) -> int:
        """Return when it makes sense to come back for `wanted` units, from 1 to 60 seconds."""
        wait = seconds_until(self.level, capacity=self.limit, wanted=wanted, reserve=self.reserve)
        return min(max(wait, 1), LONGEST_WAIT)

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
            "Headway-Rate-Class": self.rate_class.value,
        }

    def refusal(self, message: str, *, wait_seconds: int) -> RateLimited:
        """Return the 429 of a request of which nothing was taken."""
        return RateLimited(
            message,
            rate_class=self.rate_class.value,
            limit=self.limit,
            retry_after_seconds=wait_seconds,
        )


# One call for all that a request asks for, in the order of the classes. Valkey's own clock, so that
# web processes on several hosts agree. A bucket that nobody uses fills, and is forgotten when full.
_SCRIPT: Final = """
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local answer = {}
for i, key in ipairs(KEYS) do
  local class = ARGV[4 * i - 2]
  local capacity = tonumber(ARGV[4 * i - 1])
  local asked = tonumber(ARGV[4 * i])
  local reserve = tonumber(ARGV[4 * i + 1])
  local told_field, refused_field = 'told:' .. class, 'refused:' .. class
  local kept = redis.call('HMGET', key, 'level', 'at', told_field, refused_field)
  local level, at = tonumber(kept[1] or ''), tonumber(kept[2] or '')
  if level then
    level = math.min(capacity, level + math.max(0, now - at) * capacity / 60000000)
    at = math.max(now, at)
  else
    level, at = capacity, now
  end
  local granted = math.min(asked, math.max(0, math.floor(level - reserve)))
  level = level - granted
  local tell = 0
  redis.call('HSET', key, 'level', string.format('%.17g', level), 'at', string.format('%.0f', at))
  if granted < asked then
    local refused = (tonumber(kept[4] or '') or 0) + asked - granted
    local told = tonumber(kept[3] or '')
    if told == nil or now - told >= 60000000 then
      tell, refused = refused, 0
      redis.call('HSET', key, told_field, string.format('%.0f', now))
    end
    redis.call('HSET', key, refused_field, string.format('%.0f', refused))
  end
  local filling = (capacity - level) * 60000 / capacity
  redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(math.max(filling, 60000)) + 1000))
  answer[#answer + 1] = string.format('%.0f', granted)
  answer[#answer + 1] = string.format('%.17g', level)
  answer[#answer + 1] = string.format('%.0f', tell)
end
return answer
"""
_SHA: Final = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=SLOW_SECONDS,
        socket_connect_timeout=SLOW_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


_lock = threading.Lock()
_ask_again_at = 0.0  # monotonic; 0 while Valkey answers
_told_at = -TOLD_SECONDS


@dataclass(slots=True)
class _Tab:
    """What this process lets pass without asking: little, out of a bucket just seen half full."""

    limit: int
    level: float  # as Valkey said
    at: float  # when it did, monotonic seconds
    unpaid: int = 0  # passed since; paid with the next question

    def level_at(self, now: float) -> float:
        filled = self.level + (now - self.at) * self.limit / 60
        return min(float(self.limit), filled) - self.unpaid

    def covers(self, limit: int, amount: int, now: float) -> bool:
        return (
            limit == self.limit
            and now - self.at <= TAB_SECONDS
            and self.unpaid + amount <= limit // TAB_SHARE
            and self.level_at(now) - amount >= limit / 2
        )

    def settle(self, now: float) -> int:
        """Return what is to be paid; what passed a minute ago has been filled in long since."""
        unpaid, self.unpaid = self.unpaid, 0
        return unpaid if now - self.at <= TOLD_SECONDS else 0


_tabs: dict[tuple[Subject, str], _Tab] = {}
_tabs_lock = threading.Lock()


def take(subject: Subject, asks: Sequence[Ask], *, now: int = 0) -> list[Standing] | None:
    """
    Take what is asked for, as far as it is there, in one round trip; None when nobody could say.

    `subject` is whose buckets they are. `now` is for tests: microseconds instead of Valkey's clock.
    PERF: while a bucket is more than half full, a fiftieth of it passes per process before Valkey
    is asked again, so that those who send much in small pieces do not pay for each of them.
    """
    if not asks:
        return None
    if not now and (standings := _put_on_tabs(subject, asks)) is not None:
        return standings
    if not _may_ask():
        return None
    unpaid = _settle_tabs(subject, asks)
    standings = _ask(subject, [*unpaid, *asks], now)
    if standings is None:
        return None
    standings = standings[len(unpaid) :]
    if not now:
        _open_tabs(subject, standings)
    return standings


def _put_on_tabs(subject: Subject, asks: Sequence[Ask]) -> list[Standing] | None:
    now = time.monotonic()
    standings = []
    with _tabs_lock:
        for number, ask in enumerate(asks):
            tab = _tabs.get((subject, _BUCKET_OF[ask.rate_class]))
            if ask.owed or tab is None or not tab.covers(ask.limit, ask.amount, now):
                for taken in asks[:number]:
                    _tabs[subject, _BUCKET_OF[taken.rate_class]].unpaid -= taken.amount
                return None
            tab.unpaid += ask.amount
            standings.append(
                Standing(ask.rate_class, ask.limit, ask.amount, tab.level_at(now), 0, ask.reserve)
            )
    return standings


def _settle_tabs(subject: Subject, asks: Sequence[Ask]) -> list[Ask]:
    unpaid = []
    now = time.monotonic()
    with _tabs_lock:
        for ask in asks:
            tab = _tabs.get((subject, _BUCKET_OF[ask.rate_class]))
            if tab is not None and (amount := tab.settle(now)):
                unpaid.append(Ask(ask.rate_class, ask.limit, amount, owed=True))
    return unpaid


def _open_tabs(subject: Subject, standings: Sequence[Standing]) -> None:
    now = time.monotonic()
    with _tabs_lock:
        if len(_tabs) > MOST_TABS:
            _tabs.clear()
        for standing in standings:
            key = subject, _BUCKET_OF[standing.rate_class]
            tab = _tabs.get(key)
            # Others may have put something on it meanwhile.
            unpaid = tab.unpaid if tab else 0
            _tabs[key] = _Tab(standing.limit, standing.level, now, unpaid)


def _ask(subject: Subject, asks: Sequence[Ask], now: int) -> list[Standing] | None:
    # The braces keep a subject's buckets in one slot of a cluster.
    keys = [f"headway:rate:{{{subject}}}:{_BUCKET_OF[ask.rate_class]}" for ask in asks]
    words: list[str | int] = [now]
    for ask in asks:
        words += [ask.rate_class.value, ask.limit, ask.amount, ask.reserve]
    try:
        answer = _run(_client(settings.REDIS_URL), keys, words)
    except (redis.RedisError, OSError) as error:
        _note_failure(error)
        return None
    if _ask_again_at:
        _note_answer()
    return [
        Standing(
            rate_class=ask.rate_class,
            limit=ask.limit,
            granted=int(answer[3 * number]),
            level=float(answer[3 * number + 1]),
            tell=int(answer[3 * number + 2]),
            reserve=max(0, ask.reserve),
        )
        for number, ask in enumerate(asks)
    ]


def _run(client: redis.Redis, keys: Sequence[str], words: Sequence[str | int]) -> Any:
    try:
        return client.evalsha(_SHA, len(keys), *keys, *words)
    except redis.exceptions.NoScriptError:  # Valkey was restarted
        return client.eval(_SCRIPT, len(keys), *keys, *words)


def _may_ask() -> bool:
    global _ask_again_at
    if not _ask_again_at:
        return True
    with _lock:
        now = time.monotonic()
        if _ask_again_at and now < _ask_again_at:
            return False
        _ask_again_at = now + ASK_AGAIN_SECONDS
        return True


def _note_failure(error: Exception) -> None:
    global _ask_again_at, _told_at
    with _lock:
        now = time.monotonic()
        _ask_again_at = now + ASK_AGAIN_SECONDS
        tell = now - _told_at >= TOLD_SECONDS
        if tell:
            _told_at = now
    if tell:
        logger.warning("rate_limits.not_kept", error=str(error) or type(error).__name__)


def _note_answer() -> None:
    global _ask_again_at
    with _lock:
        _ask_again_at = 0.0


def forget_all() -> None:
    """For tests: each starts with a Valkey that has not failed yet, and nothing known of it."""
    global _ask_again_at, _told_at
    with _lock:
        _ask_again_at, _told_at = 0.0, -TOLD_SECONDS
    with _tabs_lock:
        _tabs.clear()


def class_header(rate_class: RateClass) -> Mapping[str, str]:
    """Return the headers of an answer whose class is not limited."""
    return {"Headway-Rate-Class": rate_class.value}
