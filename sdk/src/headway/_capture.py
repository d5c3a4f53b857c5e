"""Logging and prints of user code, recorded with the run and task run they came from."""

from __future__ import annotations

import logging
import sys
import threading
from typing import IO, TYPE_CHECKING, Any

from headway._clock import now_ns
from headway._context import Scope, find_scope
from headway._ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORDED_MARK = "\x1e"  # begins an output line that an agent need not record again
MAX_MESSAGE = 60_000  # characters; the server cuts at 64 KiB
_LEVELS = ((50, "CRITICAL"), (40, "ERROR"), (30, "WARNING"), (20, "INFO"))

root_logger = logging.getLogger("headway.run")
engine_logger = logging.getLogger("headway.engine")


def level_name(number: int) -> str:
    """
    Return the wire's name for a logging level, standard or not.

    >>> level_name(logging.INFO), level_name(35), level_name(5)
    ('INFO', 'WARNING', 'DEBUG')
    """
    for threshold, name in _LEVELS:
        if number >= threshold:
            return name
    return "DEBUG"


def record_line(scope: Scope, *, level: str, logger: str, message: str, at_ns: int) -> None:
    """Hand one line to the recorder of its run."""
    from headway._records import LogLine

    if len(message) > MAX_MESSAGE:
        message = f"{message[:MAX_MESSAGE]} … cut, {len(message)} characters"
    scope.run.recorder.log(
        LogLine(
            id=uuid7(),
            occurred_ns=at_ns,
            level=level,
            message=message,
            logger=logger,
            run_id=scope.run.id,
            task_run_id=scope.task_run.id if scope.task_run else None,
        )
    )


class RecordingHandler(logging.Handler):
    """Sends log records to the run they were made in."""

    def emit(self, record: logging.LogRecord) -> None:
        """Record a line, unless it comes from outside of any run or from our own transport."""
        if record.name.startswith(("headway.recorder", "httpx2", "httpcore2")):
            return
        scope = find_scope()
        if scope is None or not scope.run.recorder.enabled:
            return
        try:
            message = self.format(record)
        except Exception:  # noqa: BLE001  a bad format string is the caller's; logging reports it
            self.handleError(record)
            return
        record_line(
            scope,
            level=level_name(record.levelno),
            logger=record.name,
            message=message,
            at_ns=int(record.created * 1_000_000_000),
        )


class ConsoleHandler(logging.StreamHandler[Any]):
    """Shows our loggers' lines on stderr when the program has not set up logging itself."""

    def __init__(self) -> None:
        super().__init__()
        self.marks_lines = False
        self.setFormatter(
            logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%H:%M:%S")
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write to whatever stderr is now; pytest and others exchange it."""
        if any(not isinstance(h, RecordingHandler) for h in logging.root.handlers):
            return
        self.stream = sys.stderr
        super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        """Mark lines that are recorded already, when an agent reads along."""
        text = super().format(record)
        if self.marks_lines:
            return "\n".join(RECORDED_MARK + line for line in text.splitlines())
        return text


class PrintCapture:
    """Stands in for sys.stdout: passes everything through and records whole lines."""

    def __init__(self, original: IO[str]) -> None:
        self.original = original
        self._partial = threading.local()
        self.marks_lines = False

    def write(self, text: str) -> int:
        """Pass the text on; record the lines that are complete with it."""
        scope = find_scope()
        if scope is None or not scope.run.recorder.enabled:
            self.original.write(text)
            return len(text)
        held: str = getattr(self._partial, "text", "")
        if "\n" not in text:
            self._partial.text = held + text
            if not self.marks_lines:
                self.original.write(text)
            return len(text)
        *lines, rest = (held + text).split("\n")
        self._partial.text = rest
        if self.marks_lines:
            self.original.write("".join(f"{RECORDED_MARK}{line}\n" for line in lines))
        else:
            self.original.write(text)
        now = now_ns()
        for line in lines:
            if line:
                record_line(scope, level="INFO", logger="print", message=line, at_ns=now)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several strings."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush what is beneath."""
        self.original.flush()

    def end_line(self) -> None:
        """Finish a line that was left without an end on this thread."""
        if getattr(self._partial, "text", ""):
            self.write("\n")

    def __getattr__(self, name: str) -> Any:
        """Leave the rest (fileno, isatty, buffer …) to the original."""
        return getattr(self.original, name)


_lock = threading.Lock()
_users = 0
_print_users = 0
_handler = RecordingHandler(level=logging.DEBUG)
_console = ConsoleHandler()
_prints: PrintCapture | None = None


def prepare_loggers() -> None:
    """Give our own loggers a level and a way to the console; idempotent."""
    for logger in (root_logger, engine_logger):
        if _console not in logger.handlers:
            logger.addHandler(_console)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)


def start(*, prints: bool) -> None:
    """Begin capturing, for one more root run."""
    global _users, _print_users, _prints
    with _lock:
        prepare_loggers()
        _users += 1
        if _users == 1:
            logging.root.addHandler(_handler)
        if not prints:
            return
        _print_users += 1
        if _print_users == 1:
            _prints = PrintCapture(sys.stdout)
            _prints.marks_lines = _console.marks_lines
            sys.stdout = _prints


def stop(*, prints: bool) -> None:
    """End capturing for one root run; the last one takes everything away."""
    global _users, _print_users, _prints
    with _lock:
        _users -= 1
        if _users == 0:
            logging.root.removeHandler(_handler)
        if not prints:
            return
        _print_users -= 1
        if _print_users == 0 and _prints is not None:
            if sys.stdout is _prints:
                sys.stdout = _prints.original
            _prints = None


def finish_line() -> None:
    """Record a printed line that the run left without an end."""
    if _prints is not None:
        _prints.end_line()


class MarkingStream:
    """Stands in for a stream that an agent reads: marks the lines of records recorded anyway."""

    def __init__(self, original: IO[str]) -> None:
        self._original = original

    def write(self, text: str) -> int:
        """Pass the text on, marked while a recorded log record is being written."""
        if getattr(_writing, "recorded", False):
            lines = text.splitlines(keepends=True)
            self._original.write("".join(RECORDED_MARK + line for line in lines))
        else:
            self._original.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Leave the rest to the original."""
        return getattr(self._original, name)


_writing = threading.local()


def mark_recorded_lines() -> None:
    """
    Mark output that is recorded here, for the agent that reads it.

    The user's own handlers write records that we record too, and the agent must not record their
    lines a second time; so StreamHandler says, for this process, what it is writing.
    """
    _console.marks_lines = True
    sys.stderr = MarkingStream(sys.stderr)
    emit = logging.StreamHandler.emit

    def emit_marked(handler: logging.StreamHandler[Any], record: logging.LogRecord) -> None:
        if isinstance(handler, ConsoleHandler):
            emit(handler, record)
            return
        _writing.recorded = _will_be_recorded(record)
        try:
            emit(handler, record)
        finally:
            _writing.recorded = False

    logging.StreamHandler.emit = emit_marked  # type: ignore[method-assign, assignment]  # see above


def _will_be_recorded(record: logging.LogRecord) -> bool:
    if _handler not in logging.root.handlers or find_scope() is None:
        return False
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None and logger.parent is not None:
        if not logger.propagate:
            return False
        logger = logger.parent
    return True
