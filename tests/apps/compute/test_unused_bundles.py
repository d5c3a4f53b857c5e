"""Code that nobody can execute any more is deleted; what is in use, or may be soon, is not."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from apps.compute import services as compute
from apps.core.clock import utc_now
from apps.flows import services as flows
from apps.flows.errors import BadCode
from apps.flows.models import CodeBundle
from apps.flows.services.versions import WITH_CODE
from apps.runs.enums import RunState
from apps.tenancy.isolation import workspace_scope
from tests.factories.compute import make_deployment_with_code
from tests.factories.dispatch import lease, make_deployment, report, start
from tests.factories.zips import sha256_of, sound, zipped
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def upload(workspace, content):
    compute.store_bundle(
        workspace_id=workspace.id,
        sha256=sha256_of(content),
        body=io.BytesIO(content),
        size_bytes=len(content),
        now=utc_now(),
    )
    return sha256_of(content)


def deploy(workspace, sha256):
    with workspace_scope(workspace.id):
        return make_deployment(workspace, pool="managed", path="", bundle_sha256=sha256)


def delete(deployment):
    with workspace_scope(deployment.workspace_id):
        flows.delete_deployment(
            workspace_id=deployment.workspace_id, deployment_id=deployment.id, now=utc_now()
        )


def drop(after=DAY + timedelta(seconds=1)):
    with as_worker():
        return compute.drop_unused_bundles(now=utc_now() + after)


def kept(bundle_folder, workspace):
    """The bundles with both row and bytes; fails where there is one without the other."""
    files = {path.stem for path in bundle_folder.rglob("*.zip")}
    with workspace_scope(workspace.id):
        assert set(CodeBundle.objects.values_list("sha256", flat=True)) == files
    return files


def test_what_was_never_deployed_is_kept_for_a_day(workspace, bundle_folder):
    sha256 = upload(workspace, sound())

    assert drop(after=DAY - timedelta(seconds=1)) == 0
    assert kept(bundle_folder, workspace) == {sha256}
    assert drop() == 1
    assert kept(bundle_folder, workspace) == set()
    assert drop() == 0


def test_code_is_dropped_once_no_version_may_go_back_to_it(workspace, bundle_folder):
    old, new = (upload(workspace, zipped(("flow.py", text))) for text in (b"a = 1", b"a = 2"))
    deploy(workspace, old)
    for _ in range(WITH_CODE - 1):
        deploy(workspace, new)
    assert drop() == 0

    deploy(workspace, new)

    assert drop() == 1
    assert kept(bundle_folder, workspace) == {new}


def test_a_rival_keeps_the_same_bytes(workspace, mallory, bundle_folder):
    sha256 = upload(workspace, sound())
    upload(mallory.workspace, sound())
    deploy(mallory.workspace, sha256)

    assert drop() == 1

    with workspace_scope(mallory.workspace.id):
        assert CodeBundle.objects.get().sha256 == sha256
    assert [path.parent.name for path in bundle_folder.rglob("*.zip")] == [
        str(mallory.workspace.id)
    ]


def test_code_of_a_deleted_deployment_stays_until_its_runs_have_ended(workspace, bundle_folder):
    deployment = make_deployment_with_code(workspace)
    with workspace_scope(workspace.id):
        start(deployment)
        (granted,) = lease(deployment)
    delete(deployment)
    assert drop() == 0
    assert len(kept(bundle_folder, workspace)) == 1

    with workspace_scope(workspace.id):
        report(granted, RunState.RUNNING, workspace)
        report(granted, RunState.COMPLETED, workspace)

    assert drop() == 1
    assert kept(bundle_folder, workspace) == set()


def test_a_store_that_is_away_costs_nothing(workspace, bundle_folder):
    upload(workspace, sound())
    folder = bundle_folder / str(workspace.id)
    aside = folder.rename(bundle_folder / "aside")
    folder.write_text("not a folder")

    assert drop() == 0

    folder.unlink()
    aside.rename(folder)
    assert len(kept(bundle_folder, workspace)) == 1
    assert drop() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_being_deployed_is_not_dropped(alice, workspace, bundle_folder):
    sha256 = upload(workspace, sound())

    with workspace_scope(workspace.id):
        deploy(workspace, sha256)
        dropped = in_thread(drop)

    assert dropped == 0
    assert kept(bundle_folder, workspace) == {sha256}


@pytest.mark.django_db(transaction=True)
def test_a_deploy_of_what_is_being_dropped_is_refused(alice, workspace, bundle_folder):
    sha256 = upload(workspace, sound())
    refusals = []

    def try_to_deploy():
        with pytest.raises(BadCode) as caught:
            deploy(workspace, sha256)
        refusals.append(caught.value.fields)
        connection.close()

    thread = threading.Thread(target=try_to_deploy)
    with workspace_scope(workspace.id), transaction.atomic():
        CodeBundle.objects.select_for_update().get().delete()
        thread.start()
        until_somebody_waits_for_a_lock()
    thread.join(30)

    assert refusals == [{"bundle": ["No bundle of this hash was uploaded to this workspace."]}]


def in_thread(action):
    results = []

    def work():
        try:
            results.append(action())
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    (result,) = results
    return result


def until_somebody_waits_for_a_lock():
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        for _ in range(3_000):
            cursor.execute(f"SELECT pg_stat_clear_snapshot(), pg_sleep(0.01), ({asked})")
            if cursor.fetchone()[2]:
                return
    raise AssertionError("nobody waits")
