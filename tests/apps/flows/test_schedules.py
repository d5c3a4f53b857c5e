import pytest

from apps.core.clock import utc_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment(api, alice):
    return (
        api(alice)
        .put(
            "deployments",
            {"flow_name": "f", "name": "d", "entrypoint": "f.py:f", "path": "/srv"},
        )
        .json()
    )


def test_a_schedule_is_added_changed_and_deleted(api, alice, deployment):
    added = api(alice).post(
        f"deployments/{deployment['id']}/schedules",
        {"kind": "INTERVAL", "interval_seconds": 3600},
    )
    path = f"schedules/{added.json()['id']}"
    changed = api(alice).patch(path, {"interval_seconds": 60, "parameters": {"n": 1}})
    deleted = api(alice).delete(path)

    assert added.status_code == 201
    assert changed.json()["parameters"] == {"n": 1}
    assert changed.json()["next_at"] < added.json()["next_at"]
    assert deleted.status_code == 204
    assert api(alice).get(f"deployments/{deployment['id']}").json()["schedules"] == []


def test_the_same_key_adds_one_schedule(api, alice, deployment):
    path = f"deployments/{deployment['id']}/schedules"
    body = {"kind": "CRON", "cron": "0 * * * *"}

    first = api(alice).post(path, body, Idempotency_Key="once")
    second = api(alice).post(path, body, Idempotency_Key="once")

    assert first.json() == second.json()
    assert len(api(alice).get(f"deployments/{deployment['id']}").json()["schedules"]) == 1


@pytest.mark.parametrize("change", [{"cron": "0 * * * *"}, {"kind": "CRON"}])
def test_a_schedule_keeps_its_kind(api, alice, deployment, change):
    added = api(alice).post(
        f"deployments/{deployment['id']}/schedules", {"kind": "INTERVAL", "interval_seconds": 60}
    )

    response = api(alice).patch(f"schedules/{added.json()['id']}", change)

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == list(change)


def test_a_paused_schedule_has_no_next_time(api, alice, deployment):
    added = api(alice).post(
        f"deployments/{deployment['id']}/schedules",
        {"kind": "INTERVAL", "interval_seconds": 60, "paused": True},
    )
    resumed = api(alice).patch(f"schedules/{added.json()['id']}", {"paused": False})

    assert added.json()["next_at"] is None
    assert resumed.json()["next_at"] > utc_now().isoformat()
