"""Put deployments into pools, back to what they were, and away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from apps.core.transactions import joined
from apps.dispatch.enums import LimitKind, PoolKind
from apps.dispatch.errors import ComputeIsOff
from apps.dispatch.job_settings import find_code_faults
from apps.dispatch.pool_kinds import find_settings_faults
from apps.dispatch.services.limits import keep_limit
from apps.dispatch.services.pools import resolve_pool
from apps.dispatch.services.queues import queue_named, standing_queues
from apps.dispatch.services.slots import UNPARKED_AT_ONCE
from apps.flows import selectors as flow_selectors
from apps.flows import services as flows
from apps.flows.enums import Overlap
from apps.flows.errors import BadCode, BadOwners
from apps.flows.services import DeploymentChanges, DeploymentSpec, MadeBy, Owner
from apps.flows.sizes import Size
from apps.runs import services as runs
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy.access import Asker

if TYPE_CHECKING:
    from apps.flows.models import Deployment


@joined
def deploy(
    *,
    workspace_id: uuid.UUID,
    pool: str,
    describe: Callable[[uuid.UUID], DeploymentSpec],
    now: datetime,
    has_compute: bool = False,
    queue: str | None = None,
    asker: Asker = access.HEADWAY,
    by: MadeBy | None = None,
    of_number: int | None = None,
) -> tuple[Deployment, bool]:
    """
    Create or replace a deployment in the pool of this name or id; return it, and whether it is new.

    Its runs go to the pool's `queue` of that name, else to its default.
    `describe` makes its description once the pool's id is known. How many of its runs may go on at
    once is part of it: none said is one, where runs do not simply overlap, and else no limit.
    Raises: PoolNotFound, ComputeIsOff, BadCode, BadParameterSchema, BadParameters, BadSchedule,
    ObjectRestricted.
    """
    found = resolve_pool(workspace_id=workspace_id, pool=pool, has_compute=has_compute)
    if found.kind == PoolKind.MANAGED and not has_compute:
        raise ComputeIsOff("This installation has no compute any more; choose another pool.")
    spec = describe(found.id)
    if queue is not None:
        spec = replace(spec, queue_id=queue_named(pool_id=found.id, name=queue))
    kind = PoolKind(found.kind)
    faults = find_code_faults(kind=kind, spec=spec, pool_defaults=found.job_defaults)
    faults |= find_settings_faults(kind, spec.job_settings, place="job_settings")
    if faults:
        raise BadCode(f"This does not fit the pool {found.name!r}.", fields=faults)
    if kind is PoolKind.MANAGED and spec.size is None:
        spec = replace(spec, size=Size())
    if spec.overlap is not Overlap.ALLOW and spec.concurrency_limit is None:
        spec = replace(spec, concurrency_limit=1)
    deployment, is_new = flows.save_deployment(
        workspace_id=workspace_id, spec=spec, now=now, asker=asker, by=by, of_number=of_number
    )
    keep_limit(
        workspace_id=workspace_id,
        kind=LimitKind.DEPLOYMENT,
        key=str(deployment.id),
        slots=spec.concurrency_limit,
        now=now,
        asker=asker,
    )
    return deployment, is_new


@joined
def roll_back(
    *,
    workspace_id: uuid.UUID,
    account_id: uuid.UUID,
    deployment_id: uuid.UUID,
    number: int,
    now: datetime,
    has_compute: bool = False,
    asker: Asker = access.HEADWAY,
    by: MadeBy | None = None,
) -> Deployment:
    """
    Deploy once more what version `number` said; its schedules stay as they are.

    Who owned it and has left since owns it no more.
    Raises: DeploymentNotFound, VersionNotFound, and what deploying raises.
    """
    deployment = flow_selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id, for_update=True
    )
    version = flow_selectors.get_version(
        workspace_id=workspace_id, deployment_id=deployment_id, number=number
    )
    spec = flows.spec_of_version(deployment=deployment, version=version)
    owners, _ = _find_owners(account_id, spec.owners)
    spec = replace(spec, owners=[each for each in owners if each is not None])
    if spec.queue_id is not None and not standing_queues({spec.queue_id}):
        spec = replace(spec, queue_id=None)  # deleted since
    saved, _ = deploy(
        workspace_id=workspace_id,
        pool=str(spec.pool_id),
        describe=lambda pool_id: replace(spec, pool_id=pool_id),
        now=now,
        has_compute=has_compute,
        asker=asker,
        by=by,
        of_number=number,
    )
    return saved


def name_owners(
    *, account_id: uuid.UUID, given: Sequence[tuple[Literal["user", "team"], uuid.UUID]]
) -> list[Owner]:
    """
    Return these people and teams of the account with their names.

    Raises: BadOwners, keyed `owners.<position>.id`.
    """
    asked: list[Owner] = [{"kind": kind, "id": str(id_), "name": ""} for kind, id_ in given]
    owners, missing = _find_owners(account_id, asked)
    if missing:
        raise BadOwners(
            "Somebody is not in the account.",
            fields={f"owners.{position}.id": ["Not in this account."] for position in missing},
        )
    return [each for each in owners if each is not None]


@joined
def remove_deployment(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> None:
    """
    Delete the deployment and cancel what of it still waits; what is executing goes on.

    Raises: DeploymentNotFound, ObjectRestricted.
    """
    keep_limit(
        workspace_id=workspace_id,
        kind=LimitKind.DEPLOYMENT,
        key=str(deployment_id),
        slots=None,
        now=now,
        asker=asker,
    )
    flows.delete_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id, now=now, asker=asker
    )
    runs.cancel_waiting_runs(
        workspace_id=workspace_id,
        deployment_id=deployment_id,
        now=now,
        message="Its deployment was deleted.",
    )


def _find_owners(
    account_id: uuid.UUID, asked: Sequence[Owner]
) -> tuple[list[Owner | None], list[int]]:
    ids = {
        kind: {uuid.UUID(each["id"]) for each in asked if each["kind"] == kind}
        for kind in ("user", "team")
    }
    names = {
        "user": tenancy.names_of_people(account_id=account_id, user_ids=ids["user"]),
        "team": tenancy.names_of_teams(account_id=account_id, team_ids=ids["team"]),
    }
    owners: list[Owner | None] = []
    missing = []
    for position, each in enumerate(asked):
        name = names[each["kind"]].get(uuid.UUID(each["id"]))
        if name is None:
            missing.append(position)
        owners.append(None if name is None else Owner(kind=each["kind"], id=each["id"], name=name))
    return owners, missing


@joined
def change_deployment(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    changes: DeploymentChanges,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Deployment:
    """
    Change a deployment as `flows.edit_deployment` does; resumed, the first of its runs go on.

    The others, should a pause have kept back more than a thousand, follow within seconds.
    """
    deployment = flows.edit_deployment(
        workspace_id=workspace_id,
        deployment_id=deployment_id,
        changes=changes,
        now=now,
        asker=asker,
    )
    if changes.get("paused") is False:
        runs.unpark_runs(waits_on=deployment.id, most=UNPARKED_AT_ONCE)
    return deployment
