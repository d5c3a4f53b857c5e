"""What a refused item looked like, fit to be shown: short, and without what looks secret. Pure."""

from __future__ import annotations

import re
from typing import Final

BYTES: Final = 2_048  # of one sample
KEPT: Final = 5  # of one door, code and day
_READ: Final = 4_096  # redacted before it is cut, so that no secret loses its name

_TELLING = r"(?:pass(?:word|wd|phrase)|secret|token|authorization|api[_.-]?key|cookie|credential)"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]+")
_SECRETS: Final = (
    # A key and its value as OTLP's JSON has them.
    (
        re.compile(
            rf'("key"\s*:\s*"[^"]*{_TELLING}[^"]*"\s*,\s*"value"\s*:\s*)\{{[^}}]*\}}?',
            re.IGNORECASE,
        ),
        r'\1"[redacted]"',
    ),
    # JSON, forms, protobuf's texts (what is no text there is a dot).
    (
        re.compile(
            rf'({_TELLING}[\w.-]{{0,40}}["\']?\s{{0,3}}[:=·\s]{{1,6}})'
            rf'(?:"(?:[^"\\]|\\.)*"?|[^\s,;&·}}\]]+)',
            re.IGNORECASE,
        ),
        r"\1[redacted]",
    ),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE), r"\1 [redacted]"),
    (re.compile(r"(://)[^/\s:@\"]*:[^/\s@\"]+@"), r"\1[redacted]@"),
    (
        re.compile(
            r"\b(hw[a-z]?_|xox[a-z]-|gh[a-z]_|github_pat_|glpat-|[sr]k_(?:live|test)_|whsec_"
            r"|AKIA|ASIA|AIza)[\w.~+/=-]{8,}"
        ),
        r"\1[redacted]",
    ),
    # Keys of models' services, and tokens with claims in them.
    (re.compile(r"\b(sk-)[\w-]{20,}"), r"\1[redacted]"),
    (re.compile(r"\b(eyJ)[\w-]{8,}\.[\w-]+\.?[\w-]*"), r"\1[redacted]"),
)


def sample_of(data: bytes) -> str:
    """Return the beginning of the bytes as text; what is no text is a dot."""
    text = _CONTROLS.sub("·", data[:_READ].decode(errors="replace"))
    text = redacted(text)
    short = text.encode()[:BYTES].decode(errors="ignore")
    return short if len(data) <= _READ and short == text else f"{short}…"


def redacted(text: str) -> str:
    """Return the text with values of secret-looking names, and keys and tokens, hidden."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
