"""Pure: names for addresses."""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

MAX_LENGTH = 48


def slugify(name: str) -> str:
    """Return lower-case ASCII words joined by hyphens, at most 48 characters, never empty."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:MAX_LENGTH].strip("-")
    return slug or "workspace"


def as_uuid(text: str) -> UUID | None:
    """Return the id that the text is, or None when it is a slug."""
    try:
        return UUID(text)
    except ValueError:
        return None
