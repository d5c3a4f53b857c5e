"""When a failed attempt is tried again, and after how long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MAX_DOUBLINGS = 64  # a larger exponent only overflows the float before the ceiling applies


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often to try again (`retries` after the first attempt), and how long to wait before."""

    retries: int = 0
    delay_seconds: float = 0.0
    backoff: float = 2.0  # factor from one wait to the next; 1 keeps them equal
    max_delay_seconds: float = 3600.0
    jitter: float = 0.0  # 0.2: each wait is lengthened or shortened by up to a fifth
    retry_on: tuple[type[BaseException], ...] = (Exception,)

    def delay_after(self, attempt: int, error: BaseException, *, chance: float) -> float | None:
        """
        Return the seconds to wait after failed attempt number `attempt` (1-based); None: give up.

        `chance` is a random number in [0, 1); it places the wait within the jitter.

        >>> policy = RetryPolicy(retries=3, delay_seconds=10, max_delay_seconds=30)
        >>> [policy.delay_after(n, ValueError(), chance=0.5) for n in (1, 2, 3, 4)]
        [10.0, 20.0, 30.0, None]
        """
        if attempt > self.retries or not isinstance(error, self.retry_on):
            return None
        exponent = min(attempt - 1, MAX_DOUBLINGS)
        delay = min(self.delay_seconds * self.backoff**exponent, self.max_delay_seconds)
        return float(delay * (1 + self.jitter * (2 * chance - 1)))
