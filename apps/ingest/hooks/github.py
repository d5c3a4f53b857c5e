"""
GitHub: `X-Hub-Signature-256` over the body, as JSON or as a form.

https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs

from apps.core.errors import InvalidRequest
from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.hooks import port, signatures
from apps.ingest.hooks.port import FORM, JSON, Delivery, needed_text, relation, time_of, within

MEDIA: frozenset[str] = JSON | {FORM}
PLACE: Final = "github.com"
RUN_STARTS: Final = "requested"
# Where a body says when it was. Of other kinds nothing reliable does: they happened as they came.
_TIMES: Final = {
    "push": ("repository", "pushed_at"),
    "pull_request": ("pull_request", "updated_at"),
    "issues": ("issue", "updated_at"),
    "issue_comment": ("comment", "updated_at"),
    "release": ("release", "published_at"),
    "deployment": ("deployment", "created_at"),
    "deployment_status": ("deployment_status", "created_at"),
    "workflow_run": ("workflow_run", "updated_at"),
}


def verify(delivery: Delivery) -> None:
    signatures.check_hex(
        delivery.header("x-hub-signature-256"),
        secret=delivery.hook.secret,
        signed=delivery.body,
    )


def read(delivery: Delivery, found: Collector) -> None:
    document = port.object_of(replace(delivery, body=_json_of(delivery)))
    found.begin(delivery.body)
    try:
        kind = needed_text(delivery.header("x-github-event"), "X-GitHub-Event")
        action = document.get("action")
        name = f"github.{kind}.{action}" if isinstance(action, str) and action else f"github.{kind}"
        repository = within(document, "repository", "full_name")
        by = relation("executed_by", "user", within(document, "sender", "login"), PLACE)
        if kind == "workflow_run":
            _read_workflow_run(delivery, document, found, name, by)
            return
        # SECURITY: the id of the delivery is not signed, the body is: whoever has seen a delivery
        # and sends it under another id makes no second event.
        key = sha256(delivery.body).hexdigest()
        found.add(
            port.event(
                delivery,
                key=(key,),
                name=name,
                at=time_of(within(document, *_TIMES.get(kind, ("",)))) or delivery.first_seen(key),
                payload=document,
                resource=port.resource("repository", repository, PLACE),
                related=by,
            )
        )
    except ItemRefused as refused:
        found.refuse(refused)


def _read_workflow_run(
    delivery: Delivery, document: dict[str, Any], found: Collector, name: str, by: list[Any]
) -> None:
    """A run's later events follow its first: known by the run and its attempt, not the delivery."""
    run: dict[str, Any] = document.get("workflow_run") or {}
    repository = within(document, "repository", "full_name")
    run_key = tuple(
        needed_text(within(run, field), f"workflow_run.{field}") for field in ("id", "run_attempt")
    )
    action = str(document.get("action"))
    began = port.needed_time(within(run, "run_started_at"), "workflow_run.run_started_at")
    at: datetime = began if action == RUN_STARTS else time_of(run.get("updated_at")) or began
    follows = None
    if action != RUN_STARTS:
        follows = port.event_id(delivery, began, (*run_key, RUN_STARTS))
    found.add(
        port.event(
            delivery,
            key=(*run_key, action),
            name=name,
            at=at,
            payload=document,
            resource=port.resource("job", run.get("name"), f"{PLACE}/{repository}"),
            related=[*by, *relation("part_of", "repository", repository, PLACE)],
            follows=follows,
        ),
        retold=True,
    )


def _json_of(delivery: Delivery) -> bytes:
    if delivery.content_type != FORM:
        return delivery.body
    try:
        (payload,) = parse_qs(
            delivery.body.decode("ascii"), strict_parsing=True, max_num_fields=10
        )["payload"]
    except (ValueError, KeyError, UnicodeDecodeError) as error:
        raise InvalidRequest("The form holds no single payload.") from error
    return payload.encode(errors="replace")
