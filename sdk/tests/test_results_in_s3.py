"""Results in a bucket: kept, found again by who goes on, and taken away with the run."""

from __future__ import annotations

import boto3
import pytest

from headway._results import MISSING, BucketShelf, Results, open_results

A, B = "aa" * 32, "bb" * 32


def names(bucket: str) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket)
    return sorted(item["Key"] for item in listed.get("Contents", ()))


def test_what_was_kept_is_found_by_who_goes_on_elsewhere(bucket: str) -> None:
    first = BucketShelf(bucket, "/of/ours/", "run-1", 1)
    first.put(A, b"one")
    first.put(A, b"two")

    again = BucketShelf(bucket, "/of/ours/", "run-1", 1)

    assert (again.get(A), again.get(B)) == (b"two", None)
    assert BucketShelf(bucket, "/of/ours/", "run-1", 2).get(A) is None  # begun afresh since
    assert names(bucket) == [f"of/ours/run-1/1/{A}"]


def test_a_run_takes_only_its_own_away(bucket: str) -> None:
    for run_id in ("run-1", "run-12"):
        BucketShelf(bucket, "", run_id, 1).put(A, b"one")

    BucketShelf(bucket, "", "run-1", 2).clear()

    assert names(bucket) == [f"run-12/1/{A}"]


def test_the_setting_names_the_bucket(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_RESULTS", f"s3://{bucket}/prefix")
    kept = open_results("run-1", origin=1, goes_on=False)
    assert kept is not None
    kept.keep(kept.key("load", (1,)), {"rows": 3})

    resumed = open_results("run-1", origin=1, goes_on=True)

    assert resumed is not None
    assert resumed.find(resumed.key("load", (1,))) == {"rows": 3}
    assert resumed.find(resumed.key("load", (2,))) is MISSING
    resumed.forget()
    assert names(bucket) == []


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_costs_a_repetition_and_is_told_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    results = Results(BucketShelf("nobodys", "", "run-1", 1), goes_on=True, limit_bytes=1_000)

    results.keep(A, 1)

    assert results.find(A) is MISSING
    assert capfd.readouterr().err.count("results of tasks are not kept") == 1
