"""Upload code, and ask whether it is there."""

from __future__ import annotations

import re
import tempfile
from typing import IO, ClassVar

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.compute import services
from apps.compute.archive import MAX_SENT_BYTES
from apps.core.clock import utc_now
from apps.core.errors import BatchTooLarge, UnsupportedMedia
from apps.flows.errors import BundleNotFound
from apps.flows.wire import BundleOutput, bundle_body
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

_SHA256 = re.compile(r"[0-9a-f]{64}")
_IN_MEMORY = 1024 * 1024  # larger ones are put aside in a file without a name
_CHUNK = 256 * 1024


class BundleDetail(WorkspaceView):
    """A zip of code, called by the SHA-256 of its bytes."""

    scopes: ClassVar = {"GET": Scope.DEPLOYMENTS_READ, "PUT": Scope.DEPLOYMENTS_WRITE}
    parser_classes = ()  # the body is read as it comes
    in_transaction: ClassVar = False  # neither while the body comes nor while it is looked through

    @extend_schema(operation_id="get_bundle", responses=BundleOutput)
    def get(self, request: WorkspaceRequest, sha256: str) -> Response:
        _require_hash(sha256)
        bundle = services.find_bundle(workspace_id=request.workspace.id, sha256=sha256)
        if bundle is None:
            raise BundleNotFound("No bundle of this hash is here.", sha256=sha256)
        return Response(bundle_body(bundle))

    @extend_schema(
        operation_id="put_bundle",
        request={"application/zip": OpenApiTypes.BINARY},
        responses={200: BundleOutput, 201: BundleOutput},
    )
    def put(self, request: WorkspaceRequest, sha256: str) -> Response:
        _require_hash(sha256)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            size_bytes = _receive(request._request, body)
            bundle, is_new = services.store_bundle(
                workspace_id=request.workspace.id,
                sha256=sha256,
                body=body,
                size_bytes=size_bytes,
                now=utc_now(),
            )
        return Response(bundle_body(bundle), status=201 if is_new else 200)


def _require_hash(sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise BundleNotFound("Bundles are called by 64 lower-case hex digits.")


def _receive(request: HttpRequest, body: IO[bytes]) -> int:
    if request.content_type != "application/zip":
        raise UnsupportedMedia("The Content-Type must be application/zip.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("A zip is packed already: send it without Content-Encoding.")
    # Known before the body is read, so that nobody fills our disk by announcing less.
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_SENT_BYTES:
        raise _too_large()
    size_bytes = 0
    while chunk := request.read(_CHUNK):
        size_bytes += len(chunk)
        if size_bytes > MAX_SENT_BYTES:
            raise _too_large()
        body.write(chunk)
    return size_bytes


def _too_large() -> BatchTooLarge:
    most = MAX_SENT_BYTES // 1024 // 1024
    return BatchTooLarge(f"A bundle is at most {most} MB: leave data out of it.")
