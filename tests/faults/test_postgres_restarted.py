"""Postgres is killed and restarted under load: what was answered with 200 is there, once."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from apps.core.ids import uuid7
from tests.stack import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SENDERS, BATCHES, EVENTS = 4, 60, 20


def test_no_accepted_item_is_lost(stack):
    accepted: set[str] = set()
    refused: list[str] = []
    enough = threading.Event()

    def send(sender: int) -> None:
        with stack.api() as api:
            for number in range(BATCHES):
                now = datetime.now(UTC)
                events = [
                    {
                        "id": str(uuid7()),
                        "name": "fault.tick",
                        "occurred_at": (now - timedelta(milliseconds=n)).isoformat(),
                        "payload": {"sender": sender, "number": number},
                    }
                    for n in range(EVENTS)
                ]
                _send_until_accepted(api, events, refused)
                accepted.update(event["id"] for event in events)
                if number == 5:
                    enough.set()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    enough.wait(30)
    stack.find("postgres").kill()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)

    assert len(accepted) == SENDERS * BATCHES * EVENTS
    stored = wait_until("the events to be listed", lambda: _list(stack), seconds=60)
    assert len(stored) == len(set(stored))
    assert set(stored) == accepted
    assert refused, "The database was never away: the test tested nothing."


def _send_until_accepted(api, events, refused):
    def once():
        try:
            answer = api.post("ingest", json={"events": events})
        except httpx2.TransportError as error:
            refused.append(repr(error))
            return False
        if answer.status_code != 200:
            refused.append(str(answer.status_code))
            assert answer.status_code >= 500, answer.text
            return False
        body = answer.json()
        assert body["rejected"] == []
        assert body["accepted"] + body["duplicates"] == len(events)
        return True

    wait_until("a batch to be accepted", once, seconds=90, every=0.1)


def _list(stack):
    found, cursor = [], None
    with stack.api() as api:
        while True:
            params = {"name": "fault.tick", "limit": 500} | ({"cursor": cursor} if cursor else {})
            page = api.get("events", params=params)
            if page.status_code != 200:
                return None
            found += [str(UUID(item["id"])) for item in page.json()["items"]]
            cursor = page.json()["next_cursor"]
            if not cursor:
                return found
