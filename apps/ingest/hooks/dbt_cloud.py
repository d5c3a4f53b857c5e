"""
dbt Cloud: the HMAC of the body, in hex, is the whole of `Authorization`.

https://docs.getdbt.com/docs/deploy/webhooks
"""

from __future__ import annotations

from typing import Final

from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.hooks import port, signatures
from apps.ingest.hooks.port import JSON, Delivery, needed_text, relation, time_of, within

MEDIA: frozenset[str] = JSON
PLACE: Final = "dbt-cloud"
STARTED: Final = "job.run.started"
_ENDS: Final = ("runFinishedAt", "runErroredAt")


def verify(delivery: Delivery) -> None:
    signatures.check_hex(
        delivery.header("authorization"),
        secret=delivery.hook.secret,
        signed=delivery.body,
    )


def read(delivery: Delivery, found: Collector) -> None:
    document = port.object_of(delivery)
    found.begin(delivery.body)
    try:
        kind = needed_text(document.get("eventType"), "eventType")
        facts = document.get("data")
        account = needed_text(document.get("accountId"), "accountId")
        run = needed_text(within(facts, "runId"), "data.runId")
        began = time_of(within(facts, "runStartedAt"))
        sent = port.needed_time(document.get("timestamp"), "timestamp")
        ended = next((at for end in _ENDS if (at := time_of(within(facts, end)))), sent)
        at = began or sent if kind == STARTED else ended
        follows = None
        if kind != STARTED and began is not None:
            follows = port.event_id(delivery, began, (account, run, STARTED))
        project = port.text_of(within(facts, "projectName")) or account
        found.add(
            port.event(
                delivery,
                # Not `eventId`: a run has one event of a kind, which a later one can then follow.
                key=(account, run, kind),
                name=f"dbt.{kind}",
                at=at,
                payload=document,
                resource=port.resource("job", within(facts, "jobName"), f"{PLACE}/{project}"),
                related=relation("on", "environment", within(facts, "environmentName"), PLACE),
                follows=follows,
            ),
            retold=True,  # by another webhook of theirs, at another time
        )
    except ItemRefused as refused:
        found.refuse(refused)
