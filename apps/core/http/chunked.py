"""
Bodies that come in chunks, of which nobody says beforehand how long they are.

Senders that pack while they send write them so: OpenTelemetry's exporters for Java and JavaScript,
OpenLineage's for Java. Django reads as many bytes as Content-Length says, and of such a body none:
what came would be answered with 200 and lost.
"""

from __future__ import annotations

import tempfile
from typing import IO, Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# More than a door takes, so that it refuses what is longer in its own words. Bundles, of which one
# may be larger, say their length.
MOST_BYTES: Final = 6 * 1024 * 1024
_IN_MEMORY: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
# What any route refuses before it reads anything.
_TOO_MUCH: Final = str(2**62)


def with_lengths(application: WSGIApplication) -> WSGIApplication:
    """
    Return the application, told of each body how long it is.

    A body in chunks is read first; of one over MOST_BYTES no more than that, and it is announced
    as longer than anything that is taken.
    """

    def called(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        if not _comes_in_chunks(environ):
            return application(environ, start_response)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            size = _read(environ["wsgi.input"], body)
            body.seek(0)
            too_long = size > MOST_BYTES
            told = {"wsgi.input": body, "CONTENT_LENGTH": _TOO_MUCH if too_long else str(size)}
            # Nothing streams a request's body into its answer: by now it has been read.
            return application(environ | told, start_response)

    return called


def _comes_in_chunks(environ: WSGIEnvironment) -> bool:
    # Of two statements the one about chunks counts (RFC 9112, 6.3), and the server has gone by it.
    return bool(environ.get("wsgi.input_terminated")) and (
        "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower()
    )


def _read(source: Any, body: IO[bytes]) -> int:
    size = 0
    while size <= MOST_BYTES and (chunk := source.read(_CHUNK)):
        size += len(chunk)
        body.write(chunk)
    return size
