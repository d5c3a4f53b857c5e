"""The routes of costs, as a browser calls them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.costs.models import Price
from apps.tenancy.isolation import workspace_scope
from tests.factories.costs import count, llm_call, make_price, store, used
from tests.factories.dispatch import local_run, make_deployment, running

PRICE = {
    "kind": "model",
    "pattern": "acme-*",
    "unit": "output_tokens",
    "price": "2.5",
    "currency": "EUR",
    "valid_from": "2026-01-01",
}


@pytest.fixture
def web(api, alice):
    """Alice's browser."""
    return api(alice)


@pytest.fixture
def spent(workspace):
    """Two runs: one of a team's deployment with a price, one by hand with an unknown model."""
    team = {"kind": "team", "id": str(uuid7()), "name": "Data"}
    with workspace_scope(workspace.id):
        make_price(workspace)
        deployment = make_deployment(workspace, owners=[team])
        first, second = running(deployment, workspace), local_run(workspace)
        store(
            workspace,
            [
                llm_call(first.id, sent=1_500, received=0),
                llm_call(second.id, "acme-unknown", sent=7, received=0),
                used(
                    "query.executed",
                    {"bytes_billed": 2**40, "warehouse": "bigquery"},
                    run_id=second.id,
                ),
            ],
        )
        count(workspace)
    return {"deployment": deployment, "team": team, "first": first, "second": second}


def test_a_run_tells_what_it_is_made_of(web, spent):
    cost = web.get(f"runs/{spent['first'].id}/cost").json()

    assert cost["money"] == [{"currency": "USD", "amount": "0.015000", "by_example": "0.000000"}]
    assert cost["unpriced"] == []
    assert cost["lines"] == [
        {
            "kind": "model",
            "subject": "acme-large",
            "unit": "input_tokens",
            "quantity": "1500",
            "count": 1,
            "amount": "0.015000",
            "currency": "USD",
            "price": "10",
            "per": "1000000",
            "is_example": False,
            "is_free": False,
        }
    ]


def test_what_nobody_knows_the_price_of_is_shown_as_such(web, spent):
    cost = web.get(f"runs/{spent['second'].id}/cost").json()

    assert cost["unpriced"] == [
        {"subject": "acme-unknown", "unit": "input_tokens", "quantity": "7"}
    ]
    assert cost["money"] == [{"currency": "USD", "amount": "6.250000", "by_example": "6.250000"}]
    assert [line["amount"] for line in cost["lines"]] == ["6.250000", None]


def test_a_run_that_used_nothing(web, workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)

    assert web.get(f"runs/{run.id}/cost").json() == {"money": [], "unpriced": [], "lines": []}
    assert web.get(f"runs/{uuid7()}/cost").status_code == 404


@pytest.mark.parametrize("by", ["deployment", "team", "model", "month", "kind"])
def test_groups_add_up_to_the_total(web, spent, by):
    costs = web.get(f"costs?by={by}").json()

    amounts = [float(money["amount"]) for group in costs["groups"] for money in group["money"]]
    assert sum(amounts) == pytest.approx(6.265)
    assert costs["total"]["money"] == [
        {"currency": "USD", "amount": "6.265000", "by_example": "6.250000"}
    ]


def test_groups_say_what_they_stand_for(web, spent):
    by = {
        group["label"]: (group["id"], group["flow_id"])
        for name in ("deployment", "team")
        for group in web.get(f"costs?by={name}").json()["groups"]
    }

    assert by == {
        "load/main": (str(spent["deployment"].id), None),
        "local": (None, str(spent["second"].flow_id)),
        "Data": (spent["team"]["id"], None),
        "no team": (None, None),
    }


def test_a_price_that_is_said_later_counts_for_what_was_used_before(web, spent):
    web.post(
        "prices", PRICE | {"pattern": "acme-unknown", "unit": "input_tokens", "price": "1000000"}
    )

    total = web.get("costs").json()["total"]

    assert total["unpriced"] == []
    assert {"currency": "EUR", "amount": "7.000000", "by_example": "0.000000"} in total["money"]


def test_days_before_a_change_keep_their_price(web, workspace):
    today = utc_now().date()
    with workspace_scope(workspace.id):
        run = local_run(workspace)
        make_price(workspace)
        make_price(workspace, price=20, valid_from=today)
        days = [utc_now() - timedelta(days=back) for back in (2, 1, 0)]
        store(workspace, [llm_call(run.id, sent=1_000_000, received=0, at=day) for day in days])
        count(workspace)

    since = (today - timedelta(days=2)).isoformat()
    total = web.get(f"costs?from={since}&to={today.isoformat()}").json()["total"]

    assert [money["amount"] for money in total["money"]] == ["40.000000"]
    lines = web.get(f"runs/{run.id}/cost").json()["lines"]
    assert [(line["quantity"], line["price"]) for line in lines] == [
        *([("2000000", "10"), ("1000000", "20")])
    ]


def test_other_days_cost_nothing(web, spent):
    costs = web.get("costs?from=2026-01-01&to=2026-01-31").json()

    assert costs["groups"] == []
    assert costs["total"] == {"money": [], "quantities": [], "unpriced": []}


@pytest.mark.parametrize(
    "query",
    [
        "by=person",
        "from=2026-02-30",
        "from=2026-02-02&to=2026-02-01",
        "from=0001-01-01&to=0001-01-02",
        "from=1990-01-01&to=2026-01-01",
        "to=9999-12-31",
        "from=%00",
        "since=2026-01-01",
    ],
)
def test_what_cannot_be_asked(web, query):
    assert web.get(f"costs?{query}").status_code == 400


def test_prices_are_made_changed_and_taken_away(web):
    made = web.post("prices", PRICE)
    assert made.status_code == 201
    price = made.json()
    assert price["per"] == "1000000"
    changed = web.patch(f"prices/{price['id']}", {"price": "3"}).json()
    assert changed == price | {"price": "3", "updated_at": changed["updated_at"]}
    listed = web.get("prices").json()
    assert listed["items"] == [changed]
    assert any(example["pattern"] == "gpt-4o*" for example in listed["examples"])

    assert web.delete(f"prices/{price['id']}").status_code == 204

    assert web.get("prices").json()["items"] == []
    assert web.delete(f"prices/{price['id']}").status_code == 404


def test_one_price_of_a_pattern_unit_and_day(web):
    web.post("prices", PRICE)
    other = web.post("prices", PRICE | {"valid_from": "2026-02-01"}).json()

    again = web.post("prices", PRICE | {"pattern": "ACME-*"})
    onto = web.patch(f"prices/{other['id']}", {"valid_from": "2026-01-01"})

    assert (again.status_code, onto.status_code) == (409, 409)
    assert again.json()["error"]["code"] == "price_exists"
    assert len(web.get("prices").json()["items"]) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "people"},
        {"unit": "credits"},
        {"price": "-1"},
        {"price": "NaN"},
        {"price": "Infinity"},
        {"price": "1e400"},
        {"price": 10**40},
        {"price": "0.0000000001"},
        {"price": True},
        {"price": None},
        {"currency": "usd"},
        {"currency": "EURO"},
        {"currency": 7},
        {"pattern": ""},
        {"pattern": "a\0b"},
        {"pattern": "a\ud800"},
        {"pattern": "x" * 201},
        {"pattern": "****"},
        {"pattern": ["x"]},
        {"valid_from": "0001-01-01"},
        {"valid_from": "9999-12-31"},
        {"valid_from": "soon"},
        {"extra": 1},
    ],
    ids=json.dumps,
)
def test_prices_that_are_none(web, workspace, changes):
    answer = web.post("prices", PRICE | changes)

    assert answer.status_code == 400, answer.content
    with workspace_scope(workspace.id):
        assert not Price.objects.exists()


def test_a_viewer_looks_and_changes_nothing(web, api, bob):
    price = web.post("prices", PRICE).json()
    theirs = api(bob)

    assert theirs.get("prices").status_code == 200
    assert theirs.get("costs").status_code == 200
    for answer in (
        theirs.post("prices", PRICE | {"pattern": "x"}),
        theirs.patch(f"prices/{price['id']}", {"price": "0"}),
        theirs.delete(f"prices/{price['id']}"),
    ):
        assert answer.status_code == 403


def runs_of(web, **asked):
    return web.get("costs/runs?" + "&".join(f"{name}={value}" for name, value in asked.items()))


def test_each_amount_leads_to_the_runs_that_make_it(web, spent):
    first, second = str(spent["first"].id), str(spent["second"].id)
    for by in ("deployment", "team", "model", "kind", "month"):
        for group in web.get(f"costs?by={by}").json()["groups"]:
            found = runs_of(web, by=by, key=group["key"]).json()
            total = sum(float(money["amount"]) for run in found["runs"] for money in run["money"])
            assert total == pytest.approx(sum(float(m["amount"]) for m in group["money"])), group
            assert found["total"] == len(found["runs"]) > 0

    month = runs_of(web, by="month", key=f"{utc_now():%Y-%m}").json()
    assert [run["run_id"] for run in month["runs"]] == [second, first]
    assert month["runs"][1] | {"name": "", "created_at": ""} == {
        "run_id": first,
        "name": "",
        "flow": "load",
        "deployment": "main",
        "state": "RUNNING",
        "created_at": "",
        "money": [{"currency": "USD", "amount": "0.015000"}],
    }
    unknown = runs_of(web, by="model", key="model:acme-unknown").json()
    assert [(run["run_id"], run["money"]) for run in unknown["runs"]] == [(second, [])]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"by": "deployment", "key": "x"}, 200),
        ({"by": "deployment", "key": str(uuid7())}, 200),
        ({"by": "team", "key": "x"}, 200),
        ({"by": "model", "key": ":"}, 200),
        ({"by": "model", "key": "%00"}, 400),
        ({"by": "model", "key": "%ed%a0%80"}, 200),
        ({"by": "model", "key": "m" * 221}, 400),
        ({"by": "model"}, 400),
        ({"key": "x"}, 400),
        ({"by": "model", "key": "x", "from": "2026-02-30"}, 400),
        ({"by": "model", "key": "x", "from": "9999-12-31"}, 400),
    ],
    ids=[
        *("no id", "nobody", "no team", "no model", "NUL", "a lone surrogate", "too long"),
        *("no key", "no group", "no day", "out of all time"),
    ],
)
def test_runs_that_there_are_none_of(web, spent, asked, status):
    answer = runs_of(web, **asked)

    assert answer.status_code == status, answer.content
    assert status != 200 or answer.json()["runs"] == []


def test_routes_answer_with_few_queries(web, spent, django_assert_max_num_queries):
    web.get("costs")
    with django_assert_max_num_queries(8):
        web.get("costs?by=deployment")
    with django_assert_max_num_queries(11):
        web.get("costs/runs?by=kind&key=model")
    with django_assert_max_num_queries(8):
        web.get(f"runs/{spent['first'].id}/cost")
