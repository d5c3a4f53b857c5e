"""The same routes with bundles on S3, as moto's server speaks it."""

from __future__ import annotations

import io

import boto3
import pytest
from moto.server import ThreadedMotoServer

from apps.compute import bundle_store, services
from apps.compute.errors import BundleStoreAway
from apps.core.clock import utc_now
from apps.flows.models import CodeBundle
from apps.tenancy.isolation import workspace_scope
from tests.factories.compute import make_managed_deployment, managed_run
from tests.factories.zips import sha256_of, sound

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, settings, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(
        Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    use(settings, endpoint)
    yield client
    for each in client.list_objects_v2(Bucket="bundles").get("Contents", ()):
        client.delete_object(Bucket="bundles", Key=each["Key"])
    client.delete_bucket(Bucket="bundles")


def use(settings, endpoint, bucket="bundles"):
    """As apps/config/settings/bundles.py writes it for BUNDLE_STORAGE=s3."""
    settings.STORAGES = settings.STORAGES | {
        "bundles": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "location": "headway",
                "region_name": "eu-central-1",
                "endpoint_url": endpoint,
                "file_overwrite": True,
                "default_acl": None,
                "signature_version": "s3v4",
                "gzip": False,
            },
        }
    }


def store(workspace):
    content = sound()
    return services.store_bundle(
        workspace_id=workspace.id,
        sha256=sha256_of(content),
        body=io.BytesIO(content),
        size_bytes=len(content),
        now=utc_now(),
    )


def keys(bucket):
    return [each["Key"] for each in bucket.list_objects_v2(Bucket="bundles").get("Contents", ())]


def test_a_bundle_is_an_object_of_its_hash(bucket, workspace):
    _, is_new = store(workspace)

    assert is_new
    (key,) = keys(bucket)
    assert key == f"headway/{workspace.id}/{sha256_of(sound())}.zip"
    assert bucket.get_object(Bucket="bundles", Key=key)["Body"].read() == sound()
    assert store(workspace)[1] is False
    assert keys(bucket) == [key]


def test_a_task_reads_it_as_it_was_sent(bucket, workspace, api):
    store(workspace)
    run = managed_run(
        workspace, make_managed_deployment(workspace, bundle_sha256=sha256_of(sound()))
    )

    answer = api(run.key, workspace).get(f"runs/{run.run_id}/task/bundle")

    assert b"".join(answer.streaming_content) == sound()


def test_an_object_that_went_away_is_uploaded_again(bucket, workspace, api, alice):
    store(workspace)
    bundle_store.delete(workspace.id, sha256_of(sound()))
    assert api(alice).get(f"bundles/{sha256_of(sound())}").status_code == 404

    _, is_new = store(workspace)

    assert not is_new
    assert len(keys(bucket)) == 1


def test_a_bucket_that_is_away_can_be_tried_again(bucket, workspace, settings, endpoint):
    use(settings, endpoint, bucket="no-such-bucket")

    with pytest.raises(BundleStoreAway):
        store(workspace)

    with workspace_scope(workspace.id):
        assert not CodeBundle.objects.exists()
