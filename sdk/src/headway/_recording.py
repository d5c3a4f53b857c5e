"""Which recorder this process reports to."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headway._errors import ConfigError
from headway._interrupt import watchdog
from headway._port import SilentRecorder
from headway._say import say

if TYPE_CHECKING:
    from headway._config import Config
    from headway._port import AnyRecorder
    from headway._recorder import Recorder, RecorderSettings

_lock = threading.Lock()
_recorder: AnyRecorder | None = None
_hooked = False


def get_recorder() -> AnyRecorder:
    """Return the recorder of this process, made on first use from the configuration."""
    if _recorder is not None:
        return _recorder
    with _lock:
        return _recorder or set_recorder(_make_recorder())


def set_recorder(recorder: AnyRecorder | None) -> AnyRecorder:
    """Report to `recorder` from now on; None: look at the configuration again."""
    global _recorder
    _recorder = recorder
    return recorder or SilentRecorder()


@contextmanager
def recording_to(recorder: AnyRecorder) -> Iterator[None]:
    """Report to `recorder` inside the block."""
    previous = _recorder
    set_recorder(recorder)
    try:
        yield
    finally:
        set_recorder(previous)


def open_recorder(config: Config, *, settings: RecorderSettings | None = None) -> Recorder:
    """Return a recorder for a server, with its spool, closed at the end of the process."""
    from headway._config import spool_folder
    from headway._recorder import Recorder, RecorderSettings
    from headway._spool import Spool
    from headway._transport import HttpTransport

    global _hooked
    limit = _positive_number("HEADWAY_SPOOL_LIMIT_MB", 512)
    fsync = os.environ.get("HEADWAY_SPOOL_FSYNC", "interval")
    if fsync not in ("always", "interval", "never"):
        raise ConfigError(f"HEADWAY_SPOOL_FSYNC is always, interval or never, not {fsync!r}.")
    spool = Spool(
        spool_folder(),
        api_url=config.api_url,
        api_key=config.api_key,
        limit_bytes=int(limit * 1024 * 1024),
        fsync=fsync,  # type: ignore[arg-type]  # checked above
    )
    spool.workspace = config.workspace
    if settings is None:
        settings = RecorderSettings(
            flush_seconds=_positive_number("HEADWAY_FLUSH_SECONDS", 0.5),
            exit_seconds=_positive_number("HEADWAY_EXIT_SECONDS", 10.0),
        )
    recorder = Recorder(HttpTransport(config), spool, server=config.api_url, settings=settings)
    atexit.register(recorder.close)
    if not _hooked:
        _hooked = True
        os.register_at_fork(after_in_child=_after_fork)
    return recorder


def _make_recorder() -> AnyRecorder:
    from headway._config import find_config, is_recording_off

    if is_recording_off():
        return SilentRecorder()
    try:
        config = find_config()
        return SilentRecorder() if config is None else open_recorder(config)
    except ConfigError as error:
        say(f"{error} Flows run unrecorded.")
        return SilentRecorder()


def _after_fork() -> None:
    watchdog.reset()
    from headway._recorder import Recorder

    if isinstance(_recorder, Recorder):
        _recorder.reset_after_fork()
        if "multiprocessing" in sys.modules:
            # Its children leave by os._exit, past atexit, but run finalizers; those made before
            # its own after-fork hooks are thrown away.
            from multiprocessing import util

            util.register_after_fork(_recorder, _close_with_finalizers)


def _close_with_finalizers(recorder: Recorder) -> None:
    from multiprocessing.util import Finalize

    Finalize(None, recorder.close, exitpriority=100)


def _positive_number(name: str, default: float) -> float:
    text = os.environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise ConfigError(f"{name} must be a positive number, not {text!r}.")
    return value
