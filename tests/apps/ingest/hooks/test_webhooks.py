"""Webhooks themselves: what may be set, what is shown once, who may."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.ingest.models import Webhook
from apps.ingest.services.webhooks import MAX_WEBHOOKS
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import AuditEntry
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db
TOPIC = "arn:aws:sns:eu-central-1:123456789012:lake"


def entries(action):
    with as_worker():
        return list(AuditEntry.objects.filter(action=action))


def test_address_and_secret_are_shown_once_and_kept_as_hash_and_cipher(api, alice, workspace):
    client = api(alice)

    made = client.post("webhooks", {"name": "repo", "preset": "GITHUB"}).json()

    token = made["address"].rpartition("/")[2]
    shown = client.get(f"webhooks/{made['id']}").json()
    (listed,) = client.get("webhooks").json()["items"]
    assert token.startswith("hwh_")
    assert shown == listed
    assert shown["address"].endswith(f"/hooks/{token[:8]}…")
    assert "secret" not in shown
    assert shown["signed"] is True
    with workspace_scope(workspace.id), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(w)::text FROM ingest_webhook w")
        (stored,) = cursor.fetchone()
    assert token not in stored
    assert made["secret"].encode().hex() not in stored
    assert made["secret"] not in stored
    (entry,) = entries("webhook.created")
    assert token not in str(entry.after)
    assert made["secret"] not in str(entry.after)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"preset": "STRIPE"}, {"secret"}),
        ({"preset": "SLACK", "secret": ""}, {"secret"}),
        ({"preset": "DBT_CLOUD", "secret": "short"}, {"secret"}),
        ({"preset": "DBT_CLOUD", "secret": "geheim für alle"}, {"secret"}),
        ({"preset": "SNS"}, {"topic_arn"}),
        ({"preset": "SNS", "topic_arn": "arn:aws:sqs:eu-central-1:123456789012:x"}, {"topic_arn"}),
        ({"preset": "SNS", "topic_arn": TOPIC, "secret": "a secret of ours"}, {"secret"}),
        ({"preset": "CUSTOM"}, {"template"}),
        ({"preset": "CUSTOM", "template": "{{ x }}"}, {"template"}),
        ({"preset": "GITHUB", "template": '{"name": "x"}'}, {"template"}),
        ({"preset": "GITHUB", "header": "x-mine"}, {"header"}),
        ({"preset": "GENERIC", "header": "not a header"}, {"header"}),
        ({"preset": "GENERIC", "topic_arn": TOPIC}, {"topic_arn"}),
        ({"preset": "NONE"}, {"preset"}),
        ({"preset": "GENERIC", "name": ""}, {"name"}),
        ({"preset": "GENERIC", "name": "a\x00b"}, {"name"}),
        ({"preset": "GENERIC", "unknown": 1}, {"unknown"}),
        ({"preset": "GENERIC", "enabled": "perhaps"}, {"enabled"}),
    ],
    ids=[
        *("no secret", "an empty one", "a short one", "not ASCII", "no topic", "no topic's name"),
        *("SNS has none", "no template", "a bad one", "no template there", "no header there"),
        *("a bad header", "no topic there", "preset", "no name", "NUL", "unknown", "no boolean"),
    ],
)
def test_settings_that_nobody_would_mind_are_refused(api, alice, body, fields):
    client = api(alice)

    answer = client.post("webhooks", {"name": "x"} | body)

    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == fields
    assert client.get("webhooks").json()["items"] == []
    assert entries("webhook.created") == []


def test_a_name_is_taken_once(api, alice):
    client = api(alice)
    client.post("webhooks", {"name": "x", "preset": "GENERIC"})

    answer = client.post("webhooks", {"name": "x", "preset": "GENERIC"})

    assert list(answer.json()["error"]["fields"]) == ["name"]


def test_changes_leave_entries_without_secrets(make_hook):
    hook = make_hook("GENERIC")

    hook.api.patch(f"webhooks/{hook.id}", {"secret": "a new secret", "enabled": False})

    (entry,) = entries("webhook.changed")
    assert "a new secret" not in str((entry.before, entry.after))
    assert (entry.before["enabled"], entry.after["enabled"]) == (True, False)
    now = hook.now()
    assert (now["signed"], now["enabled"]) == (True, False)


def test_a_secret_is_taken_away_only_where_one_may_be_without(make_hook):
    generic = make_hook("GENERIC", secret="a secret of ours")
    stripe = make_hook("STRIPE", secret="a secret of theirs")

    assert generic.api.patch(f"webhooks/{generic.id}", {"secret": None}).json()["signed"] is False
    assert stripe.api.patch(f"webhooks/{stripe.id}", {"secret": None}).status_code == 400
    assert stripe.now()["signed"] is True


def test_there_are_only_so_many(api, alice, workspace):
    with workspace_scope(workspace.id):
        Webhook.objects.bulk_create(
            Webhook(
                workspace_id=workspace.id,
                name=f"hook {number}",
                preset="GENERIC",
                token_hash=f"{number:064}",
                secret="",
            )
            for number in range(MAX_WEBHOOKS)
        )

    answer = api(alice).post("webhooks", {"name": "b", "preset": "GENERIC"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "webhook_limit")


def test_viewers_look_and_change_nothing(make_hook, api, bob, workspace):
    hook = make_hook("GENERIC")
    viewer = api(bob, workspace)

    assert viewer.get("webhooks").status_code == 200
    assert viewer.post("webhooks", {"name": "x", "preset": "GENERIC"}).status_code == 403
    assert viewer.patch(f"webhooks/{hook.id}", {"enabled": False}).status_code == 403
    assert viewer.post(f"webhooks/{hook.id}/rotation", {}).status_code == 403
    assert viewer.delete(f"webhooks/{hook.id}").status_code == 403
    assert hook.now()["enabled"] is True


def test_a_deleted_webhook_leaves_its_events(make_hook, workspace):
    hook = make_hook("GENERIC")
    hook.deliver({"a": 1}, {"X-Delivery-Id": "1"})

    assert hook.api.delete(f"webhooks/{hook.id}").status_code == 204

    assert hook.deliver({"a": 1}).status_code == 404
    assert len(hook.events()) == 1
    with workspace_scope(workspace.id):
        assert not Webhook.objects.exists()


@pytest.mark.parametrize("seconds", [-1, 700_000, 10**30, "soon", None, True])
def test_an_overlap_out_of_range_is_refused(make_hook, seconds):
    hook = make_hook("GENERIC")

    answer = hook.api.post(f"webhooks/{hook.id}/rotation", {"overlap_seconds": seconds})

    assert answer.status_code == 400
