"""
What deciding costs, and how long it takes until somebody is refused.

Authorising is measured inside one process: from the header, or the session, to the actor with all
that they may do. Revoking happens over HTTP at one web process while another one, or the live one,
which remember the caller, are asked without pause; counted is from the answer of the one to the
first refusal of the other. Lists are those of an account of 10,000 members, over HTTP.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench.processes import live
from bench.stack import Stack, another_web, postgres, run_inside, stack, stores
from bench.table import Row, Table

TRIES = 40
MEMBERS = 10_000
ROUNDS = 500
PAGE = 50
REFUSED_WITHIN = 1_000  # ms
LIST_BUDGET = 100  # ms, p95
STREAM = "/streams/events"  # what is asked of the live process: opened, and closed again
PAGES = 100  # asked of each list


def run() -> Table:
    """Measure on the store that production has, if this server offers it."""
    with postgres() as server, stack(server, stores(server)[-1], workers=1) as at:
        people = json.loads(run_inside(at, _PEOPLE % {"slug": at.slug, "members": MEMBERS}))
        costs = json.loads(
            run_inside(
                at,
                _COSTS
                % {"slug": at.slug, "key": at.key, "session": people["owner"], "rounds": ROUNDS},
            )
        )
        rows = [_cost(costs, who, state) for who in ("key", "person") for state in ("cold", "warm")]
        with another_web(at) as other, live(at) as waiting:
            doors = [("another web process", other, ""), ("the live process", waiting, STREAM)]
            rows += [_keys(at, *door) for door in doors]
            rows += [
                _members(at, *door, people["others"][number * TRIES : (number + 1) * TRIES])
                for number, door in enumerate(doors)
            ]
        rows += [_list(at, people, name, path) for name, path in _lists(at, people)]
    return Table(
        title="Access",
        rows=rows,
        notes=[
            f"Medians of {ROUNDS} authorisations; once in five minutes a person's presence is"
            f" written, one more statement. {TRIES} revocations of each kind, at any age of"
            " what is remembered; the time is that of the last request still let in, of the live"
            f" process the last stream that was opened. {PAGES} pages of {PAGE} of each list of an"
            f" account of {MEMBERS:,} members, one at a time."
        ],
    )


_PEOPLE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.conf import settings
from django.contrib.auth.hashers import make_password
from apps.identity.models import User
from apps.tenancy.isolation import workspace_scope
from datetime import timedelta
from allauth.mfa.models import Authenticator
from apps.core.clock import utc_now
from apps.tenancy.isolation import account_scope
from apps.tenancy.models import Member, RoleAssignment, Team, TeamMember, Workspace
from apps.tenancy.session_store import SessionStore

workspace = Workspace.objects.get(slug="%(slug)s")
account_id = workspace.account_id
password = make_password("correct horse battery")
users = User.objects.bulk_create(
    [User(email=f"p{n}@bench.example", name=f"Person {n}", password=password)
     for n in range(%(members)d - 1)], batch_size=2000)
members = Member.objects.bulk_create(
    [Member(account_id=account_id, user=user, role="ADMIN" if n %% 10 == 0 else "MEMBER",
            last_seen_at=utc_now() - timedelta(days=n %% 200),
            deactivated_at=utc_now() if n %% 20 == 19 and n > 200 else None)
     for n, user in enumerate(users)], batch_size=2000)
Authenticator.objects.bulk_create(
    [Authenticator(user=user, type="totp", data={"secret": "x"}) for user in users[::2]],
    batch_size=2000)
with account_scope(account_id):
    team = Team.objects.create(account_id=account_id, name="Half of them")
    TeamMember.objects.bulk_create(
        [TeamMember(account_id=account_id, team=team, member=member, user_id=member.user_id)
         for member in members[::2]], batch_size=2000)
with workspace_scope(workspace.id):
    RoleAssignment.objects.bulk_create(
        [RoleAssignment(workspace=workspace, member=member, user_id=member.user_id, role="VIEWER")
         for member in members], batch_size=2000)


def session(user):
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return store.session_key


owner = User.objects.get(email="bench@headway.example")
print(json.dumps({
    "account_id": str(account_id),
    "team_id": str(team.id),
    "owner": session(owner),
    "others": [[str(user.pk), session(user)] for user in users[:100]],
}))
"""

_COSTS = """
import json, statistics, time
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
from apps.tenancy import access, authentication, key_cache
from apps.tenancy.http import enter_workspace
from apps.tenancy.scopes import Scope
from apps.tenancy.session_store import SessionStore

request = RequestFactory().get("/")
header = "Bearer %(key)s"


def of_key():
    return authentication.find_key_caller(header)


def of_person():
    request.session = SessionStore("%(session)s")
    return authentication.find_session_caller(request, "%(slug)s")


def authorise(find):
    actor, _ = enter_workspace(find(), "%(slug)s", request=request, writes=False)
    access.require(actor, Scope.RUNS_READ)


def question():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


key_cache.REMEMBERED_SECONDS = 3600.0
authorise(of_key)
# In turns: whatever else the machine does meanwhile hits all of them.
times, queries = {}, {}
for _ in range(%(rounds)d):
    for name, call, is_cold in (
        ("one", question, False),
        ("key cold", lambda: authorise(of_key), True),
        ("key warm", lambda: authorise(of_key), False),
        ("person cold", lambda: authorise(of_person), True),
        ("person warm", lambda: authorise(of_person), False),
    ):
        if is_cold:
            key_cache.forget_all()
        counted = []
        with connection.execute_wrapper(
            lambda execute, *rest: (counted.append(1), execute(*rest))[1]
        ):
            began = time.perf_counter()
            call()
            times.setdefault(name, []).append(time.perf_counter() - began)
        queries.setdefault(name, []).append(len(counted))
print(json.dumps({
    name: {"us": statistics.median(taken) * 1e6, "queries": statistics.mode(queries[name])}
    for name, taken in times.items()
}))
"""


def _cost(costs: dict[str, Any], who: str, state: str) -> Row:
    found = costs[f"{who} {state}"]
    # A session is a row of its own: whose it is stands inside of what Django encodes.
    allowed = 0 if state == "warm" else 1
    session = who == "person" and state == "cold"
    queries = found["queries"] - (1 if session else 0)
    return Row(
        what=f"authorise a {who}, {'in memory' if state == 'warm' else 'not in memory'}",
        measured=f"{queries:.0f} quer{'y' if queries == 1 else 'ies'}, {found['us']:,.0f} µs"
        + (", and 1 for the session" if session else ""),
        reference=f"SELECT 1 {costs['one']['us']:,.0f} µs" if state == "cold" else "",
        budget=f"≤ {allowed} quer{'y' if allowed == 1 else 'ies'}",
        holds=queries <= allowed,
    )


class Client:
    """One kept connection, as a key or with a session."""

    def __init__(self, port: int, *, key: str = "", session: str = "") -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Content-Type": "application/json"}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"
        if session:
            self.headers["Cookie"] = f"headway_session={session}"

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        self.link.request(method, path, json.dumps(body) if body else None, self.headers)
        answer = self.link.getresponse()
        if answer.headers.get_content_type() == "text/event-stream":
            self.link.close()  # let in, and gone again; the next request opens another
            return answer.status, None
        text = answer.read()
        return answer.status, json.loads(text) if text else None


def _let_in_for(client: Client, path: str, end: Any, *, age: float) -> float:
    """
    Return how many milliseconds after `end()` the last request was sent that was still let in.

    `age` is for how many seconds the client has been remembered then.
    """
    until = time.perf_counter() + age
    while True:
        status, _ = client.ask("GET", path)
        assert status == 200, status
        if time.perf_counter() >= until:
            break
    end()
    last = ended = time.perf_counter()
    while True:
        began = time.perf_counter()
        status, _ = client.ask("GET", path)
        if status != 200:
            assert status in {401, 404}, status
            return (last - ended) * 1_000
        last = began


def _refusals(what: str, waits: list[float]) -> Row:
    return Row(
        what=what,
        measured=f"p50 {statistics.median(waits):,.0f} ms,"
        f" p95 {statistics.quantiles(waits, n=20)[-1]:,.0f} ms, max {max(waits):,.0f} ms",
        reference=f"{len(waits)} times",
        budget=f"≤ {REFUSED_WITHIN:,} ms",
        holds=max(waits) <= REFUSED_WITHIN,
    )


def _keys(at: Stack, where: str, port: int, path: str) -> Row:
    owner = Client(at.port, key=at.key)
    waits = []
    for number in range(TRIES):
        _, made = owner.ask(
            "POST", f"{at.base}/api-keys", {"name": f"to revoke {number}", "role": "VIEWER"}
        )
        gone = f"{at.base}/api-keys/{made['id']}"
        waits.append(
            _let_in_for(
                Client(port, key=made["secret"]),
                at.base + path,
                lambda gone=gone: owner.ask("DELETE", gone),
                age=number / TRIES,
            )
        )
    return _refusals(f"key revoked here → refused by {where}", waits)


def _members(at: Stack, where: str, port: int, path: str, people: list[list[str]]) -> Row:
    owner = Client(at.port, key=at.key)
    assignments = {
        item["user"]["id"]: item["id"]
        for page in _pages(owner, f"{at.base}/members")
        for item in page["items"]
    }
    waits = []
    for number, (user_id, session) in enumerate(people):
        gone = f"{at.base}/members/{assignments[user_id]}"
        waits.append(
            _let_in_for(
                Client(port, session=session),
                at.base + path,
                lambda gone=gone: owner.ask("DELETE", gone),
                age=number / TRIES,
            )
        )
    return _refusals(f"member removed here → refused by {where}", waits)


def _pages(client: Client, path: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        status, page = client.ask("GET", f"{path}?limit=500{cursor}")
        assert status == 200, status
        yield page
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


def _lists(at: Stack, people: dict[str, Any]) -> list[tuple[str, str]]:
    account = f"/api/v1/account/{people['account_id']}/members"
    filters = {
        "": "",
        " q, of many": "q=person",
        " q, of one": "q=p4711%40",
        " q, of none": "q=nobody%20here",
        " role": "role=ADMIN",
        " team": f"team={people['team_id']}",
        " workspace": f"workspace={at.slug}",
        " mfa, with": "mfa=true",
        " mfa, without": "mfa=false",
        " unseen_days": "unseen_days=90",
        " state, active": "state=active",
        " state, deactivated": "state=deactivated",
    }
    return [
        *(
            (f"members of the account{', by' if query else ''}{name}", f"{account}?{query}")
            for name, query in filters.items()
        ),
        ("members of the workspace", f"{at.base}/members?"),
    ]


def _list(at: Stack, people: dict[str, Any], name: str, path: str) -> Row:
    client = Client(at.port, session=people["owner"])
    taken, cursor, total = [], "", MEMBERS
    for _ in range(PAGES):
        began = time.perf_counter()
        status, page = client.ask("GET", f"{path}&limit={PAGE}{cursor}")
        taken.append((time.perf_counter() - began) * 1_000)
        assert status == 200, status
        total = page.get("total", total)
        # A short list from the beginning again, so that there is something to take a p95 of.
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    p95 = statistics.quantiles(taken, n=20)[-1]
    return Row(
        what=f"{name}, a page",
        measured=f"p50 {statistics.median(taken):,.0f} ms, p95 {p95:,.0f} ms",
        reference=f"{total:,} of {MEMBERS:,} members" if "by" in name else "",
        budget=f"p95 ≤ {LIST_BUDGET} ms",
        holds=p95 <= LIST_BUDGET,
    )
