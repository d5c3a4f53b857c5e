"""The log of changes: of an account, of a workspace's own part, and out of here."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.clock import is_sensible, utc_now
from apps.core.errors import InvalidRequest
from apps.core.http.json import JSONRenderer
from apps.core.http.pagination import read_limit
from apps.tenancy import audit, selectors, services
from apps.tenancy.api import audit_serializers as wire
from apps.tenancy.audit.wire import as_csv, as_ndjson, body_of
from apps.tenancy.http import AccountRequest, AccountView, WorkspaceRequest, WorkspaceView
from apps.tenancy.isolation import account_scope
from apps.tenancy.scopes import AccountScope, Scope
from apps.tenancy.selectors import AuditFilter
from apps.tenancy.slugs import as_uuid

KINDS = {"csv": ("text/csv; charset=utf-8", as_csv), "ndjson": ("application/x-ndjson", as_ndjson)}


def _read(form: wire.AuditNarrowing) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    asked = form.validated_data
    for name in ("from", "to"):
        if name in asked and not is_sensible(asked[name]):
            raise InvalidRequest("Not a usable moment.", fields={name: ["Out of range."]})
    return dict(asked)


def _filter(asked: dict[str, Any], workspace_id: Any) -> AuditFilter:
    return AuditFilter(
        since=asked.get("from"),
        until=asked.get("to"),
        actor_id=asked.get("actor"),
        action=asked.get("action", ""),
        object_kind=asked.get("object_kind", ""),
        object_id=asked.get("object_id", ""),
        workspace_id=workspace_id,
        text=asked.get("q", ""),
    )


def _filter_of_account(request: AccountRequest, asked: dict[str, Any]) -> AuditFilter:
    workspace_id = None
    if named := asked.get("workspace"):
        # Also of workspaces that are gone, by their id.
        workspace_id = as_uuid(named) or selectors.find_workspace_id(
            account_id=request.account.id, slug=named
        )
        if workspace_id is None:
            raise InvalidRequest(
                "There is no such workspace.", fields={"workspace": ["Not of this account."]}
            )
    return _filter(asked, workspace_id)


def _page(request: Request, account_id: Any, wanted: AuditFilter) -> Response:
    page = selectors.list_audit_entries(
        account_id=account_id,
        wanted=wanted,
        cursor=request.query_params.get("cursor"),
        limit=read_limit(request),
    )
    items = [body_of(entry, page.places) for entry in page.entries]
    return Response({"items": items, "next_cursor": page.next_cursor})


class AccountAudit(AccountView):
    scopes = {"GET": AccountScope.AUDIT_READ}

    @extend_schema(
        operation_id="list_account_audit",
        parameters=[wire.AuditQuery],
        responses=wire.AuditPageOutput,
    )
    def get(self, request: AccountRequest) -> Response:
        asked = _read(wire.AuditQuery(data=request.query_params.dict()))
        return _page(request, request.account.id, _filter_of_account(request, asked))


class WorkspaceAudit(WorkspaceView):
    scopes = {"GET": Scope.AUDIT_READ}

    @extend_schema(
        operation_id="list_workspace_audit",
        parameters=[wire.AuditQuery],
        responses=wire.AuditPageOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        asked = _read(wire.AuditQuery(data=request.query_params.dict()))
        own = request.workspace
        if asked.get("workspace", own.slug) not in {own.slug, str(own.id)}:
            raise InvalidRequest(
                "This is the log of one workspace.", fields={"workspace": ["Not this one."]}
            )
        return _page(request, own.account_id, _filter(asked, own.id))


class AccountAuditExport(AccountView):
    """The whole log, or what of it is asked for, as it is read: nothing is kept in memory."""

    scopes = {"GET": AccountScope.AUDIT_READ}
    in_transaction = False  # the answer goes on after the handler has returned

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: ARG002
        # DRF would take `format` for a wish about how errors are rendered.
        return JSONRenderer(), JSONRenderer.media_type

    @extend_schema(
        operation_id="export_account_audit",
        parameters=[wire.AuditExportQuery],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR),
        },
    )
    def get(self, request: AccountRequest) -> StreamingHttpResponse:
        asked = _read(wire.AuditExportQuery(data=request.query_params.dict()))
        account, now = request.account, utc_now()
        with account_scope(account.id):
            wanted = _filter_of_account(request, asked)
            audit.record(
                action="audit.exported",
                target=audit.Object(kind="account", id=account.id, name=account.name),
                after={name: str(value) for name, value in asked.items()},
                account_id=account.id,
                now=now,
            )
        media_type, written = KINDS[asked["format"]]
        pages = selectors.export_audit_entries(account_id=account.id, wanted=wanted)
        response = StreamingHttpResponse(written(pages), content_type=media_type)
        name = f"audit-{now:%Y-%m-%d}.{asked['format']}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class AccountAuditStream(AccountView):
    scopes = {
        "GET": AccountScope.AUDIT_READ,
        "PUT": AccountScope.SECURITY_MANAGE,
        "DELETE": AccountScope.SECURITY_MANAGE,
    }

    @extend_schema(operation_id="get_account_audit_stream", responses=wire.AuditStreamOutput)
    def get(self, request: AccountRequest) -> Response:
        found = selectors.get_audit_stream(account_id=request.account.id, now=utc_now())
        return Response(wire.AuditStreamOutput(found).data)

    @extend_schema(
        operation_id="set_account_audit_stream",
        request=wire.AuditStreamInput,
        responses=wire.AuditStreamOutput,
    )
    def put(self, request: AccountRequest) -> Response:
        form = wire.AuditStreamInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.set_audit_stream(
            account_id=request.account.id,
            url=form.validated_data["url"],
            secret=form.validated_data.get("secret"),
            now=utc_now(),
        )
        return self.get(request)

    @extend_schema(operation_id="remove_account_audit_stream", responses={204: None})
    def delete(self, request: AccountRequest) -> Response:
        services.drop_audit_stream(account_id=request.account.id)
        return Response(status=204)
