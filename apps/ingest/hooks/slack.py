"""
Slack's Events API: `X-Slack-Signature` of version 0, good for five minutes.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

from typing import Any, Final

from apps.ingest.doors.items import Collector, ItemRefused
from apps.ingest.hooks import port, signatures
from apps.ingest.hooks.port import (
    JSON,
    Delivery,
    Reply,
    needed_text,
    needed_time,
    relation,
    text_of,
    within,
)
from apps.telemetry.items import NewEvent

MEDIA: frozenset[str] = JSON
PLACE: Final = "slack"
LIMITED: Final = "app_rate_limited"  # of an app to which more happens than Slack delivers


def verify(delivery: Delivery) -> None:
    signatures.check_slack(
        given=delivery.header("x-slack-signature"),
        at=delivery.header("x-slack-request-timestamp"),
        secret=delivery.hook.secret,
        body=delivery.body,
        now=delivery.now,
    )


def read(delivery: Delivery, found: Collector) -> Reply | None:
    document = port.object_of(delivery)
    found.begin(delivery.body)
    try:
        kind = needed_text(document.get("type"), "type")
        if kind == "url_verification":
            return Reply(needed_text(document.get("challenge"), "challenge"))
        if kind == LIMITED:
            found.add(_limited(delivery, document))
            return None
        inner = document.get("event")
        name = ".".join(
            part
            for part in (
                "slack",
                text_of(within(inner, "type")) or kind,
                text_of(within(inner, "subtype")) or "",
            )
            if part
        )
        team = text_of(document.get("team_id"))
        place = f"{PLACE}/{team}" if team else PLACE
        channel = within(inner, "channel")
        found.add(
            port.event(
                delivery,
                key=(needed_text(document.get("event_id"), "event_id"),),
                name=name,
                at=needed_time(document.get("event_time"), "event_time"),
                # Deprecated, and worth having: whoever holds it may call Slack.
                payload={key: value for key, value in document.items() if key != "token"},
                resource=port.resource(
                    "channel",
                    within(channel, "id") if isinstance(channel, dict) else channel,
                    place,
                ),
                related=relation("executed_by", "user", within(inner, "user"), place),
            )
        )
    except ItemRefused as refused:
        found.refuse(refused)
    return None


def _limited(delivery: Delivery, document: dict[str, Any]) -> NewEvent:
    """Return the event of a minute in which Slack kept deliveries back; it has no id of its own."""
    team = needed_text(document.get("team_id"), "team_id")
    app = needed_text(document.get("api_app_id"), "api_app_id")
    minute = needed_time(document.get("minute_rate_limited"), "minute_rate_limited")
    return port.event(
        delivery,
        key=(LIMITED, team, app),
        name=f"slack.{LIMITED}",
        at=minute,
        payload={key: value for key, value in document.items() if key != "token"},
        resource=port.resource("app", app, f"{PLACE}/{team}"),
    )
