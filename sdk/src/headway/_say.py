"""A word to the person at the terminal."""

from __future__ import annotations

import sys


def say(message: str) -> None:
    """Tell the person at the terminal; recording must never raise into their code."""
    try:
        sys.stderr.write(f"headway: {message}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # stderr is closed: there is nobody to tell
