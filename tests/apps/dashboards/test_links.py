"""Dashboards that everybody with a link may see, through HTTP."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from apps.core.clock import utc_now
from apps.core.logging import redacted
from apps.dashboards import services
from apps.dashboards.errors import NothingShared
from apps.dashboards.models import DashboardLink
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Account, AuditEntry
from apps.tenancy.scopes import Scope
from tests.apps.dashboards.test_panels import BY_TABLE, CHART, EVERY, LOGS, QUERY, RUNS, TEXT, busy
from tests.factories.tenancy import join, make_key
from tests.isolation import as_worker

__all__ = ["busy"]

pytestmark = pytest.mark.django_db
NARROW = CHART | {"queries": [QUERY | {"where": {"table": ["$table"]}}]}


def placed(*panels):
    return [
        panel | {"x": 0, "y": 4 * row, "w": 12, "h": 4, "title": f"Panel {row}"}
        for row, panel in enumerate(panels)
    ]


def make(client, *panels, **more):
    body = {"name": "Loads", "range": "1h", "panels": placed(*panels)} | more
    answer = client.post("dashboards", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def allow(client, allowed=True):
    answer = client.put("dashboards/sharing", {"allowed": allowed})
    assert answer.status_code == 200, answer.content
    return answer.json()


def share(client, dashboard, **more):
    answer = client.post(
        f"dashboards/{dashboard['id']}/links", {"version": dashboard["version"]} | more
    )
    assert answer.status_code == 201, answer.content
    return answer.json()


def token_of(link):
    return link["address"].rpartition("/shared/")[2]


def visit(token, **headers):
    """As somebody who is nobody here."""
    return Client().get(f"/api/v1/shared/{token}", headers=headers)


def actions():
    with as_worker():
        return list(
            AuditEntry.objects.filter(action__regex=r"shar")
            .order_by("id")
            .values_list("action", flat=True)
        )


@pytest.fixture
def shared(api, alice, busy):
    """All kinds of panels, shared."""
    allow(api(alice))
    dashboard = make(api(alice), *EVERY)
    return dashboard, share(api(alice), dashboard)


def test_everybody_with_the_link_sees_what_the_panels_show(shared):
    dashboard, link = shared

    answer = visit(token_of(link))

    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert (shown["name"], shown["range"]) == ("Loads", "1h")
    assert [each["error"] for each in shown["answers"]] == [None] * len(EVERY)
    assert [each["title"] for each in shown["panels"]] == [
        each["title"] for each in dashboard["panels"]
    ]
    by_id = {each["id"]: each for each in shown["answers"]}
    assert by_id["events"]["events"]["items"][0]["name"] == "table.loaded"
    assert by_id["logs"]["logs"]["items"][0]["message"] == "disk full"
    assert len(by_id["runs"]["runs"]["items"]) == 1
    assert answer["Cache-Control"] == "no-store"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["X-Frame-Options"] == "DENY"


def test_it_tells_nothing_of_what_is_behind(shared, alice, workspace, busy):
    dashboard, link = shared

    text = visit(token_of(link)).content.decode()

    for secret in (
        str(busy.id),
        str(workspace.id),
        workspace.slug,
        workspace.name,
        dashboard["id"],
        link["id"],
        alice.user.email,
        alice.user.name,
        "WARNING",  # what the lines of logs are narrowed to
        "table.*",
    ):
        assert secret not in text, secret


def test_the_token_is_told_once_and_kept_as_a_hash(api, alice, shared):
    dashboard, link = shared
    token = token_of(link)

    [listed] = api(alice).get(f"dashboards/{dashboard['id']}/links").json()["items"]

    assert "address" not in listed
    assert token.startswith(listed["token_start"])
    with as_worker():
        [row] = DashboardLink.objects.values()
    assert token not in json.dumps(row, default=str)
    assert token not in json.dumps(
        redacted({"url": f"https://x/shared/{token}?a=b", "path": f"/api/v1/shared/{token}"})
    )
    assert redacted("GET /api/v1/shared/made-up HTTP/1.1") == (
        "GET /api/v1/shared/[redacted] HTTP/1.1"
    )


def test_one_answer_for_wrong_ended_and_revoked_links_and_where_none_are_allowed(
    api, alice, workspace, shared
):
    dashboard, link = shared
    client = api(alice)
    revoked, over, archived = (share(client, dashboard) for _ in range(3))
    client.delete(f"dashboards/{dashboard['id']}/links/{revoked['id']}")
    with as_worker():
        DashboardLink.objects.filter(id=over["id"]).update(expires_at=utc_now())

    def told(token):
        answer = visit(token)
        error = answer.json()["error"]
        error.pop("request_id")  # each has its own
        return answer.status_code, json.dumps(error)

    last = token_of(link)[-1]
    wrong = token_of(link)[:-1] + ("a" if last != "a" else "b")
    unknown = "hws_" + "0" * 49
    answers = {told(token) for token in (token_of(revoked), token_of(over), wrong, unknown, "x")}
    allow(client, False)
    answers.add(told(token_of(link)))
    allow(client)
    assert visit(token_of(link)).status_code == 200
    client.post("archival")
    answers.add(told(token_of(archived)))

    [(status, body)] = answers
    assert status == 404
    assert json.loads(body)["code"] == "not_found"


@pytest.mark.parametrize(
    "token",
    ["%00", "%ED%A0%80", "hws_%00", "hws_" + "é" * 49, "hws_" + "0" * 5_000, "..", "hw_x", "%2F"],
    ids=["nul", "surrogate", "nul in one", "accents", "long", "dots", "a key's", "slash"],
)
def test_hostile_tokens_are_not_found(token, db):
    assert visit(token).status_code == 404


def test_networks_of_the_account_hold_for_links(api, alice, workspace, shared):
    _, link = shared
    with as_worker():
        Account.objects.filter(id=workspace.account_id).update(
            allowed_networks=[{"cidr": "203.0.113.0/24", "note": ""}]
        )

    assert visit(token_of(link)).status_code == 404


def test_links_are_off_until_an_owner_allows_them(api, alice, workspace):
    developer = join("dora@example.com", workspace, "DEVELOPER")
    dashboard = make(api(alice), TEXT)
    path = f"dashboards/{dashboard['id']}/links"

    assert api(developer).get("dashboards/sharing").json() == {
        "allowed": False,
        "allowed_at": None,
        "allowed_by": None,
    }
    assert api(developer).put("dashboards/sharing", {"allowed": True}).status_code == 403
    refused = api(alice).post(path, {"version": 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "sharing_not_allowed")
    assert allow(api(alice))["allowed_by"] == "Alice"
    allow(api(alice))

    assert api(developer).post(path, {"version": 1}).status_code == 201
    assert actions() == ["workspace.sharing_changed", "dashboard.shared"]


def test_who_may_only_look_shares_and_revokes_nothing(api, bob, shared):
    dashboard, link = shared
    path = f"dashboards/{dashboard['id']}/links"

    assert len(api(bob).get(path).json()["items"]) == 1
    for answer in (
        api(bob).post(path, {"version": 1}),
        api(bob).patch(f"{path}/{link['id']}", {"version": 1}),
        api(bob).delete(f"{path}/{link['id']}"),
    ):
        assert answer.status_code == 403
    assert visit(token_of(link)).status_code == 200


@pytest.mark.parametrize("panel", [RUNS, LOGS], ids=["runs", "logs"])
def test_nobody_shares_what_they_may_not_see(api, alice, panel):
    allow(api(alice))
    key = make_key(alice, scopes=[Scope.TELEMETRY_READ, Scope.TELEMETRY_MANAGE])
    dashboard = make(api(alice), panel)

    answer = api(key, alice.workspace).post(f"dashboards/{dashboard['id']}/links", {"version": 1})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
    with as_worker():
        assert not DashboardLink.objects.exists()


def test_what_is_changed_later_is_not_seen_until_somebody_shows_it(api, alice, busy):
    client = api(alice)
    allow(client)
    dashboard = make(client, TEXT)
    link = share(client, dashboard)
    path = f"dashboards/{dashboard['id']}"
    client.patch(path, {"version": 1, "name": "More", "panels": placed(TEXT, LOGS)})

    before = visit(token_of(link)).json()
    stale = client.patch(f"{path}/links/{link['id']}", {"version": 1})
    changed = client.patch(f"{path}/links/{link['id']}", {"version": 2})
    after = visit(token_of(link)).json()

    assert (before["name"], [each["kind"] for each in before["panels"]]) == ("Loads", ["text"])
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "dashboard_changed")
    assert changed.json()["version"] == 2
    assert (after["name"], [each["kind"] for each in after["panels"]]) == ("More", ["text", "logs"])
    assert actions()[-1] == "dashboard.share_changed"


def test_variables_and_the_time_are_what_was_shared(api, alice, busy):
    client = api(alice)
    allow(client)
    dashboard = make(client, NARROW, variables=[BY_TABLE])
    link = share(client, dashboard, chosen={"table": ["planes"]}, range="6h")

    answer = Client().get(
        f"/api/v1/shared/{token_of(link)}?v=table%3Dflights&table=flights&range=30d&from=2020-01-01"
    )

    shown = answer.json()
    [line] = shown["answers"][0]["chart"]["results"][0]["series"]
    assert sum(value or 0 for _, value in line["points"]) == 3
    assert shown["range"] == "6h"
    assert "where" not in json.dumps(shown["panels"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"version": 0}, "version"),
        ({"version": "x"}, "version"),
        ({"version": 2**40}, "version"),
        ({}, "version"),
        ({"version": 1, "range": "1y"}, "range"),
        ({"version": 1, "chosen": {"who": ["x"]}}, "chosen"),
        ({"version": 1, "chosen": {"table": ["\x00"]}}, "chosen.table"),
        ({"version": 1, "chosen": "table"}, "chosen"),
        ({"version": 1, "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"version": 1, "expires_at": "9999-12-31T23:59:59Z"}, "expires_at"),
        ({"version": 1, "expires_at": "soon"}, "expires_at"),
        ({"version": 1, "token": "mine"}, "token"),
    ],
    ids=str,
)
def test_what_cannot_be_shared_is_refused_by_place(api, alice, body, field):
    allow(api(alice))
    dashboard = make(api(alice), NARROW, variables=[BY_TABLE])

    answer = api(alice).post(f"dashboards/{dashboard['id']}/links", body)

    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    with as_worker():
        assert not DashboardLink.objects.exists()


def test_a_link_ends_when_it_was_said_to(api, alice, workspace):
    allow(api(alice))
    now = utc_now()
    link = share(
        api(alice), make(api(alice), TEXT), expires_at=(now + timedelta(hours=1)).isoformat()
    )

    assert visit(token_of(link)).status_code == 200
    with pytest.raises(NothingShared):
        services.open_link(token=token_of(link), address="192.0.2.1", now=now + timedelta(hours=1))


def test_links_go_with_their_dashboard(api, alice):
    client = api(alice)
    allow(client)
    [first] = client.get("dashboards").json()["items"]
    links = [share(client, make(client, TEXT)), share(client, first)]

    for row in client.get("dashboards").json()["items"]:
        client.delete(f"dashboards/{row['id']}")

    assert [visit(token_of(link)).status_code for link in links] == [404, 404]
    with as_worker():
        assert not DashboardLink.objects.exists()


def test_a_rival_neither_lists_nor_revokes(api, mallory, rival_workspace, shared):
    dashboard, link = shared
    own = make(api(mallory), TEXT)

    for path in (f"dashboards/{dashboard['id']}/links", f"dashboards/{own['id']}/links"):
        assert api(mallory).delete(f"{path}/{link['id']}").status_code == 404
    assert api(mallory).get(f"dashboards/{dashboard['id']}/links").status_code == 404
    assert visit(token_of(link)).status_code == 200


def test_a_dashboard_has_so_many_links_and_no_more(api, alice, workspace):
    allow(api(alice))
    dashboard = make(api(alice), TEXT)
    with workspace_scope(workspace.id):
        DashboardLink.objects.bulk_create(
            DashboardLink(
                workspace_id=workspace.id,
                dashboard_id=dashboard["id"],
                token_hash=str(number),
                version=1,
                range="1h",
            )
            for number in range(20)
        )

    answer = api(alice).post(f"dashboards/{dashboard['id']}/links", {"version": 1})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many_links")


def test_who_opens_it_too_often_has_to_wait(valkey, api, alice):
    allow(api(alice))
    token = token_of(share(api(alice), make(api(alice), TEXT)))

    # More than the sixty of a minute: some come back while the others are asked for.
    answers = [visit(token) for _ in range(150)]

    assert {answer.status_code for answer in answers[:50]} == {200}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0]["Retry-After"]) >= 1
