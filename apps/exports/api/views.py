"""Thin: translate, call, answer. The same for an account and for one workspace."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.exports import selectors, services
from apps.exports.enums import ExportState
from apps.tenancy.http import AccountRequest, AccountView, WorkspaceRequest, WorkspaceView
from apps.tenancy.isolation import account_scope
from apps.tenancy.scopes import AccountScope, Scope

if TYPE_CHECKING:
    from apps.exports.models import ExportJob

ZIP = {(200, "application/zip"): OpenApiTypes.BINARY}
NEWEST_FIRST = ("-created_at", "-id")


class ExportOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="job.id")
    workspace_id = serializers.UUIDField(source="job.workspace_id", allow_null=True)
    state = serializers.ChoiceField(choices=ExportState.choices, source="job.state")
    progress = serializers.FloatField(help_text="from 0 to 1")
    bytes = serializers.IntegerField(source="job.size_bytes", allow_null=True)
    created_at = serializers.DateTimeField(source="job.created_at")
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)
    expires_at = serializers.DateTimeField(source="job.expires_at", allow_null=True)
    error = serializers.SerializerMethodField()

    def get_error(self, row: selectors.ExportView) -> str | None:
        return row.job.error or None


class ExportOutputPage(serializers.Serializer[Any]):
    items = ExportOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AccountExports(AccountView):
    scopes: ClassVar = {"GET": AccountScope.ACCOUNT_MANAGE, "POST": AccountScope.ACCOUNT_MANAGE}
    open_while_archived: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="list_account_exports", parameters=[PageQuery], responses=ExportOutputPage
    )
    def get(self, request: AccountRequest) -> Response:
        return _page(request, request.account.id, None)

    @extend_schema(operation_id="export_account", request=None, responses={201: ExportOutput})
    def post(self, request: AccountRequest) -> Response:
        return _begin(request, request.account.id, None)


class AccountExport(AccountView):
    scopes: ClassVar = {"GET": AccountScope.ACCOUNT_MANAGE}

    @extend_schema(operation_id="get_account_export", responses=ExportOutput)
    def get(self, request: AccountRequest, export_id: uuid.UUID) -> Response:
        return _answer(request.account.id, None, export_id)


class AccountFile(AccountView):
    scopes: ClassVar = {"GET": AccountScope.ACCOUNT_MANAGE}
    in_transaction: ClassVar = False  # the bytes may take a while

    @extend_schema(operation_id="get_account_export_file", responses=ZIP)
    def get(self, request: AccountRequest, export_id: uuid.UUID) -> FileResponse:
        return _file(request.account.id, None, export_id)


class WorkspaceExports(WorkspaceView):
    scopes: ClassVar = {"GET": Scope.WORKSPACE_MANAGE, "POST": Scope.WORKSPACE_MANAGE}
    open_while_archived: ClassVar = frozenset({"POST"})

    @extend_schema(
        operation_id="list_workspace_exports", parameters=[PageQuery], responses=ExportOutputPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        return _page(request, request.workspace.account_id, request.workspace.id)

    @extend_schema(operation_id="export_workspace", request=None, responses={201: ExportOutput})
    def post(self, request: WorkspaceRequest) -> Response:
        return _begin(request, request.workspace.account_id, request.workspace.id)


class WorkspaceExport(WorkspaceView):
    scopes: ClassVar = {"GET": Scope.WORKSPACE_MANAGE}

    @extend_schema(operation_id="get_workspace_export", responses=ExportOutput)
    def get(self, request: WorkspaceRequest, export_id: uuid.UUID) -> Response:
        return _answer(request.workspace.account_id, request.workspace.id, export_id)


class WorkspaceFile(WorkspaceView):
    scopes: ClassVar = {"GET": Scope.WORKSPACE_MANAGE}
    in_transaction: ClassVar = False

    @extend_schema(operation_id="get_workspace_export_file", responses=ZIP)
    def get(self, request: WorkspaceRequest, export_id: uuid.UUID) -> FileResponse:
        return _file(request.workspace.account_id, request.workspace.id, export_id)


def _page(
    request: AccountRequest | WorkspaceRequest,
    account_id: uuid.UUID,
    workspace_id: uuid.UUID | None,
) -> Response:
    with account_scope(account_id):
        return Response(
            page_of(
                selectors.list_exports(account_id=account_id, workspace_id=workspace_id),
                request=request,
                order=NEWEST_FIRST,
                render=lambda jobs: (
                    ExportOutput([selectors.view_of(job) for job in jobs], many=True).data
                ),
            )
        )


def _begin(
    request: AccountRequest | WorkspaceRequest,
    account_id: uuid.UUID,
    workspace_id: uuid.UUID | None,
) -> Response:
    job = services.request_export(
        account_id=account_id,
        workspace_id=workspace_id,
        requested_by=request.actor.user_id,
        now=utc_now(),
    )
    return _answer(account_id, workspace_id, job.id, status=201)


def _answer(
    account_id: uuid.UUID,
    workspace_id: uuid.UUID | None,
    export_id: uuid.UUID,
    *,
    status: int = 200,
) -> Response:
    job = _find(account_id, workspace_id, export_id)
    return Response(ExportOutput(selectors.view_of(job)).data, status=status)


def _file(
    account_id: uuid.UUID, workspace_id: uuid.UUID | None, export_id: uuid.UUID
) -> FileResponse:
    job = _find(account_id, workspace_id, export_id)
    content = services.open_export(job=job, now=utc_now())
    response = FileResponse(
        content,
        content_type="application/zip",
        as_attachment=True,
        filename=f"headway-export-{job.created_at:%Y-%m-%d}.zip",
    )
    response["Content-Length"] = str(job.size_bytes)
    return response


def _find(account_id: uuid.UUID, workspace_id: uuid.UUID | None, export_id: uuid.UUID) -> ExportJob:
    with account_scope(account_id):
        return selectors.get_export(
            account_id=account_id, workspace_id=workspace_id, export_id=export_id
        )
