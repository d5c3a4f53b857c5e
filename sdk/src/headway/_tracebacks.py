"""Exceptions as people want to read them: without the frames that are ours."""

from __future__ import annotations

import os
from types import TracebackType

from headway._records import MAX_ERROR_TYPE, ErrorInfo
from headway._units import text_of

OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
IMPORTING = "<frozen importlib."  # Python's own frames between us and a module that we import
MAX_CHARACTERS = 32_000


def describe_error(error: BaseException) -> ErrorInfo:
    """Return an exception as it travels; of a very long traceback, the beginning and the end."""
    import traceback

    kind = type(error)
    is_plain = kind.__module__ in ("builtins", "__main__")
    name = kind.__qualname__ if is_plain else f"{kind.__module__}.{kind.__qualname__}"
    lines = traceback.format_exception(kind, error, users_part(error.__traceback__))
    return {
        "type": name[-MAX_ERROR_TYPE:],
        "message": shorten(text_of(error), 4_000),
        "traceback": shorten("".join(lines), MAX_CHARACTERS),
    }


def users_part(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is not ours."""
    part = trace
    while part is not None and part.tb_frame.f_code.co_filename.startswith((OWN_FOLDER, IMPORTING)):
        part = part.tb_next
    return part if part is not None else trace


def shorten(text: str, limit: int) -> str:
    """
    Return `text` with its middle taken out when it is longer than `limit`.

    >>> shorten("abcdefghij" * 10, 30)
    'abcdefghijabcde … 70 characters … fghijabcdefghij'
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters … {text[-half:]}"
