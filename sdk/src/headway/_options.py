"""What `@task` and `@flow` accept, declared once, and checked when it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict, get_type_hints

from headway._retry import RetryPolicy

Seconds = timedelta | float
MAX_NAME = 200  # as on the server


class CallOptions(TypedDict, total=False):
    """What tasks and flows share."""

    name: str
    description: str
    retries: int  # after the first attempt
    retry_delay: Seconds  # before the first retry
    retry_backoff: float  # factor from one wait to the next; 2 by default
    retry_max_delay: Seconds
    retry_jitter: float  # 0 to 1: share by which each wait varies at random
    retry_on: type[BaseException] | tuple[type[BaseException], ...]
    timeout: Seconds  # for each attempt


class TaskOptions(CallOptions, total=False):
    """Everything `@task` and `Task.with_options()` accept."""


class FlowOptions(CallOptions, total=False):
    """Everything `@flow` and `Flow.with_options()` accept."""

    run_name: str  # may name parameters: "load {table}"
    tags: Sequence[str]
    max_workers: int  # threads for submitted tasks
    log_prints: bool  # record what the flow prints; on by default


def seconds_of(value: Seconds) -> float:
    """
    Return a duration in seconds.

    >>> seconds_of(timedelta(minutes=2)), seconds_of(3)
    (120.0, 3.0)
    """
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def check_options(given: Mapping[str, Any], accepted: type[Any], *, decorator: str) -> None:
    """Raise TypeError or ValueError for an option that is unknown or makes no sense."""
    known = get_type_hints(accepted)
    for name, value in given.items():
        if name not in known:
            import difflib

            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"@{decorator} has no option {name!r}.{hint}")
        check = _CHECKS.get(name)
        if check is not None and not check(value):
            raise ValueError(f"@{decorator}({name}={value!r}): {_EXPECTED[name]}.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_positive_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_duration(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, timedelta | int | float):
        return False
    return seconds_of(value) >= 0


def _is_positive_duration(value: object) -> bool:
    return _is_duration(value) and seconds_of(value) > 0  # type: ignore[arg-type]


def _are_error_types(value: object) -> bool:
    kinds = value if isinstance(value, tuple) else (value,)
    return bool(kinds) and all(isinstance(k, type) and issubclass(k, BaseException) for k in kinds)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= MAX_NAME


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "name": _is_name,
    "run_name": _is_text,
    "retries": _is_count,
    "retry_delay": _is_duration,
    "retry_max_delay": _is_duration,
    "retry_backoff": lambda value: isinstance(value, int | float) and value >= 1,
    "retry_jitter": lambda value: isinstance(value, int | float) and 0 <= value <= 1,
    "retry_on": _are_error_types,
    "timeout": _is_positive_duration,
    "max_workers": _is_positive_count,
    "tags": lambda value: not isinstance(value, str) and all(isinstance(t, str) for t in value),
    "log_prints": lambda value: isinstance(value, bool),
}

_EXPECTED = {
    "name": f"expected a text of 1 to {MAX_NAME} characters",
    "run_name": "expected some text",
    "retries": "expected a whole number, 0 or more",
    "retry_delay": "expected a timedelta or seconds, 0 or more",
    "retry_max_delay": "expected a timedelta or seconds, 0 or more",
    "retry_backoff": "expected a factor, 1 or more",
    "retry_jitter": "expected a share from 0 to 1",
    "retry_on": "expected an exception class or a tuple of them",
    "timeout": "expected a timedelta or seconds, more than 0",
    "max_workers": "expected a whole number, 1 or more",
    "tags": "expected a list of texts",
    "log_prints": "expected True or False",
}


def retry_policy(options: CallOptions) -> RetryPolicy:
    """Return the retry options as the engine wants them."""
    retry_on = options.get("retry_on", Exception)
    return RetryPolicy(
        retries=options.get("retries", 0),
        delay_seconds=seconds_of(options.get("retry_delay", 0.0)),
        backoff=options.get("retry_backoff", 2.0),
        max_delay_seconds=seconds_of(options.get("retry_max_delay", 3600.0)),
        jitter=options.get("retry_jitter", 0.0),
        retry_on=retry_on if isinstance(retry_on, tuple) else (retry_on,),
    )


def timeout_seconds(options: CallOptions) -> float | None:
    """Return the time limit of one attempt."""
    limit = options.get("timeout")
    return None if limit is None else seconds_of(limit)
