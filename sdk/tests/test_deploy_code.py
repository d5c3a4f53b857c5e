"""`headway deploy` of code that is elsewhere, with settings for its jobs and owners."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_support import PATIENCE_SECONDS, ContractServer

FLOW = "from headway import flow\n\n\n@flow\ndef main(days: int = 1):\n    return days\n"
URL = "https://git.acme.dev/flows.git"
Headway = Callable[..., tuple[int, str, str]]


@pytest.fixture
def headway(server: ContractServer, python: Callable[..., Any], tmp_path: Path) -> Headway:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "flow.py").write_text(FLOW)
    (tmp_path / "flow.py").write_text(FLOW)
    server.pools.append({"id": "p2", "name": "boxes", "kind": "DOCKER"})
    server.pools.append({"id": "p3", "name": "managed", "kind": "MANAGED"})
    properties = {
        "memory_mb": {"type": "integer"},
        "user": {"type": "string"},
        "volumes": {"type": "array"},
        "env": {"type": "object"},
    }
    server.pool_kinds = [{"kind": "DOCKER", "schema": {"properties": properties}}]
    alice = {
        "kind": "member",
        "subject_id": "m1",
        "name": "Alice",
        "email": "alice@acme.dev",
        "user": {"id": "u1", "name": "Alice", "email": "alice@acme.dev"},
    }
    other = {"name": "Data", "email": None, "user": None}
    server.members = [
        alice,
        {"kind": "team", "subject_id": "t1", **other},
        {"kind": "service_account", "subject_id": "s1", **other},
        alice,
    ]

    def call(*arguments: str) -> tuple[int, str, str]:
        process = python("-m", "headway", *arguments, env=server.env)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err

    return call


@pytest.mark.parametrize(
    ("options", "code", "place"),
    [
        (("--git", URL), {"kind": "git", "url": URL}, f"{URL} at HEAD"),
        (
            ("--git", URL, "--ref", "v1", "--folder", "jobs"),
            {"kind": "git", "url": URL, "ref": "v1", "folder": "jobs"},
            f"{URL} at v1 in jobs",
        ),
        (
            ("--image", "acme/flows:1", "--folder", "/app", "--pool", "boxes"),
            {"kind": "image", "image": "acme/flows:1", "folder": "/app"},
            "image acme/flows:1 in /app",
        ),
        (
            ("--bundle-url", "s3://code/flows.zip", "--bundle-sha256", "ab" * 32),
            {"kind": "object_store", "url": "s3://code/flows.zip", "sha256": "ab" * 32},
            "s3://code/flows.zip (abababababab)",
        ),
    ],
)
def test_where_the_code_is_is_said_and_listed(
    server: ContractServer,
    headway: Headway,
    options: tuple[str, ...],
    code: dict[str, Any],
    place: str,
) -> None:
    status, out, err = headway("deploy", "flow.py:main", *options)

    assert status == 0, err
    assert f"Agents get its code from {place}." in out
    deployment = server.deployments["main/main"]
    assert deployment["code"] == code
    assert "path" not in deployment
    assert deployment.get("version") == code.get("ref")
    assert headway("deployments", "list")[1].strip().endswith(f"code {place}")


def test_a_file_is_found_in_the_folder_of_the_repository(
    server: ContractServer, headway: Headway, tmp_path: Path
) -> None:
    (tmp_path / "flow.py").unlink()

    status, _, err = headway("deploy", "flow.py:main", "--git", URL, "--folder", "jobs")

    assert status == 0, err
    assert server.deployments["main/main"]["entrypoint"] == "flow.py:main"
    assert "days" in server.deployments["main/main"]["parameter_schema"]["properties"]


def test_job_settings_are_read_as_the_kind_of_the_pool_wants_them(
    server: ContractServer, headway: Headway
) -> None:
    given = ("memory_mb=2048", "user=1000", 'volumes=["/a:/b"]', "env.REGION=eu", "env.N=1")

    status, _, err = headway(
        *("deploy", "flow.py:main", "--pool", "boxes", "--image", "acme/flows"),
        *(part for each in given for part in ("--job-setting", each)),
    )

    assert status == 0, err
    assert server.deployments["main/main"]["job_settings"] == {
        "memory_mb": 2048,
        "user": "1000",
        "volumes": ["/a:/b"],
        "env": {"REGION": "eu", "N": "1"},
    }


def test_owners_are_found_by_address_and_name(server: ContractServer, headway: Headway) -> None:
    status, _, err = headway(
        *("deploy", "flow.py:main", "--owner", "Alice@acme.dev", "--owner", "data"),
        *("--owner", "team:t9"),
    )

    assert status == 0, err
    deployment = server.deployments["main/main"]
    assert deployment["owners"] == [
        {"kind": "user", "id": "u1"},
        {"kind": "team", "id": "t1"},
        {"kind": "team", "id": "t9"},
    ]
    assert "code" not in deployment
    assert "job_settings" not in deployment


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--git", URL, "--image", "x"), "--git and --image: the code can only be in one place."),
        (("--ref", "main"), "--ref belongs to --git."),
        (("--folder", "jobs"), "--folder belongs to --git or --image."),
        (("--image", "x", "--bundle-sha256", "a"), "--bundle-sha256 belongs to --bundle-url."),
        (("--git", URL, "--pool", "managed"), "--git: not for managed pools; this folder is sent."),
        (("--owner", "mallory"), "--owner mallory: nobody here has this address or name"),
        (("--job-setting", "x", "--pool", "boxes"), "'x' is not of the form name=value."),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_deployed(
    server: ContractServer, headway: Headway, options: tuple[str, ...], said: str
) -> None:
    status, _, err = headway("deploy", "flow.py:main", *options)

    assert status != 0
    assert said in err.replace("\n", " ")
    assert server.deployments == {}
