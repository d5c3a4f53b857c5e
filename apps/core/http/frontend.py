"""Serve the built UI's index for every address that is a page of the UI."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse

_NOT_BUILT = (
    "<!doctype html><title>Headway</title><p>The user interface is not built. "
    "Run <code>make frontend</code> and reload."
)


@lru_cache(maxsize=1)
def _index(path: Path, modified_ns: int) -> bytes:  # noqa: ARG001 - the time is part of the key
    return path.read_bytes()


def asset(request: HttpRequest, name: str) -> FileResponse:  # noqa: ARG001
    """
    Answer a built file that WhiteNoise does not know: the UI was built anew since the start.

    One that is gone is a 404 and not the index, so that the page that wants it learns to reload.
    """
    path = Path(settings.FRONTEND_DIST) / "assets" / name
    if "/" in name or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), headers={"Cache-Control": "max-age=60, public"})


def index(request: HttpRequest) -> HttpResponse:
    """Answer index.html; files with a hash in their name are WhiteNoise's."""
    path = Path(settings.FRONTEND_DIST) / "index.html"
    if not path.is_file():
        return HttpResponse(_NOT_BUILT, status=503)
    response = HttpResponse(_index(path, path.stat().st_mtime_ns))
    if request.path.startswith("/shared/"):  # whoever finds such a link was not given it
        response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-cache"
    response["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        f"font-src 'self' data:; connect-src 'self' {settings.LIVE_URL}; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    )
    return response
