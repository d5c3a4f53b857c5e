"""Code from repositories: real ones on this disk, by the git of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from headway.agent._code import CodeInPlace, FetchFailed, Stopped, fetch_code
from headway.agent._code_cache import CodeCache, open_cache
from headway.agent._lease import Lease
from tests_support import ContractServer

GIT = shutil.which("git") or ""
pytestmark = pytest.mark.skipif(not GIT, reason="git is not installed here")

FLOW = """
from headway import flow

@flow
def main():
    print("{said}")
"""


class Repository:
    """A repository that somebody pushes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file://{folder}"
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=alice", "-c", "user.email=alice@acme.example")
        done = subprocess.run(
            [GIT, *who, "-C", str(self.folder), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=a change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the settings of whoever runs them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "theirs")
    made.commit({"jobs/flow.py": FLOW.format(said="one"), "data.txt": "1"})
    return made


def lease_of(
    url: str, ref: str | None = None, folder: str = "", file: str = "jobs/flow.py"
) -> Lease:
    return Lease(
        run_id="r",
        epoch=1,
        run_name="r",
        flow_name="main",
        entrypoint=f"{file}:main",
        path=".",
        code={"kind": "git", "url": url, "ref": ref, "folder": folder},
    )


def fetch(*given: Any, **named: Any) -> CodeInPlace:
    return fetch_code(lease_of(*given, **named), stop=Event())


def data(code: CodeInPlace) -> str:
    return (Path(code.folder) / "data.txt").read_text()


def test_branches_tags_and_commits_are_found_by_their_names(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "plain")
    repository.git("tag", "--annotate", "--message=x", "v1")
    repository.commit({"data.txt": "2"})
    repository.git("branch", "feature/main")
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"data.txt": "3"})
    repository.git("checkout", "--quiet", "main")

    found = {
        ref: data(fetch(repository.url, ref))
        for ref in (None, "main", "feature/main", "side", "v1", "plain", first, first[:9])
    }
    by_path = fetch(str(repository.folder), "refs/tags/v1")

    assert found == {
        None: "2",
        "main": "2",
        "feature/main": "2",
        "side": "3",
        "v1": "1",
        "plain": "1",
        first: "1",
        first[:9]: "1",
    }
    assert by_path.told == f"Code: commit {first} (refs/tags/v1) of {repository.folder}"


def test_a_ref_that_moved_is_fetched_anew_and_what_runs_keeps_what_it_has(
    repository: Repository,
) -> None:
    before = fetch(repository.url, "main")
    commit = repository.commit({"data.txt": "2"})

    after = fetch(repository.url, "main")

    assert (data(before), data(after)) == ("1", "2")
    assert after.told == f"Code: commit {commit} (main) of {repository.url}"


def test_a_commit_that_is_here_is_not_asked_for_again(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    first = fetch(repository.url, commit)
    repository.folder.rename(repository.folder.with_name("gone"))

    again = fetch(repository.url, commit)

    assert again.folder == first.folder
    with pytest.raises(FetchFailed, match="does not appear to be a git repository"):
        fetch(repository.url, "main")


def test_runs_that_want_the_same_at_once_get_it_whole(repository: Repository) -> None:
    repository.commit({f"many/{number}.txt": "x" * 100 for number in range(200)})
    found: list[int] = []

    def want() -> None:
        code = fetch(repository.url, "main")
        found.append(len(list(Path(code.folder, "many").iterdir())))
        code.release()

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [200] * 6


@pytest.mark.parametrize(
    ("ref", "folder", "file", "told"),
    [
        ("nowhere", "", "jobs/flow.py", "There is no branch, tag or commit 'nowhere' in file://"),
        ("abcdef1", "", "jobs/flow.py", "There is no branch, tag or commit 'abcdef1' in file://"),
        ("ab" * 20, "", "jobs/flow.py", "There is no commit abababababab in file://"),
        ("main", "", "absent.py", "There is no file 'absent.py' in commit "),
        ("main", "jobs", "absent.py", "There is no file 'jobs/absent.py' in commit "),
        ("main", "absent", "flow.py", "There is no folder 'absent' in commit "),
        ("main", "out", "flow.py", "There is no folder 'out' in commit "),
        ("--upload-pack=id", "", "flow.py", "for more than an address"),
    ],
)
def test_what_is_not_there_is_told(
    repository: Repository, ref: str, folder: str, file: str, told: str
) -> None:
    (repository.folder / "out").symlink_to("..")
    repository.commit({})

    with pytest.raises(FetchFailed) as failed:
        fetch(repository.url, ref, folder, file)

    assert told in str(failed.value)


def test_an_address_that_is_a_command_is_none(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed):
        fetch(f"ext::sh -c touch% {tmp_path}/done", "main")

    assert not (tmp_path / "done").exists()


def test_where_there_is_no_git_that_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(FetchFailed, match="There is no git on the agent's machine"):
        fetch(repository.url, "main")


def test_what_a_killed_git_left_behind_hinders_nobody(repository: Repository) -> None:
    fetch(repository.url, "main").release()
    (bare,) = Path(os.environ["HEADWAY_CODE_DIR"]).glob("*/repository.git")
    (bare / "shallow.lock").touch()
    (bare / "refs" / "headway" / "last.lock").touch()
    repository.commit({"data.txt": "2"})

    assert data(fetch(repository.url, "main")) == "2"


def test_a_damaged_copy_is_made_anew(repository: Repository) -> None:
    fetch(repository.url, "main").release()
    (bare,) = Path(os.environ["HEADWAY_CODE_DIR"]).glob("*/repository.git")
    (bare / "HEAD").unlink()
    repository.commit({"data.txt": "2"})

    assert data(fetch(repository.url, "main")) == "2"


def test_a_run_that_is_cancelled_waits_for_nobody() -> None:
    stop = Event()
    held = threading.Event()
    over = threading.Event()

    def make(folder: Path) -> None:
        (folder / "tree").mkdir()
        held.set()
        over.wait(60)

    def occupy() -> None:
        open_cache().hold("k", make, stop=Event()).release()

    other = threading.Thread(target=occupy)
    other.start()
    assert held.wait(60)
    threading.Timer(0.05, stop.set).start()

    with pytest.raises(Stopped):
        open_cache().hold("k", make, stop=stop)
    over.set()
    other.join()


def filled(size: int) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "tree").mkdir()
        (folder / "tree" / "data.bin").write_bytes(b"x" * size)

    return make


def test_the_cache_drops_what_was_not_used_for_longest_but_nothing_in_use(tmp_path: Path) -> None:
    cache = CodeCache(tmp_path / "cache", limit_bytes=2_500)
    used = cache.hold("used", filled(1_000), stop=Event())
    for age, key in ((300, "old"), (200, "older-but-asked-for")):
        cache.hold(key, filled(700), stop=Event()).release()
        os.utime(tmp_path / "cache" / key / "ready", (age, 2_000_000_000 - age))
    os.utime(tmp_path / "cache" / "used" / "ready", (1, 1))

    cache.hold("new", filled(700), stop=Event()).release()

    assert {key for key in ("used", "old", "older-but-asked-for", "new") if cache.has(key)} == {
        "used",
        "older-but-asked-for",
        "new",
    }
    assert (used.tree / "data.bin").stat().st_size == 1_000
    assert not (tmp_path / "cache" / "old.lock").exists()


def test_what_is_being_made_is_nobodys_to_drop(tmp_path: Path) -> None:
    ready = tmp_path / "cache" / "new.building" / "ready"
    ready.parent.mkdir(parents=True)
    ready.write_text("1000")

    CodeCache(tmp_path / "cache", limit_bytes=0).make_room(0)

    assert ready.exists()


def test_many_who_want_more_than_there_is_room_for_all_get_it_whole(tmp_path: Path) -> None:
    bad: list[str] = []

    def want(first: int) -> None:
        # A cache of its own, as another agent would have it; room for two of the five.
        cache = CodeCache(tmp_path / "cache", limit_bytes=2_500)
        for number in range(first, first + 10):
            held = cache.hold(f"key-{number % 5}", filled(1_000), stop=Event())
            try:
                if (held.tree / "data.bin").stat().st_size != 1_000:
                    bad.append(f"{number}: cut")
            except OSError as error:
                bad.append(f"{number}: {error}")
            finally:
                held.release()

    threads = [threading.Thread(target=want, args=(first,)) for first in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bad == []
    left = CodeCache(tmp_path / "cache", limit_bytes=2_500)
    left.make_room(2_500)
    assert sum(left.has(f"key-{number}") for number in range(5)) <= 2
    assert not list((tmp_path / "cache").glob("*.building"))


AGENT = """
import sys
from headway._config import get_config
from headway.agent import Agent
sys.exit(Agent(get_config(), heartbeat_seconds=0.1, grace_seconds=1.0).run())
"""


def test_an_agent_executes_a_commit_says_which_and_outlives_what_cannot_be_fetched(
    server: ContractServer,
    python: Callable[..., subprocess.Popen[str]],
    repository: Repository,
) -> None:
    commit = repository.git("rev-parse", "HEAD")
    agent = python("-c", AGENT, env={**server.env, "HEADWAY_FLUSH_SECONDS": "0.05"})

    def queue(**code: str) -> str:
        code = {"kind": "git", "url": repository.url, "folder": "jobs"} | code
        return server.queue_run({"entrypoint": "flow.py:main", "path": "", "code": code})

    bad, worse, good = queue(ref="absent"), queue(kind="image"), queue(ref="main")
    server.wait_for(lambda: server.runs[good]["state"] == "COMPLETED")
    server.wait_for(lambda: {server.runs[bad]["state"], server.runs[worse]["state"]} == {"CRASHED"})
    server.wait_for(lambda: "one" in server.messages())

    assert f"Code: commit {commit} (main) of {repository.url}" in server.messages()
    cause = server.runs[bad]["reports"][-1]["cause"]
    assert cause["kind"] == "start_failed"
    assert cause["detail"] == f"There is no branch, tag or commit 'absent' in {repository.url}."
    assert "no code of kind 'image'" in server.runs[worse]["reports"][-1]["cause"]["detail"]
    assert agent.poll() is None
