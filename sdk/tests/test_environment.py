"""Environments of managed runs, made by the real uv from the index that pip here is told of."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headway.agent import _environment
from headway.agent._environment import (
    READY,
    Environment,
    EnvironmentFailed,
    Stopped,
    environment_hash,
    find_uv,
    prepare_environment,
)
from tests_support import index_variables

Prepare = Callable[..., Environment]


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return index_variables(tmp_path_factory.mktemp("index"))


@pytest.fixture
def prepare(tmp_path: Path, index: dict[str, str]) -> Prepare:
    def call(*requirements: str, workspace: str = "acme", **changes: object) -> Environment:
        options = {
            "workspace": workspace,
            "requirements": requirements,
            "given": index,
            "stop": threading.Event(),
            "show": lambda _: None,
        }
        return prepare_environment(tmp_path / "environments", **options | changes)  # type: ignore[arg-type]

    return call


def test_an_environment_has_the_requirements_and_the_sdk(prepare: Prepare) -> None:
    environment = prepare("tomli")

    variables = environment.variables({"PATH": "/usr/bin"})
    asked = subprocess.run(
        # By name: what a run starts finds the environment, too.
        ["python", "-c", "import tomli, headway.agent.execute, sys; print(sys.prefix)"],  # noqa: S607
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.strip() == str(environment.folder)
    script = subprocess.run(
        [environment.folder / "bin" / "headway", "--version"],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "headway, version" in script.stdout  # scripts know where they were moved to
    environment.release()


def test_the_second_time_it_is_there(prepare: Prepare) -> None:
    first = prepare()
    first.release()
    made_at = (first.folder / "pyvenv.cfg").stat().st_mtime_ns

    second = prepare()

    assert second.folder == first.folder
    assert (second.folder / "pyvenv.cfg").stat().st_mtime_ns == made_at
    second.release()


def test_builders_at_the_same_time_make_one(prepare: Prepare) -> None:
    said: list[str] = []

    with ThreadPoolExecutor(3) as threads:
        made = list(threads.map(lambda _: prepare(show=said.append), range(3)))

    assert len({environment.folder for environment in made}) == 1
    assert sum(line.startswith("made it") for line in said) == 1
    for environment in made:
        environment.release()


def test_what_does_not_resolve_is_said_as_uv_says_it(prepare: Prepare, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed) as refused:
        prepare("headway-no-such-package==9.9")

    text = str(refused.value)
    assert text.startswith("requirements do not resolve: ")
    assert "headway-no-such-package" in text
    left = [path for path in (tmp_path / "environments").iterdir() if path.is_dir()]
    assert [path.name.partition("-")[0] for path in left] == ["cache"]


def test_a_build_that_was_killed_is_begun_anew(prepare: Prepare) -> None:
    whole = prepare()
    whole.release()
    # As kill -9 leaves it: half of it beside its place, or in its place without the mark.
    (whole.folder / READY).unlink()
    (whole.folder / "bin" / "python").unlink()
    half = whole.folder.with_name(f"{whole.folder.name}.building")
    half.mkdir()

    again = prepare()

    assert again.python.exists()
    assert not half.exists()
    again.release()


def test_waiting_for_another_builder_ends_when_asked(prepare: Prepare) -> None:
    environment = prepare()
    environment.release()
    (environment.folder / READY).unlink()
    lock = environment.folder.with_name(f"{environment.folder.name}.lock")
    stop = threading.Event()
    with lock.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        threading.Timer(0.3, stop.set).start()

        with pytest.raises(Stopped):
            prepare(stop=stop)


def test_installing_ends_when_asked(prepare: Prepare, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(Stopped):
        prepare(stop=stop)

    assert not list((tmp_path / "environments").glob("*.building"))


def test_what_is_unused_for_two_weeks_is_dropped(prepare: Prepare) -> None:
    unused, in_use = prepare("tomli"), prepare("click")
    unused.release()
    long_ago = time.time() - 15 * 86_400
    for environment in (unused, in_use):
        os.utime(environment.folder / READY, (long_ago, long_ago))

    prepare().release()

    assert not unused.folder.exists()
    assert in_use.python.exists()
    in_use.release()


def test_without_uv_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(EnvironmentFailed, match=r"install headway\[managed\]"):
        find_uv({"PATH": str(tmp_path)})


def test_the_hash_tells_apart_what_differs() -> None:
    same = {"workspace": "acme", "requirements": ["a", "b"], "sdk": "headway==1", "base": "3.11"}

    def hash_of(**changes: object) -> str:
        return environment_hash(**same | changes)  # type: ignore[arg-type]

    assert hash_of() == hash_of(requirements=["b", "a "])
    differing = [
        hash_of(),
        hash_of(workspace="rival"),
        hash_of(requirements=["a"]),
        hash_of(requirements=[]),
        hash_of(requirements=["ab"]),
        hash_of(sdk="headway==2"),
        hash_of(base="3.12"),
    ]
    assert len(set(differing)) == len(differing)


def test_a_changed_sdk_in_a_folder_is_another(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "src" / "x.py").write_text("1")
    before = _environment._identity(str(tmp_path))

    (tmp_path / "src" / "x.py").write_text("2")

    assert _environment._identity(str(tmp_path)) != before
    assert _environment._identity("headway==1") == "headway==1"


def test_uv_gets_no_key_of_ours_and_pips_indexes(tmp_path: Path) -> None:
    given = {
        "PATH": os.environ["PATH"],
        "HEADWAY_API_KEY": "hw_secret",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://pip.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://a.example https://b.example",
        "PIP_FIND_LINKS": "/wheels /more",
    }

    variables = _environment._variables_for_uv(given, cache=tmp_path)

    assert "HEADWAY_API_KEY" not in variables
    assert variables["UV_DEFAULT_INDEX"] == "https://pip.example/simple"
    assert variables["UV_INDEX"] == "https://a.example https://b.example"
    assert variables["UV_FIND_LINKS"] == "/wheels,/more"
    own = _environment._variables_for_uv(given | {"UV_INDEX_URL": "https://uv"}, cache=tmp_path)
    assert "UV_DEFAULT_INDEX" not in own
