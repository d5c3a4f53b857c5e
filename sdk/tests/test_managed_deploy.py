"""`headway deploy --pool managed`: what is sent, and what is said when it cannot be."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from headway.cli._bundle import list_files, read_requirements
from tests_support import PATIENCE_SECONDS, ContractServer

FLOW = "from headway import flow\n\n\n@flow\ndef main():\n    return 1\n"
Headway = Callable[..., tuple[int, str, str]]


@pytest.fixture
def headway(server: ContractServer, python: Callable[..., object]) -> Headway:
    server.pools.append({"id": "p2", "name": "managed", "kind": "MANAGED"})

    def call(*arguments: str) -> tuple[int, str, str]:
        process = python("-m", "headway", *arguments, env=server.env)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)  # type: ignore[attr-defined]
        return process.returncode, out, err  # type: ignore[attr-defined]

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "etl"
    (folder / "lib").mkdir(parents=True)
    (folder / "flow.py").write_text(FLOW)
    (folder / "lib" / "tools.py").write_text("X = 1\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "flow.pyc").write_text("")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("")
    (folder / ".env").write_text("PASSWORD=1\n")
    (folder / "my-venv").mkdir()
    (folder / "my-venv" / "pyvenv.cfg").write_text("")
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("1\n")
    return folder


def names(bundle: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return archive.namelist()


def test_the_folder_of_the_file_is_sent_once(
    server: ContractServer, headway: Headway, project: Path
) -> None:
    (project / "requirements.txt").write_text("# what we need\npolars>=1  # fast\n\nrequests\n")
    arguments = ("deploy", "etl/flow.py:main", "--pool", "managed")

    first = headway(*arguments, "--cpu", "0.5", "--memory", "2048")
    second = headway(*arguments)

    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert "uploaded." in first[1]
    assert "is there already." in second[1]
    ((sha256, bundle),) = server.bundles.items()
    assert names(bundle) == ["data/rows.csv", "flow.py", "lib/tools.py", "requirements.txt"]
    assert server.requests.count(("PUT", f"/api/v1/workspaces/acme/bundles/{sha256}")) == 1
    deployment = server.deployments["main/main"]
    assert deployment["entrypoint"] == "flow.py:main"
    assert deployment["path"] == ""
    assert deployment["bundle"] == {"sha256": sha256}
    assert deployment["requirements"] == ["polars>=1", "requests"]
    assert "size" not in deployment  # the second time nothing was said of it


def test_size_and_requirements_are_as_given(
    server: ContractServer, headway: Headway, project: Path
) -> None:
    (project / "requirements.txt").write_text("ignored\n")

    code, _, err = headway(
        *("deploy", "etl/flow.py", "--pool", "p2", "--requirement", "polars", "--cpu", "1"),
        *("--requirement", "pyarrow>=20", "--exclude", "data/*", "--include", ".env"),
    )

    assert (code, err) == (0, "")
    deployment = server.deployments["main/main"]
    assert deployment["requirements"] == ["polars", "pyarrow>=20"]
    assert deployment["size"] == {"cpu": 1.0, "memory_mb": 2048}
    (bundle,) = server.bundles.values()
    assert names(bundle) == [".env", "flow.py", "lib/tools.py", "requirements.txt"]


@pytest.mark.usefixtures("project")
def test_options_of_managed_pools_are_refused_elsewhere(
    server: ContractServer, headway: Headway
) -> None:
    code, _, err = headway("deploy", "etl/flow.py:main", "--cpu", "1", "--requirement", "x")

    assert code == 2
    assert "--requirement, --cpu: only for managed pools, and 'default' is none." in err
    assert server.deployments == {}


def test_a_folder_that_is_too_large_names_its_largest_files(
    server: ContractServer, headway: Headway, project: Path
) -> None:
    (project / "data" / "dump.bin").write_bytes(os.urandom(51 * 1024 * 1024))

    code, _, err = headway("deploy", "etl/flow.py:main", "--pool", "managed")

    assert code == 1
    assert "leave data out with --exclude" in err
    assert "data/dump.bin  51.0 MB" in err
    assert (server.bundles, server.deployments) == ({}, {})


@pytest.mark.parametrize(
    "line", ["-r other.txt", "--index-url https://example.com", "x==1 --hash=sha256:0", "x \\"]
)
def test_a_requirements_file_holds_only_requirements(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"polars\n{line}\n")

    with pytest.raises(click.ClickException, match=r"requirements\.txt:2: .*plain requirements"):
        read_requirements(path)


def test_a_link_out_of_the_folder_is_not_followed(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (project / "secret").symlink_to(tmp_path / "secret")

    with pytest.raises(click.ClickException, match="--exclude 'secret'"):
        list(list_files(project))
    assert "secret" not in dict(list_files(project, exclude=["secret"]))


def test_a_link_within_the_folder_is_its_content(project: Path) -> None:
    (project / "same.py").symlink_to(project / "flow.py")
    (project / "loop").symlink_to(project)

    found = dict(list_files(project))

    assert "same.py" in found
    assert not any(name.startswith("loop") for name in found)
