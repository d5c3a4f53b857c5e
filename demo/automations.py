"""
Let Headway watch the demo: what happens, what goes wrong, and what fails to happen.

Over HTTP, as any script may; nothing is made twice.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

LOGIN = "demo@headway.local"
# The stack is on this machine: no proxy of the environment is to be asked for it.
_open = build_opener(ProxyHandler({})).open


def call(method: str, path: str, body: object = None) -> Any:
    """Ask the API about the workspace of the demo; return its answer."""
    url = f"{os.environ['HEADWAY_API_URL']}/api/v1/workspaces/{os.environ['HEADWAY_WORKSPACE']}"
    headers = {
        "Authorization": f"Bearer {os.environ['HEADWAY_API_KEY']}",
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps(body).encode()
    request = Request(url + "/" + path, data=data, headers=headers, method=method)  # noqa: S310
    with _open(request) as answer:
        return json.load(answer)


def watch() -> None:
    """Make the channel and the automations that are not there yet."""
    mail = _made(
        "channels", {"name": "the demo's mail", "kind": "EMAIL", "config": {"to": [LOGIN]}}
    )
    report = next(
        each
        for each in call("GET", "deployments?limit=500")["items"]
        if (each["flow"]["name"], each["name"]) == ("report-late", "on-demand")
    )
    message = {
        "type": "notify",
        "channel_id": mail["id"],
        "subject": "{{ automation.name }}",
        "body": "{{ firing.reason }}\n\n{{ automation.description }}\n\n{{ url }}",
    }
    _made(
        "automations",
        {
            "name": "Report after each load",
            "description": "New flights are there: count the late ones again.",
            "trigger": {
                "type": "event",
                "match": {"name": ["table.loaded"], "resource.name": ["flights"]},
            },
            "actions": [
                {
                    "type": "run_deployment",
                    "deployment_id": report["id"],
                    "parameters": {"origin": "LGA", "month": 7},
                }
            ],
        },
    )
    _made(
        "automations",
        {
            "name": "A run went wrong",
            "description": "Open the run: its page says why.",
            "trigger": {
                "type": "event",
                "match": {"name": ["headway.run.failed", "headway.run.crashed"]},
            },
            "actions": [message],
        },
    )
    _made(
        "automations",
        {
            "name": "Nobody measures the delays",
            "description": "measure_delays runs each minute. Is it paused, or the agent away?",
            "trigger": {
                "type": "absence",
                "expect": {"name": ["query.finished"], "related.user.name": ["svc-monitor"]},
                "within_seconds": 600,
                "allow_late_seconds": 30,
            },
            "actions": [message],
        },
    )


def _made(kind: str, body: dict[str, Any]) -> Any:
    known = {each["name"]: each for each in call("GET", f"{kind}?limit=100")["items"]}
    return known.get(body["name"]) or call("POST", kind, body)
