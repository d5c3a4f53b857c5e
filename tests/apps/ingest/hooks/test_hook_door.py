"""The address of a webhook: who comes in, what cannot be read, what is counted."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from apps.core.clock import utc_now
from apps.ingest import limits, services
from apps.ingest.models import SeenDelivery, Webhook
from apps.tenancy.actors import PlanLimits
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.keys import new_secret
from apps.tenancy.services import set_limits
from tests.contracts.test_rivals import fingerprint
from tests.doors import CONDITIONS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "token",
    ["x", "hwh_" + "A" * 49, "hw_" + "A" * 49, "%00", "..%2f", "hwh_é"],
    ids=["short", "no checksum", "a key", "NUL", "a path", "no ASCII"],
)
def test_an_address_that_nobody_has_leads_nowhere(token, make_hook, workspace):
    make_hook("GENERIC")
    before = fingerprint(workspace.id)

    answer = Client().post(f"/hooks/{token}", b"{}", content_type="application/json")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert fingerprint(workspace.id) == before


def test_a_well_formed_token_that_nobody_has_leads_nowhere(make_hook):
    make_hook("GENERIC")

    answer = Client().post(f"/hooks/{new_secret('hwh_')}", b"{}", content_type="application/json")

    assert answer.status_code == 404


def test_the_door_takes_only_posts(make_hook):
    assert Client().get(make_hook("GENERIC").path).status_code == 405


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status", "code"),
    [
        (b"{", "application/json", "", 400, "invalid_request"),
        (b"\xff", "application/json", "", 400, "invalid_request"),
        (b"[" * 10_000, "application/json", "", 400, "invalid_request"),
        (b"{}", "text/html", "", 415, "unsupported_media"),
        (b"{}", "application/json", "br", 415, "unsupported_media"),
        (b"nothing packed", "application/json", "gzip", 400, "invalid_request"),
        (b"x" * (limits.SENT_BYTES + 1), "application/json", "", 413, "batch_too_large"),
    ],
    ids=["cut", "no UTF-8", "nested", "media", "packing", "no gzip", "too long"],
)
def test_bodies_that_cannot_be_read(make_hook, body, content_type, encoding, status, code):
    hook = make_hook("GENERIC")

    answer = hook.deliver(body, {"Content-Encoding": encoding}, content_type)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert hook.has_nothing()
    assert hook.refused() == {("webhook", code): 1}


def test_packed_bodies_are_read(make_hook):
    hook = make_hook("GENERIC")

    answer = hook.deliver(gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"})

    assert answer.json()["accepted"] == 1


def test_samples_show_no_secret(make_hook):
    hook = make_hook("GENERIC", secret="a secret of ours")
    hook.deliver({"password": "hunter2", "note": "kept"})

    (sample,) = hook.samples()
    assert "hunter2" not in sample["item"]
    assert "kept" in sample["item"]


def test_a_webhook_that_is_switched_off_takes_nothing(make_hook):
    hook = make_hook("GENERIC")
    hook.api.patch(f"webhooks/{hook.id}", {"enabled": False})

    off = hook.deliver({"a": 1})
    hook.api.patch(f"webhooks/{hook.id}", {"enabled": True})

    assert (off.status_code, off.json()["error"]["code"]) == (409, "webhook_disabled")
    assert hook.has_nothing()
    assert hook.deliver({"a": 1}).status_code == 200


@pytest.mark.parametrize("name", ["account archived", "workspace archived"])
def test_what_is_archived_takes_nothing(make_hook, workspace, name):
    hook = make_hook("GENERIC")
    CONDITIONS[name].turn_on(workspace)

    assert hook.deliver({"a": 1}).status_code == 403
    assert hook.has_nothing()


def test_networks_hold_where_no_signature_says_who_sends(make_hook, workspace):
    unsigned = make_hook("GENERIC")
    signed = make_hook("CUSTOM", template='{"name": "x"}', secret="a secret of ours")
    CONDITIONS["allowed_networks"].turn_on(workspace)

    assert unsigned.deliver({"a": 1}).json()["error"]["code"] == "address_not_allowed"
    assert signed.deliver({"a": 1}).json()["error"]["code"] == "bad_signature"
    assert unsigned.has_nothing()


def test_over_the_limit_a_sender_is_told_to_come_back(make_hook, workspace, valkey):
    hook = make_hook("GENERIC")
    set_limits(account_id=workspace.account_id, limits=PlanLimits(events_per_minute=2), hold=None)

    answers = [hook.deliver({"a": number}) for number in range(4)]

    assert [each.status_code for each in answers] == [200, 200, 429, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert hook.refused() == {}


def test_the_former_address_goes_on_until_the_overlap_ends(make_hook, workspace):
    hook = make_hook("GENERIC")
    rotated = hook.api.post(f"webhooks/{hook.id}/rotation", {"overlap_seconds": 60}).json()
    new = "/hooks/" + rotated["address"].rpartition("/")[2]

    assert hook.deliver({"a": 1}).status_code == 200
    with workspace_scope(workspace.id):
        Webhook.objects.update(former_until=utc_now() - timedelta(seconds=1))
    assert hook.deliver({"a": 1}).status_code == 404
    hook.path = new
    assert hook.deliver({"a": 1}).status_code == 200


def test_without_an_overlap_the_former_address_ends_at_once(make_hook):
    hook = make_hook("GENERIC")
    hook.api.post(f"webhooks/{hook.id}/rotation", {"overlap_seconds": 0})

    assert hook.deliver({"a": 1}).status_code == 404


def test_what_came_long_ago_is_forgotten(make_hook, workspace, as_worker):
    hook = make_hook("GENERIC")
    hook.deliver({"a": 1}, {"X-Delivery-Id": "old"})
    hook.deliver({"a": 1}, {"X-Delivery-Id": "new"})
    with workspace_scope(workspace.id):
        oldest = SeenDelivery.objects.order_by("created_at").first()
        SeenDelivery.objects.filter(pk=oldest.pk).update(created_at=utc_now() - timedelta(days=8))

    with as_worker():
        assert services.drop_old_deliveries(now=utc_now()) == 1


@pytest.mark.django_db(transaction=True)
def test_deliveries_that_come_together_are_each_counted(make_hook):
    hook = make_hook("GENERIC")

    def deliver(body):
        try:
            return hook.deliver(body).status_code
        finally:
            connection.close()

    bodies = [b"{" if number % 3 == 0 else b'{"n": %d}' % number for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(deliver, bodies))

    assert [answer < 400 for answer in answers] == [body != b"{" for body in bodies]
    now = hook.now()
    assert (now["received_count"], now["refused_count"]) == (40, 20)
    assert now["last_received_at"]
    assert now["last_refused_at"]


@pytest.mark.timeout(60)  # of each a look through all the others would take minutes
def test_a_body_of_very_many_members_is_refused(make_hook):
    hook = make_hook("GENERIC")

    answer = hook.deliver({f"member {number}": number for number in range(150_000)})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_taken")
    assert hook.refused() == {("webhook", "too_large"): 1}
