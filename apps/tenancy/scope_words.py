"""Pure: what each scope allows, in words, for whoever puts roles together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from apps.tenancy.scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeWords:
    """One line of the matrix."""

    scope: Scope
    group: str
    description: str


def _words(group: str, **lines: str) -> list[ScopeWords]:
    return [
        ScopeWords(scope=Scope[name.upper()], group=group, description=line)
        for name, line in lines.items()
    ]


SCOPE_WORDS: Final = (
    *_words(
        "Workspace",
        workspace_read="See the workspace, its limits and its keys",
        workspace_manage="Rename, archive, export and delete the workspace",
        usage_read="See what the workspace has used",
        audit_read="See who changed what in the workspace",
    ),
    *_words(
        "People and access",
        members_read="See who may do what",
        members_manage="Give and take roles",
        roles_manage="Narrow single pools and deployments to certain people",
        keys_manage="Make, rotate and revoke API keys",
    ),
    *_words(
        "Flows and deployments",
        flows_read="See flows",
        deployments_read="See deployments and their schedules",
        deployments_write="Deploy, change, pause and delete; set schedules",
    ),
    *_words(
        "Runs",
        runs_read="See runs, their tasks and logs",
        runs_write="Start runs and try them again",
        runs_cancel="Cancel runs",
        runs_report="Report states of runs, as executors do",
    ),
    *_words(
        "Pools and agents",
        pools_read="See pools and agents",
        pools_write="Make and pause pools",
        leases_take="Take runs from pools, as agents do",
    ),
    *_words(
        "Events and metrics",
        telemetry_read="See events and metrics",
        telemetry_write="Send events, logs and metrics",
        telemetry_manage="Say what of the world view is one thing",
    ),
    *_words(
        "Automations and channels",
        automations_read="See automations and what they did",
        automations_write="Make and change automations",
        channels_read="See channels and send to them",
        channels_write="Make and change channels",
    ),
)
