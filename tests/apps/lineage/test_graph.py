"""The graph around a thing, who is affected, and what its page tells."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.errors import NotFound
from apps.lineage import selectors, services
from apps.lineage.errors import AliasRefused
from apps.lineage.roles import Direction
from apps.lineage.selectors import Look
from apps.lineage.selectors import graph as graph_module
from tests.factories.lineage import START, build, dump, event, party, resource_id, store

NS = "bigquery"


def table(name):
    return ("table", NS, f"p.d.{name}")


def job(name, reads=(), writes=(), minute=0):
    """A job that reads some tables and writes others."""
    return event(
        "openlineage.run.complete",
        minute=minute,
        resource=("job", "dbt", name),
        related=[
            *(party("reads", "table", f"p.d.{each}", NS) for each in reads),
            *(party("writes", "table", f"p.d.{each}", NS) for each in writes),
        ],
    )


def asks(who, name, minute=0):
    return event(
        minute=minute,
        payload={"text": f"SELECT * FROM d.{name}", "user": who},
        related=[party("reads", "table", f"p.d.{name}", NS)],
    )


@pytest.fixture
def stack(in_workspace):
    """raw → staged → mart → a dashboard, and people who read them."""
    store(
        in_workspace,
        [
            job("stage", reads=["raw"], writes=["staged"]),
            job("build", reads=["staged"], writes=["mart"], minute=60),
            event(
                "dashboard.viewed",
                minute=90,
                resource=("dashboard", "bi", "Sales"),
                related=[party("reads", "table", "p.d.mart", NS)],
            ),
            asks("maria", "mart"),
            asks("maria", "staged"),
            # She loads a table by hand: what she reads does not flow into it.
            event(
                "table.loaded",
                resource=table("notes"),
                related=[party("user", "user", "maria")],
            ),
            event(
                "table.described",
                resource=table("mart"),
                related=[party("owner", "user", "jonas")],
            ),
        ],
    )
    build(in_workspace)
    return in_workspace


def around(workspace, name, **look):
    graph = selectors.get_graph(
        workspace_id=workspace.id, focus_id=resource_id(workspace, *table(name)), look=Look(**look)
    )
    return graph, {node.resource.label.removeprefix("p.d."): node.level for node in graph.nodes}


def test_a_graph_goes_both_ways_level_by_level(stack):
    graph, levels = around(stack, "staged", depth=2)

    assert levels == {"raw": -2, "stage": -1, "staged": 0, "build": 1, "maria": 1, "mart": 2}
    names = {node.resource.id: node.resource.label for node in graph.nodes}
    flowing = {(names[each.source_id], names[each.target_id]) for each in graph.lines if each.flows}
    assert flowing >= {
        ("p.d.raw", "stage"),
        ("stage", "p.d.staged"),
        ("p.d.staged", "build"),
        ("build", "p.d.mart"),
        ("p.d.staged", "maria"),
    }


def test_data_does_not_flow_through_people(stack):
    _, levels = around(stack, "staged", direction=Direction.DOWN, depth=6)

    assert "notes" not in levels
    assert levels["Sales"] == 3


def test_what_is_not_shown_is_counted(stack):
    graph, levels = around(stack, "raw", direction=Direction.DOWN, depth=2)

    assert levels == {"raw": 0, "stage": 1, "staged": 2}
    staged = next(node for node in graph.nodes if node.resource.label == "p.d.staged")
    assert (staged.more_down, staged.more_up) == (2, 0)


def test_a_look_at_a_time_sees_the_relations_of_that_time(stack):
    _, early = around(stack, "staged", until=START + timedelta(minutes=30))
    _, late = around(stack, "staged", since=START + timedelta(minutes=30))

    assert set(early) == {"raw", "stage", "staged", "maria"}
    assert set(late) == {"staged", "build", "mart"}


def test_queries_are_shown_only_when_asked_for(stack):
    _, without = around(stack, "mart", direction=Direction.DOWN, depth=1)
    _, with_them = around(stack, "mart", direction=Direction.DOWN, depth=1, kinds=["query"])

    assert set(with_them) - set(without) == {"SELECT * FROM d.mart"}


def test_a_self_check_is_no_reading(in_workspace):
    store(in_workspace, [job("load", reads=["orders"], writes=["orders"])])
    build(in_workspace)

    graph, levels = around(in_workspace, "orders", direction=Direction.DOWN)

    assert levels == {"orders": 0}
    assert graph.nodes[0].more_down == 0


def test_cycles_end(in_workspace):
    store(in_workspace, [job("a", ["x"], ["y"]), job("b", ["y"], ["x"])])
    build(in_workspace)

    _, levels = around(in_workspace, "x", depth=6)

    assert set(levels) == {"x", "y", "a", "b"}


def test_what_is_on_both_sides_is_walked_on_from_in_both(in_workspace):
    store(
        in_workspace,
        [
            job("forth", reads=["hub"], writes=["beyond"]),
            job("back", reads=["beyond"], writes=["hub"]),
            job("further", reads=["beyond"], writes=["mart"]),
        ],
    )
    build(in_workspace)

    for direction in (Direction.BOTH, Direction.DOWN):
        _, levels = around(in_workspace, "hub", depth=4, direction=direction)
        assert {"beyond", "mart", "further"} <= levels.keys()
        assert levels["mart"] == 4


def test_many_sources_leave_room_for_those_who_depend(in_workspace, monkeypatch):
    monkeypatch.setattr(graph_module, "MAX_NODES", 20)
    store(
        in_workspace,
        [
            *(job(f"up{n}", reads=[f"a{n}", f"b{n}"], writes=["hub"]) for n in range(25)),
            job("down", reads=["hub"], writes=["mart"]),
        ],
    )
    build(in_workspace)

    graph, levels = around(in_workspace, "hub", depth=2)

    assert graph.truncated
    assert len(levels) == 20
    assert levels["down"] == 1


def test_a_busy_table_shows_some_and_counts_the_rest(in_workspace):
    store(in_workspace, [asks(f"analyst{n}", "orders") for n in range(40)])
    build(in_workspace)

    graph, levels = around(in_workspace, "orders", direction=Direction.DOWN, depth=3)

    assert len(levels) == 1 + graph_module.PER_NODE
    assert graph.nodes[0].more_down == 40 - graph_module.PER_NODE


def test_the_number_of_statements_hangs_on_the_depth_only(in_workspace):
    def statements(width):
        store(
            in_workspace,
            [
                each
                for n in range(width)
                for each in (job(f"j{n}", ["hub"], [f"t{n}"]), asks(f"who{n}", f"t{n}"))
            ],
        )
        build(in_workspace)
        with CaptureQueriesContext(connection) as captured:
            around(in_workspace, "hub", depth=3)
        return len(captured)

    assert statements(1) == statements(20)


def test_columns_of_the_focus_and_what_they_are_made_of(in_workspace):
    lineage = {
        "fields": {
            "n": {"inputFields": [{"namespace": NS, "name": "p.d.raw", "field": "id"}]},
            "day": {"inputFields": [{"namespace": NS, "name": "p.d.raw", "field": "at"}]},
        }
    }
    store(
        in_workspace,
        [
            event(
                "openlineage.run.complete",
                resource=("job", "dbt", "build"),
                payload={
                    "outputs": [
                        {"namespace": NS, "name": "p.d.mart", "facets": {"columnLineage": lineage}}
                    ]
                },
            )
        ],
    )
    build(in_workspace)

    graph, levels = around(in_workspace, "mart", direction=Direction.UP, columns=True, depth=1)

    assert {name for name in levels if "." in name} == {"mart.n", "mart.day", "raw.id", "raw.at"}
    names = {node.resource.id: node.resource.label for node in graph.nodes}
    assert ("raw.id", "mart.n") in {
        (names[line.source_id], names[line.target_id]) for line in graph.lines
    }


def _columns_told(workspace):
    """staged.total is made of raw.price."""
    source = {"namespace": NS, "name": "p.d.raw", "field": "price"}
    facet = {"fields": {"total": {"inputFields": [source]}}}
    store(
        workspace,
        [
            event(
                "openlineage.run.complete",
                resource=("job", "dbt", "stage"),
                payload={
                    "outputs": [
                        {"namespace": NS, "name": "p.d.staged", "facets": {"columnLineage": facet}}
                    ]
                },
            )
        ],
    )
    build(workspace)
    return [
        resource_id(workspace, "column", NS, f"p.d.{name}")
        for name in ("raw#price", "staged#total")
    ]


def test_a_column_in_the_focus_shows_columns_unasked(in_workspace):
    price, total = _columns_told(in_workspace)

    graph = selectors.get_graph(workspace_id=in_workspace.id, focus_id=price, look=Look(depth=2))
    impact = selectors.get_impact(workspace_id=in_workspace.id, resource_ids=[price])

    assert [(node.resource.id, node.level) for node in graph.nodes] == [(price, 0), (total, 1)]
    assert [each.resource.id for each in impact.affected] == [total]


def test_a_write_that_nobody_signed_is_a_write(in_workspace):
    store(
        in_workspace,
        [
            event("table.loaded", minute=10, resource=table("orders")),
            event("table.described", minute=20, resource=table("orders")),
            event(
                "query.executed",
                minute=30,
                related=[party("writes", "table", "p.d.planes", NS)],
            ),
        ],
    )
    build(in_workspace)

    written = [
        selectors.get_resource_page(
            workspace_id=in_workspace.id, resource_id=resource_id(in_workspace, *table(name))
        ).written_at
        for name in ("orders", "planes")
    ]

    assert written == [START + timedelta(minutes=10), START + timedelta(minutes=30)]


def test_a_neighbour_of_two_names_stands_there_once(stack):
    store(
        stack,
        [
            event(
                "dashboard.viewed",
                minute=200,
                resource=("dashboard", "bi", "Sales (new)"),
                related=[party("reads", "table", "p.d.mart", NS)],
            )
        ],
    )
    build(stack)
    dashboards = [resource_id(stack, "dashboard", "bi", name) for name in ("Sales (new)", "Sales")]
    merge(stack, "", "", alias_id=dashboards[0], target_id=dashboards[1])

    readers = selectors.get_resource_page(
        workspace_id=stack.id, resource_id=resource_id(stack, *table("mart"))
    ).readers

    assert [each.resource.label for each in readers.items] == ["Sales", "maria"]
    assert readers.total == 2
    assert (readers.items[0].count, readers.items[0].last_seen) == (
        2,
        START + timedelta(minutes=200),
    )


def test_who_is_affected_when_a_table_is_late(stack):
    impact = selectors.get_impact(
        workspace_id=stack.id, resource_ids=[resource_id(stack, *table("raw"))]
    )

    found = {(each.resource.label.removeprefix("p.d."), each.distance) for each in impact.affected}
    assert found == {
        ("stage", 1),
        ("staged", 2),
        ("build", 3),
        ("maria", 3),
        ("mart", 4),
        ("Sales", 5),
    }
    [(owner, owns)] = impact.owners
    assert owner.label == "jonas"
    assert owns == [resource_id(stack, *table("mart"))]


def test_the_page_of_a_table(stack):
    store(
        stack,
        [
            event("table.loaded", minute=n, resource=table("mart"), payload=payload)
            for n, payload in (
                (0, {"rows": 10, "columns": [{"name": "id", "type": "int"}]}),
                (70, {"rows": 12, "columns": ["id", {"name": "day", "type": "date"}]}),
                (140, {"rows": 9, "columns": [{"name": "day", "type": "text"}]}),
            )
        ],
    )
    build(stack)

    page = selectors.get_resource_page(
        workspace_id=stack.id, resource_id=resource_id(stack, *table("mart"))
    )

    assert {each.resource.label for each in page.readers.items} == {"maria", "Sales"}
    assert [each.resource.label for each in page.writers.items] == ["build"]
    assert [each.text for each in page.queries.items] == ["SELECT * FROM d.mart"]
    assert [each.resource.label for each in page.owners.items] == ["jonas"]
    assert page.written_at == START + timedelta(minutes=140)
    assert [row.value for row in page.readings["rows"]] == [10, 12, 9]
    last, first = page.schema.changes
    assert (first.added, first.removed, first.breaks_readers) == (["day"], [], False)
    assert (last.removed, last.retyped, last.breaks_readers) == (
        ["id"],
        [("day", "date", "text")],
        True,
    )


def merge(workspace, alias, target, **changes):
    return services.make_alias(
        **{
            "workspace_id": workspace.id,
            "alias_id": resource_id(workspace, *table(alias)),
            "target_id": resource_id(workspace, *table(target)),
            "created_by": None,
            "now": utc_now(),
        }
        | changes
    )


def test_an_alias_is_shown_as_what_it_stands_for_and_parts_without_loss(stack):
    store(stack, [asks("priya", "mart_v2"), asks("maria", "mart_v2")])
    build(stack)
    before = dump(stack)

    alias = merge(stack, "mart_v2", "mart")

    graph, levels = around(stack, "mart_v2", direction=Direction.DOWN, depth=1)
    assert graph.focus_id == resource_id(stack, *table("mart"))
    assert set(levels) == {"mart", "maria", "priya", "Sales"}
    lines = {
        next(n.resource.label for n in graph.nodes if n.resource.id == line.target_id): line.count
        for line in graph.lines
        if line.flows
    }
    assert lines["maria"] == 2
    page = selectors.get_resource_page(
        workspace_id=stack.id, resource_id=resource_id(stack, *table("mart"))
    )
    assert {each.resource.label for each in page.readers.items} == {"maria", "priya", "Sales"}

    services.take_alias_back(workspace_id=stack.id, alias_id=alias.id)
    assert dump(stack) == before
    assert set(around(stack, "mart", direction=Direction.DOWN, depth=1)[1]) == {
        "mart",
        "maria",
        "Sales",
    }


def test_the_page_of_a_thing_says_what_was_last_told_of_it_under_any_name(stack):
    store(stack, [described("mart", "older", 100), described("mart_v2", "newer", 101)])
    build(stack)

    merge(stack, "mart_v2", "mart")

    page = selectors.get_resource_page(
        workspace_id=stack.id, resource_id=resource_id(stack, *table("mart"))
    )
    assert page.facets["description"].value == "newer"


def described(name, words, minute):
    kind, namespace, full = table(name)
    about = {"namespace": namespace, "name": full}
    return event(
        "openlineage.dataset",
        minute=minute,
        resource=(kind, namespace, full),
        payload={"dataset": about | {"facets": {"documentation": {"description": words}}}},
        source="openlineage",
    )


def test_aliases_are_refused_where_they_would_make_chains(stack):
    store(stack, [event("note", resource=table(name)) for name in ("a", "b", "c")])
    build(stack)
    merge(stack, "a", "b")

    for alias, target in (("a", "c"), ("c", "a"), ("b", "c"), ("c", "c")):
        with pytest.raises(AliasRefused):
            merge(stack, alias, target)
    with pytest.raises(AliasRefused, match="cannot be one thing"):
        merge(stack, "c", "b", target_id=resource_id(stack, "user", None, "maria"))
    with pytest.raises(NotFound):
        merge(stack, "c", "b", target_id=uuid.uuid4())


def test_of_another_workspace_nothing_is_found(stack, rival_workspace):
    mart = resource_id(stack, *table("mart"))

    for read in (selectors.get_resource_page, selectors.get_resource):
        with pytest.raises(NotFound):
            read(workspace_id=rival_workspace.id, resource_id=mart)
    with pytest.raises(NotFound):
        selectors.get_graph(workspace_id=rival_workspace.id, focus_id=mart, look=Look())
    assert selectors.get_impact(workspace_id=rival_workspace.id, resource_ids=[mart]).affected == []
