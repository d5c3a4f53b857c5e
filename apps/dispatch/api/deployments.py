"""Deployments, shown with their pool and their newest runs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.core.http.idempotency import idempotent
from apps.core.http.pagination import page_of
from apps.core.http.query import PageQuery
from apps.dispatch import selectors, services
from apps.dispatch.api import serializers as shapes
from apps.dispatch.api.views import has_compute
from apps.dispatch.services import Kin
from apps.flows import selectors as flows
from apps.flows.code import make_code
from apps.flows.enums import Overlap
from apps.flows.services import DeploymentSpec
from apps.flows.sizes import make_size
from apps.flows.wire import bundle_body, schedule_body, schedule_spec, size_body
from apps.runs import selectors as runs
from apps.runs import wire
from apps.tenancy import access
from apps.tenancy.actors import Actor
from apps.tenancy.http import WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.flows.models import Deployment, DeploymentVersion


DEPLOYMENT_SCOPES = access.NARROWABLE[access.Kind.DEPLOYMENT]


class Deployments(WorkspaceView):
    """What may run by itself or at a click."""

    scopes: ClassVar = {"GET": Scope.DEPLOYMENTS_READ, "PUT": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(
        operation_id="list_deployments", parameters=[PageQuery], responses=shapes.DeploymentPage
    )
    def get(self, request: WorkspaceRequest) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        return Response(
            page_of(
                flows.list_deployments(workspace_id=workspace_id),
                request=request,
                order=("-created_at", "-id"),
                render=lambda rows: _rows(workspace_id, request.actor, rows),
            )
        )

    @extend_schema(
        operation_id="put_deployment",
        request=shapes.DeploymentInput,
        responses={200: shapes.DeploymentOutput, 201: shapes.DeploymentOutput},
    )
    def put(self, request: WorkspaceRequest) -> Response:
        form = shapes.DeploymentInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        pool, queue = given.pop("pool"), given.pop("queue", None)
        given["version"] = given.get("version") or ""
        bundle, size = given.pop("bundle", None), given.pop("size", None)
        given["path"] = given.get("path", "")
        given["bundle_sha256"] = bundle["sha256"] if bundle else None
        given["size"] = make_size(**size) if size else None
        given["code"] = make_code(given["code"]) if given.get("code") else None
        given["owners"] = services.name_owners(
            account_id=request.workspace.account_id,
            given=[(each["kind"], each["id"]) for each in given.get("owners", ())],
        )
        given["overlap"] = Overlap(given.get("overlap", Overlap.ALLOW))
        given["schedules"] = [schedule_spec(each) for each in given.get("schedules", ())]
        deployment, is_new = services.deploy(
            workspace_id=request.workspace.id,
            pool=pool,
            describe=lambda pool_id: DeploymentSpec(pool_id=pool_id, **given),
            now=utc_now(),
            has_compute=has_compute(),
            queue=queue,
            asker=request.actor,
            by=_made_by(request.actor),
        )
        return Response(_body(request.actor, deployment), status=201 if is_new else 200)


class DeploymentDetail(WorkspaceView):
    """One deployment."""

    scopes: ClassVar = {
        "GET": Scope.DEPLOYMENTS_READ,
        "PATCH": Scope.DEPLOYMENTS_WRITE,
        "DELETE": Scope.DEPLOYMENTS_WRITE,
    }

    @extend_schema(operation_id="get_deployment", responses=shapes.DeploymentOutput)
    def get(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        deployment = flows.get_deployment(
            workspace_id=request.workspace.id, deployment_id=deployment_id
        )
        return Response(_body(request.actor, deployment))

    @extend_schema(
        operation_id="change_deployment",
        request=shapes.DeploymentChange,
        responses=shapes.DeploymentOutput,
    )
    def patch(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        form = shapes.DeploymentChange(data=request.data)
        form.is_valid(raise_exception=True)
        deployment = services.change_deployment(
            workspace_id=request.workspace.id,
            deployment_id=deployment_id,
            changes=form.validated_data,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(_body(request.actor, deployment))

    @extend_schema(operation_id="delete_deployment", responses={204: None})
    def delete(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        services.remove_deployment(
            workspace_id=request.workspace.id,
            deployment_id=deployment_id,
            now=utc_now(),
            asker=request.actor,
        )
        return Response(status=204)


class DeploymentVersions(WorkspaceView):
    """What was deployed when, newest first."""

    scopes: ClassVar = {"GET": Scope.DEPLOYMENTS_READ}

    @extend_schema(
        operation_id="list_deployment_versions",
        parameters=[PageQuery],
        responses=shapes.DeploymentVersionPage,
    )
    def get(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        PageQuery.read(request)
        workspace_id = request.workspace.id
        deployment = flows.get_deployment(workspace_id=workspace_id, deployment_id=deployment_id)

        def render(versions: list[DeploymentVersion]) -> list[dict[str, object]]:
            changes = flows.changes_of_versions(versions=versions)
            return [
                {
                    "number": each.number,
                    "label": each.label or None,
                    "created_at": each.created_at,
                    "created_by": each.created_by,
                    "of_number": each.of_number,
                    "current": each.number == deployment.version_number,
                    "spec": each.spec,
                    "changes": changes[each.number],
                }
                for each in versions
            ]

        return Response(
            page_of(
                flows.list_versions(workspace_id=workspace_id, deployment_id=deployment_id),
                request=request,
                order=("-number",),
                render=render,
            )
        )


class DeploymentRollback(WorkspaceView):
    """Deploy an earlier version once more."""

    scopes: ClassVar = {"POST": Scope.DEPLOYMENTS_WRITE}

    @extend_schema(
        operation_id="roll_back_deployment",
        request=shapes.RollbackInput,
        responses=shapes.DeploymentOutput,
    )
    @idempotent
    def post(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        form = shapes.RollbackInput(data=request.data)
        form.is_valid(raise_exception=True)
        deployment = services.roll_back(
            workspace_id=request.workspace.id,
            account_id=request.workspace.account_id,
            deployment_id=deployment_id,
            number=form.validated_data["number"],
            now=utc_now(),
            has_compute=has_compute(),
            asker=request.actor,
            by=_made_by(request.actor),
        )
        return Response(_body(request.actor, deployment))


class DeploymentRuns(WorkspaceView):
    """Run it now, or at a time."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @extend_schema(
        operation_id="create_deployment_run",
        request=shapes.DeploymentRunInput,
        responses={201: wire.RunOutput},
    )
    @idempotent
    def post(self, request: WorkspaceRequest, deployment_id: uuid.UUID) -> Response:
        form = shapes.DeploymentRunInput(data=request.data)
        form.is_valid(raise_exception=True)
        actor = request.actor
        given = {"parameters": {}} | form.validated_data
        kin = Kin(
            parent_run_id=given.pop("parent_run_id", None),
            parent_task_run_id=given.pop("parent_task_run_id", None),
        )
        run = services.start_deployment(
            workspace_id=request.workspace.id,
            deployment_id=deployment_id,
            created_by={"kind": actor.kind.value, "id": str(actor.id), "name": actor.name},
            now=utc_now(),
            kin=kin,
            asker=actor,
            **given,
        )
        return Response(wire.run_body(run, actor=actor), status=201)


def _made_by(actor: Actor) -> dict[str, str]:
    return {"kind": actor.kind.value, "id": str(actor.id), "name": actor.name}


def _rows(
    workspace_id: uuid.UUID, actor: Actor, rows: Sequence[Deployment]
) -> list[dict[str, object]]:
    ids = [deployment.id for deployment in rows]
    recent = runs.recent_runs_by_deployment(workspace_id=workspace_id, deployment_ids=ids)
    queues = selectors.names_of_queues(
        workspace_id=workspace_id, queue_ids={each.queue_id for each in rows if each.queue_id}
    )
    limits = services.slots_of_deployments(deployment_ids=ids)
    bodies = []
    for deployment in rows:
        schedules = sorted(deployment.schedules.all(), key=lambda each: (each.created_at, each.id))
        due = [schedule.next_at for schedule in schedules if schedule.next_at is not None]
        bodies.append(
            {
                "id": deployment.id,
                "name": deployment.name,
                "flow": wire.named(deployment.flow),
                "description": deployment.description,
                "entrypoint": deployment.entrypoint,
                "path": deployment.path,
                "pool": wire.named(deployment.pool),
                "queue": (
                    {"id": deployment.queue_id, "name": queues[deployment.queue_id]}
                    if deployment.queue_id in queues
                    else None
                ),
                "tags": deployment.tags,
                "version": deployment.version or None,
                "paused": deployment.paused,
                "schedules": [schedule_body(schedule) for schedule in schedules],
                "timeout_seconds": deployment.timeout_seconds,
                "retries": deployment.retries,
                "retry_delay_seconds": deployment.retry_delay_seconds,
                "created_at": deployment.created_at,
                "updated_at": deployment.updated_at,
                "code": deployment.code,
                "bundle": bundle_body(deployment.bundle) if deployment.bundle else None,
                "size": size_body(deployment.size) if deployment.size else None,
                "recent_runs": [wire.run_tick(run) for run in recent.get(deployment.id, ())],
                "next_run_at": min(due, default=None),
                "version_number": deployment.version_number,
                "owners": deployment.owners,
                "overlap": deployment.overlap,
                "concurrency_limit": limits.get(deployment.id),
                "may": access.may_body(
                    actor,
                    DEPLOYMENT_SCOPES,
                    *access.run_targets(deployment_id=deployment.id, pool_id=deployment.pool_id),
                ),
            }
        )
    return bodies


def _body(actor: Actor, deployment: Deployment) -> dict[str, object]:
    (row,) = _rows(deployment.workspace_id, actor, [deployment])
    return row | {
        "parameters": deployment.parameters,
        "parameter_schema": deployment.parameter_schema,
        "requirements": deployment.requirements,
        "job_settings": deployment.job_settings,
    }
