"""A delivery → events, by the webhook's preset. Pure but for what the delivery brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from apps.core.errors import UnsupportedMedia
from apps.ingest.decode import Decoded, unpack
from apps.ingest.doors.items import Collector
from apps.ingest.enums import WebhookPreset
from apps.ingest.hooks import aws, custom, dbt_cloud, generic, github, slack, sns, stripe
from apps.ingest.hooks.port import Delivery, Preset, Reply, is_json

PRESETS: Final[Mapping[str, Preset]] = {
    WebhookPreset.GITHUB: github,
    WebhookPreset.STRIPE: stripe,
    WebhookPreset.SNS: sns,
    WebhookPreset.EVENTBRIDGE: aws,
    WebhookPreset.SLACK: slack,
    WebhookPreset.DBT_CLOUD: dbt_cloud,
    WebhookPreset.GENERIC: generic,
    WebhookPreset.CUSTOM: custom,
}


def decode(delivery: Delivery, *, encoding: str = "") -> tuple[Decoded, Reply | None]:
    """
    Return the events of a delivery, or what its protocol wants to hear instead.

    Signatures are over the body as it was sent, packed or not.
    Raises: BadSignature, StaleDelivery, WrongTopic, TemplateFailed, ComeBack, UnsupportedMedia,
    BatchTooLarge, InvalidRequest.
    """
    preset = PRESETS[delivery.hook.preset]
    if not _reads(preset, delivery.content_type):
        raise UnsupportedMedia(
            f"The Content-Type must be {' or '.join(sorted(preset.MEDIA))}.",
            content_type=delivery.content_type[:200],
        )
    if delivery.hook.preset != WebhookPreset.SNS:  # which signs some fields, not the bytes
        preset.verify(delivery)
    delivery = replace(delivery, body=unpack(delivery.body, encoding))
    if delivery.hook.preset == WebhookPreset.SNS:
        preset.verify(delivery)
    found = Collector("events")
    reply = preset.read(delivery, found)
    return found.decoded(), reply


def _reads(preset: Preset, content_type: str) -> bool:
    # Whose deliveries these are nobody said: JSON by any name, such as application/vnd.x+json.
    is_anybodys = preset in {generic, custom} and is_json(content_type)
    return is_anybodys or content_type in preset.MEDIA
