"""When a member was last here in person: written as they come in, and seldom."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.identity.models import User
from apps.tenancy import key_cache
from apps.tenancy.models import Account, Member, Workspace
from apps.tenancy.services import presence
from tests.factories.scim import make_scim
from tests.factories.tenancy import join, join_account, make_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def long_memory(monkeypatch):
    """What a process remembers of who came stays for the whole test, however slow it is."""
    monkeypatch.setattr(key_cache, "REMEMBERED_SECONDS", 3600.0)


def seen(person, workspace):
    rows = Member.objects.filter(account_id=workspace.account_id, user=person.user)
    return rows.values_list("last_seen_at", flat=True).get()


def set_seen(person, moment):
    Member.objects.filter(user=person.user).update(last_seen_at=moment)


def as_another_process():
    key_cache.forget_all()
    presence.forget_presence()


def writes(queries):
    return [each["sql"] for each in queries if each["sql"].startswith('UPDATE "tenancy_member"')]


@pytest.mark.parametrize("place", ["workspace", "account"])
def test_coming_in_is_noted(api, workspace, alice, bob, place):
    before = utc_now()
    path = {"workspace": "runs", "account": f"/api/v1/account/{workspace.account_id}/members"}

    assert api(bob).get(path[place]).status_code == 200

    assert before <= seen(bob, workspace) <= utc_now()
    assert seen(alice, workspace) is None


def test_it_moves_after_five_minutes_and_not_before(api, workspace, bob):
    client = api(bob)
    for ago, moves in ((timedelta(minutes=4), False), (timedelta(minutes=6), True)):
        set_seen(bob, utc_now() - ago)
        before = seen(bob, workspace)
        as_another_process()

        assert client.get("runs").status_code == 200

        assert (seen(bob, workspace) > before) is moves


def test_one_process_looks_once_in_five_minutes(api, workspace, bob, monkeypatch):
    client, clock = api(bob), [1_000.0]
    monkeypatch.setattr(presence, "monotonic", lambda: clock[0])
    presence.forget_presence()

    counted = []
    for passed in (0.0, 1.0, 298.0, 1.0):
        clock[0] += passed
        key_cache.forget_all()
        with CaptureQueriesContext(connection) as queries:
            assert client.get("runs").status_code == 200
        counted.append(len(writes(queries)))

    assert counted == [1, 0, 0, 1]


def test_who_is_remembered_is_let_in_without_a_write(api, workspace, bob):
    client = api(bob)
    client.get("runs")
    presence.forget_presence()
    set_seen(bob, None)

    with CaptureQueriesContext(connection) as queries:
        assert client.get("runs").status_code == 200

    assert writes(queries) == []
    assert seen(bob, workspace) is None


def test_a_key_is_nobody_in_person(api, workspace, bob):
    assert api(make_key(bob, role="VIEWER"), workspace).get("runs").status_code == 200

    assert seen(bob, workspace) is None


def test_who_is_refused_was_not_here(api, workspace, bob):
    carol = join_account("carol@acme.example", workspace)
    assert api(carol).get("runs").status_code == 404
    Account.objects.filter(pk=workspace.account_id).update(require_mfa=True)
    key_cache.forget_changed()

    assert api(bob).get("runs").status_code == 403

    assert (seen(carol, workspace), seen(bob, workspace)) == (None, None)


@pytest.mark.parametrize("archived", [Account, Workspace])
def test_what_is_archived_is_read_and_the_reader_seen(api, workspace, bob, archived):
    id_ = workspace.id if archived is Workspace else workspace.account_id
    archived.objects.filter(pk=id_).update(archived_at=utc_now())

    assert api(bob).get("runs").status_code == 200

    assert seen(bob, workspace) is not None


def test_people_whom_a_provider_made_are_seen_too(api, workspace, alice):
    made = make_scim(alice, "acme.example").add_user("dora@acme.example")
    member = Member.objects.get(pk=made["id"])
    assert member.last_seen_at is None
    client = api(alice)
    client.client.force_login(User.objects.get(pk=member.user_id))

    assert client.get(f"/api/v1/account/{workspace.account_id}").status_code == 200

    member.refresh_from_db()
    assert member.last_seen_at is not None


def test_the_list_of_who_was_not_seen_forgets_who_came(api, workspace, alice):
    bob = join("bob@acme.example", workspace, "VIEWER")
    Member.objects.update(last_seen_at=utc_now() - timedelta(days=100))
    url = f"/api/v1/account/{workspace.account_id}/members?unseen_days=90"
    assert {one["user"]["name"] for one in api(alice).get(url).json()["items"]} == {"Bob"}

    api(bob).get("runs")

    assert api(alice).get(url).json()["items"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("apps.telemetry.api.live_urls")
def test_who_reads_a_stream_is_here(workspace, bob):
    client = AsyncClient()
    client.force_login(bob.user)
    connection.close()

    async def read():
        response = await client.get(f"/workspaces/{workspace.slug}/streams/events")
        await response.streaming_content.aclose()
        return response.status_code

    assert asyncio.run(read()) == 200

    assert seen(bob, workspace) is not None
