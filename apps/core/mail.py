"""One look for every mail that Headway sends: the text, and the same text as HTML."""

from __future__ import annotations

from html import escape
from typing import Final

from django.utils.html import urlize

# Mail programs drop style sheets and scripts, so the little style there is stands at each element.
_PAGE: Final = """<!doctype html>
<html><body style="font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 40em">
<p style="font-weight: 600">{heading}</p>
<div style="white-space: pre-wrap">{text}</div>
<p style="color: #666; font-size: 13px">{footer}</p>
</body></html>
"""


def signed(text: str, *, footer: str) -> str:
    """Return the text part: the text, and below a line that mail programs cut off, who sent it."""
    return f"{text}\n\n-- \n{footer}\n"


def as_html(*, heading: str, text: str, footer: str) -> str:
    """Return the HTML part. Nothing in it is markup of others; addresses in the text are links."""
    return _PAGE.format(
        heading=escape(heading),
        text=urlize(text, nofollow=True, autoescape=True),
        footer=escape(footer),
    )
