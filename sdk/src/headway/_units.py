"""What runs and task runs have in common."""

from __future__ import annotations

import threading
import time

from headway._engine import is_cancellation
from headway._errors import TaskCancelled


def wait_interruptibly(seconds: float) -> None:
    """Sleep in slices, so that an asynchronous exception off the main thread gets through."""
    if threading.current_thread() is threading.main_thread():
        time.sleep(seconds)
        return
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        time.sleep(min(remaining, 0.2))


def has_story(error: BaseException) -> bool:
    """Return whether the error says more than that somebody stopped the code."""
    if isinstance(error, TaskCancelled) or is_cancellation(error):
        return False
    return not (isinstance(error, SystemExit) and error.code in (None, 0))


def brief(error: BaseException | None) -> str:
    """Return an error in one line."""
    text = text_of(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__


def text_of(value: object) -> str:
    """Return `str(value)`, whatever the user's class makes of it."""
    try:
        return str(value)
    except Exception as problem:  # noqa: BLE001  theirs; ours is to go on
        return f"<{type(value).__name__}, whose text failed: {type(problem).__name__}>"
