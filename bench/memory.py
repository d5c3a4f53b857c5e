"""
What the whole local stack holds when nobody uses it.

The stack of `make up` without the demo flows, its agent included, a while after it came up.
"""

from __future__ import annotations

import time
from collections import Counter

from bench.table import Row, Table
from infra.local.memory import stack_memory
from tests.stack import running_stack

SETTLE_SECONDS = 20  # caches of a first look are filled, start-up garbage is returned
BUDGET_MB = 700.0
# What is in a process's command line, in the order to look for it.
PARTS = {
    "supervisor": "infra.local.up",
    "web": "apps.config.wsgi",
    "live": "apps.config.live",
    "loops": "run_worker",
    "celery worker and beat": "celery",
    "agent": "agent start",
    "Valkey": "valkey",
    "Postgres": "postgres",
}


def run() -> Table:
    with running_stack() as stack:
        with stack.api() as api:
            for path in ("runs", "deployments", "pools"):
                assert api.get(path).status_code == 200
        time.sleep(SETTLE_SECONDS)
        processes = stack_memory(stack.pid)
    by_part: Counter[str] = Counter()
    for process in processes:
        by_part[_part(process.command)] += process.pss_bytes
    total = by_part.total() / 2**20
    whole = Row(
        what=f"all {len(processes)} processes",
        measured=f"{total:.0f} MB",
        reference="PSS: shared pages counted once",
        budget=f"≤ {BUDGET_MB:.0f} MB",
        holds=total <= BUDGET_MB,
    )
    parts = [
        Row(what=part, measured=f"{size / 2**20:.0f} MB") for part, size in by_part.most_common()
    ]
    return Table(title="Idle memory of the local stack", rows=[whole, *parts])


def _part(command: str) -> str:
    return next((part for part, words in PARTS.items() if words in command), "other")
