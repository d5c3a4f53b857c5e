"""Everything comes out, once, without secrets; a worker that stops is followed by the next."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.exports import services, store
from apps.exports.models import ExportJob, ExportPart
from apps.runs.models import Run, TaskRun
from apps.telemetry.models import Event
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.keys import hash_secret
from apps.tenancy.models import ApiKey, AuditEntry
from tests.factories.tenancy import make_key
from tests.factories.world import furnish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def export_folder(settings, tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    exports = settings.STORAGES["exports"]
    own = exports | {"OPTIONS": exports["OPTIONS"] | {"location": str(folder)}}
    settings.STORAGES = settings.STORAGES | {"exports": own}
    return folder


def begin(workspace, *, whole_account=False):
    return services.request_export(
        account_id=workspace.account_id,
        workspace_id=None if whole_account else workspace.id,
        requested_by=None,
        now=utc_now(),
    )


def finish(job, **options):
    """Work on it as often as it takes; return how often that was."""
    for number in range(1, 500):
        if services.work_on_export(account_id=job.account_id, job_id=job.id, **options):
            return number
    raise AssertionError("It does not come to an end.")


def unpack(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {
            name: [json.loads(line) for line in archive.read(name).splitlines()]
            for name in archive.namelist()
            if name.endswith(".ndjson")
        }


def content_of(job):
    with account_scope(job.account_id):
        job.refresh_from_db()
    with store.open_file(job.file_key) as file:
        return unpack(file.read())


def test_a_workspace_comes_out_whole(alice, workspace):
    furnish(alice)
    job = begin(workspace)

    finish(job)

    files = content_of(job)
    folder = f"workspaces/{workspace.slug}"
    counts = {name.removeprefix(f"{folder}/"): len(rows) for name, rows in files.items()}
    assert {name for name, count in counts.items() if count == 0} <= {
        "deployment_versions.ndjson",
        "service_level_breaches.ndjson",
        "rules.ndjson",
        "agents.ndjson",
        "deliveries.ndjson",
        "managed_tasks.ndjson",
        "usage.ndjson",
    }
    with workspace_scope(workspace.id):
        events = {
            str(each)
            for each in Event.objects.for_workspace(workspace.id).values_list("id", flat=True)
        }
        tasks = TaskRun.objects.filter(workspace_id=workspace.id).count()
        runs = {str(each) for each in Run.objects.values_list("id", flat=True)}
    assert {row["id"] for row in files[f"{folder}/events.ndjson"]} == events
    assert counts["task_runs.ndjson"] == tasks == 1
    assert {row["id"] for row in files[f"{folder}/runs.ndjson"]} == runs
    assert len(runs) > 1


def test_an_account_comes_out_with_all_its_workspaces(alice, workspace, mallory):
    furnish(alice)
    job = begin(workspace, whole_account=True)

    finish(job)

    files = content_of(job)
    assert [row["user__email"] for row in files["account/members.ndjson"]] == [alice.user.email]
    assert [row["email"] for row in files["account/invitations.ndjson"]] == ["secret@rival.example"]
    assert len(files[f"workspaces/{workspace.slug}/flows.ndjson"]) == 1
    assert not [name for name in files if mallory.workspace.slug in name]


def test_nothing_secret_comes_out(alice, workspace):
    furnish(alice)
    secret = make_key(alice, role="OWNER")
    job = begin(workspace, whole_account=True)

    finish(job)

    files = content_of(job)
    text = json.dumps(files)
    with workspace_scope(workspace.id):
        hashes = list(ApiKey.objects.values_list("secret_hash", flat=True))
    assert hash_secret(secret) in hashes
    assert not [each for each in (*hashes, secret, "secret_hash", "token_hash") if each in text]
    channels = files[f"workspaces/{workspace.slug}/channels.ndjson"]
    assert "/secret" not in json.dumps([row["shown"] for row in channels])


def test_it_is_made_in_small_pieces_and_goes_on_where_it_stopped(alice, workspace):
    furnish(alice)
    fine, coarse = begin(workspace), None
    ticks = iter(range(10_000))

    times = finish(fine, clock=lambda: float(next(ticks)), work_seconds=1.5, piece_rows=2, page=1)
    coarse = begin(workspace)
    finish(coarse)

    assert times > 10
    small, large = content_of(fine), content_of(coarse)
    of_audit = [name for name in small if name.endswith("audit.ndjson")]
    for name in set(large) - set(of_audit):  # asking for the second one is in the log
        assert small[name] == large[name], name


def test_a_piece_that_nobody_noted_is_made_again_and_counted_once(alice, workspace):
    furnish(alice)
    job = begin(workspace)
    real, died = store.save, []

    def die_after_saving(key, body):
        real(key, body)
        if key.endswith(".gz") and len(died) < 3:
            died.append(key)
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "save", die_after_saving)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                services.work_on_export(account_id=job.account_id, job_id=job.id)
            # Its claim stands until it lapses: nobody else is let in meanwhile.
            assert not services.work_on_export(account_id=job.account_id, job_id=job.id)
            lapse(job)
        finish(job)

    ids = [
        (name, row["id"]) for name, rows in content_of(job).items() for row in rows if "id" in row
    ]
    repeated = [each for each, count in Counter(ids).items() if count > 1]
    assert repeated == []
    with account_scope(job.account_id):
        kept = set(ExportJob.objects.values_list("file_key", flat=True))
    folder = store._storage().listdir(str(job.id))[1]
    assert {f"{job.id}/{name}" for name in folder} == kept


def lapse(job):
    with account_scope(job.account_id):
        ExportJob.objects.filter(pk=job.pk).update(claimed_until=utc_now() - timedelta(seconds=1))


def test_who_lost_the_claim_notes_nothing(alice, workspace):
    job = begin(workspace)
    with account_scope(job.account_id):
        ExportJob.objects.filter(pk=job.pk).update(state="RUNNING", claim=job.id)
        part = ExportPart.objects.order_by("position").first()

    with pytest.raises(services.make.ClaimLostError):
        services.make._make_piece(part, part.id, piece_rows=10, page=10)

    with account_scope(job.account_id):
        assert not ExportPart.objects.exclude(pieces=[]).exists()


def test_an_export_that_always_fails_is_given_up(workspace):
    job = begin(workspace)
    with account_scope(job.account_id):
        ExportJob.objects.filter(pk=job.pk).update(attempts=5)

    assert not services.work_on_export(account_id=job.account_id, job_id=job.id)

    with account_scope(job.account_id):
        job.refresh_from_db()
    assert job.state == "FAILED"
    assert job.error


def test_the_loop_hands_out_what_nobody_is_at(
    workspace, as_worker, django_capture_on_commit_callbacks
):
    job = begin(workspace)
    with as_worker():
        assert services.hand_out_exports(now=utc_now()) == 1
    with account_scope(job.account_id):
        ExportJob.objects.update(state="RUNNING", claimed_until=utc_now() + timedelta(minutes=1))
    with as_worker():
        assert services.hand_out_exports(now=utc_now()) == 0
        assert services.hand_out_exports(now=utc_now() + timedelta(minutes=2)) == 1


def test_the_job_runs_in_celery_with_the_commit(
    api, alice, workspace, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        asked = api(alice).post("exports")
    again = api(alice).get(f"exports/{asked.json()['id']}").json()

    assert asked.status_code == 201
    assert again["state"] == "DONE"
    assert again["progress"] == 1.0
    answer = api(alice).get(f"exports/{again['id']}/file")
    body = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "application/zip"
    assert int(answer["Content-Length"]) == len(body) == again["bytes"]
    assert f"workspaces/{workspace.slug}/workspace.ndjson" in unpack(body)
    assert [row["id"] for row in api(alice).get("exports").json()["items"]] == [again["id"]]


def test_only_who_manages_may_take_the_data_out(api, alice, bob, workspace, mallory):
    job = begin(workspace)
    finish(job)
    account = f"/api/v1/account/{workspace.account_id}"

    assert api(bob).post("exports").status_code == 403
    assert api(bob).get(f"exports/{job.id}/file").status_code == 403
    assert api(bob).get(f"{account}/exports").status_code == 403
    assert api(mallory).get(f"exports/{job.id}/file").status_code == 404
    assert api(alice).get(f"{account}/exports/{job.id}").json()["workspace_id"] == str(workspace.id)


def test_an_export_is_gone_after_its_days(api, alice, workspace, as_worker, export_folder):
    job = begin(workspace)
    finish(job)
    with account_scope(job.account_id):
        ExportJob.objects.update(expires_at=utc_now())

    refused = api(alice).get(f"exports/{job.id}/file")
    with as_worker():
        assert services.drop_expired_exports(now=utc_now()) == 1

    assert refused.json()["error"]["code"] == "export_not_ready"
    assert api(alice).get(f"exports/{job.id}").status_code == 404
    assert not [path for path in export_folder.rglob("*") if path.is_file()]


def test_two_who_ask_get_the_same_export(workspace):
    assert begin(workspace).id == begin(workspace).id
    assert begin(workspace, whole_account=True).id != begin(workspace).id
    with account_scope(workspace.account_id):
        asked = AuditEntry.objects.filter(action="workspace.export_requested")
        assert asked.count() == 1
