"""Slack's incoming webhooks, and what takes the same bodies (Mattermost, Rocket.Chat)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.core import outbound
from apps.core.http.json import dumps
from apps.core.outbound import Network, Outcome
from apps.notifications.messages import Parcel
from apps.notifications.transports.port import Config, read_url, refuse_unknown

MAX_TEXT_LENGTH = 39_000  # Slack cuts at 40,000, in the middle of an escape if need be


def escape(text: str) -> str:
    """
    Keep `<!channel>` and `<https://…|a name>` from being read as what they say.

    https://docs.slack.dev/messaging/formatting-message-text/#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text_of(subject: str, body: str) -> str:
    """Return the subject in bold above the body."""
    # A star inside would end the bold text early; the look-alike does not.
    bold = f"*{escape(subject).replace('*', '∗')}*" if subject else ""
    text = f"{bold}\n{escape(body)}".strip()
    if len(text) <= MAX_TEXT_LENGTH:
        return text
    cut = text[:MAX_TEXT_LENGTH]
    # Not in the middle of `&amp;`.
    start = cut.rfind("&", MAX_TEXT_LENGTH - 5)
    return (cut if start < 0 or ";" in cut[start:] else cut[:start]) + "…"


class SlackTransport:
    """Config: `url`, which is the whole secret."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network

    def read(self, given: Mapping[str, Any], before: Config | None) -> Config:  # noqa: ARG002
        refuse_unknown(given, {"url"})
        return {"url": read_url(given)}

    def mask(self, config: Config) -> Config:
        return {"url": f"{outbound.place_of(config['url'])}/…"}

    def send(self, config: Config, parcel: Parcel) -> Outcome:
        text = text_of(parcel.message.subject, parcel.body)
        return outbound.post(config["url"], content=dumps({"text": text}), network=self._network)
