"""
The audit log at size: pages of it, narrowed in every way, in a log of five million entries.

The entries are made by the database, as they lie after two years: some actors, actions and objects
stand in most of them, others in a handful. Asked over HTTP, as an owner with a session.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from bench.access import Client
from bench.stack import Stack, postgres, run_inside, stack, stores
from bench.table import Row, Table

ENTRIES = 5_000_000
DAYS = 730
PAGE = 50
ROUNDS = 40
BUDGET = 100  # ms, p95


def run() -> Table:
    """Measure on the store that production has, if this server offers it."""
    with postgres() as server, stack(server, stores(server)[-1], workers=1) as at:
        who = json.loads(run_inside(at, _OWNER % {"slug": at.slug}))
        took = _fill(at, who["account_id"])
        client = Client(at.port, session=who["session"])
        log = f"/api/v1/account/{who['account_id']}/audit"
        rows = [_row(client, log, name, queries) for name, queries in _queries(at).items()]
        rows.append(_row(client, f"{at.base}/audit", "a workspace's own log", [""]))
    return Table(
        title="Audit log",
        rows=rows,
        notes=[
            f"{ENTRIES:,} entries of {DAYS} days, made in {took:.0f} s; {ROUNDS} requests each, a"
            f" page of {PAGE}, one at a time, half of them going on from a cursor at any depth."
            " With `q` a page is what one answer looks through, and may be short."
        ],
    )


_OWNER = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.conf import settings
from apps.identity.models import User
from apps.tenancy.models import Workspace
from apps.tenancy.session_store import SessionStore

owner = User.objects.get(email="bench@headway.example")
store = SessionStore()
store[SESSION_KEY] = str(owner.pk)
store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
store[HASH_SESSION_KEY] = owner.get_session_auth_hash()
store.create()
account_id = Workspace.objects.get(slug="%(slug)s").account_id
print(json.dumps({"account_id": str(account_id), "session": store.session_key}))
"""

# Of a thousand entries 900 are by ten people, 99 by 190, and 1 by one of ten thousand; alike the
# objects. Actions: twenty, of which `automation.changed` is half. A tenth belongs to the account.
_FILL = """
INSERT INTO tenancy_auditentry (id, created_at, account_id, workspace_id, occurred_at, actor_kind,
    actor_id, actor_name, on_behalf_of_id, on_behalf_of_name, action, object_kind, object_id,
    object_name, object_person_id, before, after, address, user_agent, request_id)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
    at, %(account)s, CASE WHEN n %% 10 > 0 THEN (
        CASE WHEN n %% 3 = 0 THEN %(workspace)s ELSE md5('w' || n %% 20)::uuid END) END,
    at, 'user', md5('a' || who)::uuid, 'Person ' || who, NULL, '',
    CASE WHEN n %% 2 = 0 THEN 'automation.changed' ELSE
        (ARRAY['member.removed','member.joined','member.role_changed','key.created','key.rotated',
        'key.revoked','deployment.changed','deployment.deployed','deployment.created',
        'pool.paused','pool.resumed','team.changed','team.created','role.granted','role.changed',
        'role.revoked','user.signed_in','channel.changed','schedule.changed'])[1 + n %% 19] END,
    CASE WHEN n %% 2 = 0 THEN 'automation' ELSE
        (ARRAY['member','key','deployment','pool'])[1 + n %% 4] END,
    md5('o' || what)::uuid::text, 'object number ' || what, NULL,
    '{"paused": false}', '{"paused": true}', ('10.0.' || n %% 200 || '.7')::inet, 'bench',
    'req_' || n
FROM (SELECT n, now() - interval '1 day' * %(days)s * (1 - n::float / %(entries)s) AS at,
        CASE WHEN n %% 1000 < 900 THEN n %% 10 WHEN n %% 1000 < 999 THEN 10 + n %% 190
            ELSE 1000 + n %% 9973 END AS who,
        CASE WHEN n %% 1000 < 900 THEN n %% 500 WHEN n %% 1000 < 999 THEN 1000 + n %% 50000
            ELSE 100000 + n END AS what
    FROM generate_series(1, %(entries)s) AS n) AS made
"""


def _fill(at: Stack, account_id: str) -> float:
    began = time.perf_counter()
    with at.connect() as link:
        indexes = link.execute(
            "SELECT indexdef, indexname FROM pg_indexes WHERE tablename = 'tenancy_auditentry'"
            " AND indexname <> 'tenancy_auditentry_pkey'"
        ).fetchall()
        # All at once at the end: five million rows one by one into seven trees take far longer.
        for _, name in indexes:
            link.execute(f'DROP INDEX "{name}"')
        link.execute("SET maintenance_work_mem = '512MB'")
        link.execute(
            _FILL,
            {
                "account": account_id,
                "workspace": at.workspace_id,
                "days": DAYS,
                "entries": ENTRIES,
            },
        )
        for definition, _ in indexes:
            link.execute(str(definition))
        link.execute("VACUUM ANALYZE tenancy_auditentry")
    return time.perf_counter() - began


def _queries(at: Stack) -> dict[str, list[str]]:
    with at.connect() as link:

        def md5(text: str) -> str:
            row = link.execute("SELECT md5(%s)::uuid::text", [text]).fetchone()
            assert row is not None
            return str(row[0])

        busy = [f"actor={md5(f'a{n}')}" for n in range(10)]
        rare = [f"actor={md5(f'a{1000 + n}')}" for n in range(40)]
        objects = [f"object_id={md5(f'o{n}')}" for n in range(40)]
        return {
            "all of it": [""],
            "by an actor of 450,000 entries": busy,
            "by an actor of a few": rare,
            "by an action of half of it": ["action=automation.changed"],
            "by an action": ["action=key.rotated", "action=team.created", "action=role.revoked"],
            "by the prefix of actions": ["action=member.", "action=key.", "action=deployment."],
            "by a prefix that nothing has": ["action=nothing."],
            "by the kind of object": ["object_kind=pool", "object_kind=automation"],
            "by an object of 9,000 entries": objects,
            "by a workspace": [f"workspace={at.slug}", f"workspace={md5('w7')}"],
            "by a range of time": [
                "from=2025-10-01T00:00:00Z&to=2025-11-01T00:00:00Z",
                "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
            ],
            "q, in every tenth name": [f"q=person%20{n}" for n in range(2, 10)],
            "q, in a name of a few": [f"q=person%20{1000 + n}" for n in range(40)],
            "q, an object's id": [f"q={each.partition('=')[2]}" for each in objects],
            "q, an address": [f"q=10.0.{n}.7" for n in range(40)],
            "q, nowhere": [f"q=nowhere%20{n}" for n in range(40)],
            "by actor and action": [f"{each}&action=key." for each in busy],
            "by workspace and q": [f"workspace={at.slug}&q=number%20{n}" for n in range(40)],
            "by everything": [
                f"{each}&action=key.&object_kind=key&workspace={at.slug}&q=number" for each in busy
            ],
        }


def _row(client: Client, log: str, name: str, queries: list[str]) -> Row:
    taken, found = [], 0
    for number in range(ROUNDS):
        query, deep = queries[number // 2 % len(queries)], number % 2
        cursor = _cursor(client, log, number) if deep else ""
        began = time.perf_counter()
        page = _page(client, f"{log}?limit={PAGE}&{query}{cursor}")
        taken.append((time.perf_counter() - began) * 1_000)
        found += len(page["items"])
    p95 = statistics.quantiles(taken, n=20)[-1]
    return Row(
        what=name,
        measured=f"p50 {statistics.median(taken):,.0f} ms, p95 {p95:,.0f} ms",
        reference=f"{found / ROUNDS:,.0f} a page",
        budget=f"p95 ≤ {BUDGET} ms",
        holds=p95 <= BUDGET,
    )


def _cursor(client: Client, log: str, number: int) -> str:
    """Return a cursor that lies so deep: the later the round, the deeper."""
    days = DAYS * number // ROUNDS
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86_400))
    page = _page(client, f"{log}?limit=1&to={moment}")
    return f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""


def _page(client: Client, path: str) -> dict[str, Any]:
    status, page = client.ask("GET", path)
    assert status == 200, (status, path, page)
    return page  # type: ignore[no-any-return] # JSON
