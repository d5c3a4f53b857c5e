"""Uploading code: what is kept, what is refused, and that nothing is half kept."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from apps.compute import services
from apps.compute.archive import MAX_SENT_BYTES
from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.flows.models import CodeBundle
from apps.tenancy.isolation import workspace_scope
from tests.factories.tenancy import make_key
from tests.factories.zips import HOSTILE, sha256_of, sound, zipped

pytestmark = pytest.mark.django_db


def put(client, content, sha256=None, **headers):
    return client.client.generic(
        "PUT",
        f"{client.workspace_url}/bundles/{sha256 or sha256_of(content)}",
        content,
        content_type=headers.pop("content_type", "application/zip"),
        headers=client.headers | headers,
    )


def rows(workspace):
    with workspace_scope(workspace.id):
        return list(CodeBundle.objects.values_list("sha256", flat=True))


def kept(bundle_folder):
    return sorted(
        str(path.relative_to(bundle_folder)) for path in bundle_folder.rglob("*") if path.is_file()
    )


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_an_upload_is_kept_under_its_hash(api, alice, workspace, bundle_folder):
    content = sound()

    made = put(api(alice), content)

    assert made.status_code == 201, made.content
    body = made.json()
    assert body["sha256"] == sha256_of(content)
    assert (body["bytes"], body["files"]) == (len(content), 2)
    (name,) = kept(bundle_folder)
    assert name == f"{workspace.id}/{sha256_of(content)}.zip"
    assert (bundle_folder / name).read_bytes() == content
    assert (bundle_folder / name).stat().st_mode & 0o077 == 0
    assert api(alice).get(f"bundles/{sha256_of(content)}").json() == body


def test_the_same_again_changes_nothing(api, alice, workspace, bundle_folder):
    first, second = put(api(alice), sound()), put(api(alice), sound())

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(rows(workspace)) == len(kept(bundle_folder)) == 1


def test_what_is_not_here_can_be_asked_for(api, alice):
    for sha256 in ("ab" * 32, "AB" * 32, "x", "..", "ab" * 31):
        assert code(api(alice).get(f"bundles/{sha256}")) == (404, "not_found")


def test_lost_bytes_are_not_here_and_can_be_uploaded_again(api, alice, workspace, bundle_folder):
    client, content = api(alice), sound()
    made = put(client, content).json()
    (name,) = kept(bundle_folder)
    (bundle_folder / name).unlink()

    assert client.get(f"bundles/{made['sha256']}").status_code == 404
    again = put(client, content)

    assert (again.status_code, again.json()) == (200, made)
    assert kept(bundle_folder) == [name]


# An empty body has no content type, so the client sends none.
@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"nothing"}))
def test_what_is_no_bundle_is_refused(api, alice, workspace, bundle_folder, name):
    reason, make = HOSTILE[name]

    refused = put(api(alice), make())

    assert code(refused) == (400, "bundle_invalid")
    assert refused.json()["error"]["details"] == {"reason": reason}
    assert (rows(workspace), kept(bundle_folder)) == ([], [])


def test_other_bytes_than_the_address_says_are_refused(api, alice, workspace, bundle_folder):
    refused = put(api(alice), sound(), sha256="ab" * 32)

    assert code(refused) == (400, "bundle_invalid")
    assert refused.json()["error"]["details"] == {"reason": "checksum"}
    assert (rows(workspace), kept(bundle_folder)) == ([], [])


def test_an_address_that_is_no_hash_leads_nowhere(api, alice, workspace, bundle_folder):
    for sha256 in (sha256_of(sound()).upper(), "x"):
        assert code(put(api(alice), sound(), sha256=sha256)) == (404, "not_found")
    assert (rows(workspace), kept(bundle_folder)) == ([], [])


def test_over_fifty_megabytes_are_too_many(api, alice, workspace, bundle_folder):
    noise = os.urandom(1024 * 1024)
    content = zipped(*((f"{n}.bin", noise + bytes([n])) for n in range(51)), method=0)
    assert len(content) > MAX_SENT_BYTES

    assert code(put(api(alice), content)) == (413, "batch_too_large")
    assert (rows(workspace), kept(bundle_folder)) == ([], [])


def test_fifty_megabytes_are_not_too_many(api, alice):
    noise = os.urandom(1024 * 1024)
    content = zipped(*((f"{n}.bin", noise + bytes([n])) for n in range(49)), method=0)

    assert put(api(alice), content).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{"content_type": "application/json"}, {"content_type": ""}, {"Content-Encoding": "gzip"}],
)
def test_only_plain_zips_are_read(api, alice, headers, bundle_folder):
    assert code(put(api(alice), sound(), **headers)) == (415, "unsupported_media")
    assert kept(bundle_folder) == []


def test_uploading_needs_the_scope(api, alice, bob, workspace, bundle_folder):
    for who in (bob, make_key(alice, role="AGENT")):
        assert code(put(api(who, workspace), sound())) == (403, "permission_denied")
    assert kept(bundle_folder) == []


def test_a_rival_has_the_same_bytes_for_itself(api, alice, mallory, bundle_folder):
    made = put(api(alice), sound()).json()

    assert api(mallory).get(f"bundles/{made['sha256']}").status_code == 404
    assert put(api(mallory), sound()).status_code == 201
    assert len(kept(bundle_folder)) == 2


def test_a_store_that_is_away_can_be_tried_again(api, alice, workspace, bundle_folder):
    (bundle_folder / str(workspace.id)).write_text("not a folder")

    refused = put(api(alice), sound())

    assert code(refused) == (503, "bundle_store_away")
    assert refused.json()["error"]["retryable"] is True
    assert rows(workspace) == []


@pytest.mark.django_db(transaction=True)
def test_bytes_whose_row_cannot_be_written_are_taken_away(bundle_folder):
    """The workspace went away meanwhile: its row is missed when the transaction commits."""
    content, nowhere = sound(), uuid7()

    with pytest.raises(IntegrityError):
        store(nowhere, content)

    assert kept(bundle_folder) == []


@pytest.mark.django_db(transaction=True)
def test_twins_that_upload_at_once_make_one(alice, workspace, bundle_folder):
    content, start = sound(), threading.Barrier(4)

    def upload(_):
        try:
            start.wait(10)
            return store(workspace.id, content)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        new = list(threads.map(upload, range(4)))

    assert sorted(new) == [False, False, False, True]
    assert len(rows(workspace)) == len(kept(bundle_folder)) == 1


def store(workspace_id, content):
    return services.store_bundle(
        workspace_id=workspace_id,
        sha256=sha256_of(content),
        body=io.BytesIO(content),
        size_bytes=len(content),
        now=utc_now(),
    )
