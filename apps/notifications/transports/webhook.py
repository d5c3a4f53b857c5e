"""A POST of JSON to an address of the tenant's, signed so that the receiver knows it is ours."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from apps.core import outbound
from apps.core.http.json import dumps, wire_time
from apps.core.outbound import Network, Outcome
from apps.notifications.messages import Parcel
from apps.notifications.transports.port import (
    BadConfigError,
    Config,
    read_text,
    read_url,
    refuse_unknown,
)

SECRET_PREFIX = "whsec_"  # noqa: S105 - what ours begin with, not one of them
MIN_SECRET_LENGTH = 16
MAX_SECRET_LENGTH = 200


class WebhookTransport:
    """Config: `url`, and `secret`, which is drawn when none is given."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network

    def read(self, given: Mapping[str, Any], before: Config | None) -> Config:
        refuse_unknown(given, {"url", "secret"})
        if "secret" in given:
            secret = read_text(given, "secret")
            if not MIN_SECRET_LENGTH <= len(secret) <= MAX_SECRET_LENGTH or not secret.isascii():
                raise BadConfigError(
                    {"secret": [f"{MIN_SECRET_LENGTH} to {MAX_SECRET_LENGTH} ASCII characters."]}
                )
        else:
            # Another address is still the same receiver's secret, unless a new one is given.
            secret = before["secret"] if before else SECRET_PREFIX + secrets.token_urlsafe(32)
        return {"url": read_url(given), "secret": secret}

    def mask(self, config: Config) -> Config:
        return {"url": f"{outbound.place_of(config['url'])}/…", "secret": "…"}

    def send(self, config: Config, parcel: Parcel) -> Outcome:
        body = dumps(
            {
                "id": parcel.id,
                "type": "notification",
                "sent_at": wire_time(parcel.sent_at),
                "workspace": {"id": parcel.workspace_id},
                "channel": {"name": parcel.channel_name},
                "subject": parcel.message.subject,
                "body": parcel.message.body,
                "may_repeat": parcel.may_repeat,
            }
        )
        return outbound.post(
            config["url"],
            content=body,
            headers={
                "Headway-Delivery": str(parcel.id),
                "Headway-Signature": outbound.sign(config["secret"], body, at=parcel.sent_at),
            },
            network=self._network,
        )
