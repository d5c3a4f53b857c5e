"""
Code from git repositories, by the git of this machine, with its credentials.

Of each repository a bare one is kept, into which single commits are fetched without their history;
of each commit that a run needed, its files. Which commit a ref names is asked each time; what is
there already is not fetched again.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from headway.agent._code_cache import TREE, CodeCache, FetchFailed, Held, Stopped, key_of
from headway.agent._death import signal_name

ASK_SECONDS = 60.0
FETCH_SECONDS = 600.0
PAUSES_SECONDS = (1.0, 3.0)  # before asking a host again that did not answer
LOOK_SECONDS = 0.05
TIDY_SECONDS = 2.0
KEPT_CHARACTERS = 600  # of what git said last
PROTOCOLS = "file:git:http:https:ssh"

MADE = "made"  # beside the bare repository: it was made whole

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_START_OF_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_DAMAGED = re.compile(r"corrupt|bad object|not a git repository|unable to read|missing blob")
_USER = re.compile(r"//[^/@\s]*@")
_NOT_FOR_GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The files of one commit."""

    held: Held
    commit: str


def check_out(cache: CodeCache, *, url: str, ref: str | None, stop: Event) -> Checkout:
    """
    Return the files of the commit that `ref` names now; None: that the repository's HEAD does.

    Raises: FetchFailed, Stopped, OSError.
    """
    if url.startswith("-") or "::" in url or (ref or "").startswith("-"):
        raise FetchFailed(f"Git would take {url!r}, or {ref!r}, for more than an address.")
    repository = _Repository(cache, url, stop)
    commit = repository.find_commit(ref)
    held = cache.hold(
        key_of("git", url, commit), lambda folder: repository.export(commit, ref, folder), stop=stop
    )
    return Checkout(held=held, commit=commit)


class _Repository:
    def __init__(self, cache: CodeCache, url: str, stop: Event) -> None:
        self._cache = cache
        self._url = url
        self._stop = stop
        self._key = key_of("repository", url)
        # Of files there is no weather.
        is_here = url.startswith(("/", "file:"))
        self._pauses: Sequence[float] = () if is_here else PAUSES_SECONDS

    def find_commit(self, ref: str | None) -> str:
        if ref is not None and _COMMIT.fullmatch(ref):
            return ref
        wanted = ["HEAD"] if ref is None else _names_of(ref)
        said = self._ask("ls-remote", "--", self._url, *wanted, seconds=ASK_SECONDS)
        found = {name: id_ for id_, _, name in (line.partition("\t") for line in said.splitlines())}
        for name in wanted:
            if name in found:
                return found[name]
        if ref is not None and _START_OF_COMMIT.fullmatch(ref):
            return self._find_by_start(ref)
        if ref is None:
            raise FetchFailed(f"The repository {self._url} has no HEAD: is it empty?")
        raise FetchFailed(f"There is no branch, tag or commit {ref!r} in {self._url}.")

    def _find_by_start(self, ref: str) -> str:
        with self._cache.alone(self._key, stop=self._stop) as place:
            folder = self._open(place)
            self._fetch_all(folder)
            try:
                return self._git(
                    "rev-parse", "--verify", f"{ref}^{{commit}}", folder=folder
                ).strip()
            except FetchFailed:
                text = f"There is no branch, tag or commit {ref!r} in {self._url}."
                raise FetchFailed(text) from None

    def export(self, commit: str, ref: str | None, target: Path) -> None:
        """Write the files of the commit into the folder, as its `tree`."""
        with self._cache.alone(self._key, stop=self._stop) as place:
            try:
                self._export(commit, ref, self._open(place), target)
            except FetchFailed as error:
                if not _DAMAGED.search(str(error)):
                    raise
                (place / MADE).unlink()
                self._export(commit, ref, self._open(place), target)

    def _export(self, commit: str, ref: str | None, folder: Path, target: Path) -> None:
        self._fetch(commit, ref, folder)
        index, tree = target / "index", target / TREE
        tree.mkdir(exist_ok=True)
        inside = {"GIT_INDEX_FILE": str(index)}
        self._git("read-tree", commit, folder=folder, variables=inside)
        self._git(
            *(f"--work-tree={tree}", "checkout-index", "--all", "--force"),
            folder=folder,
            variables=inside,
            seconds=FETCH_SECONDS,
        )
        index.unlink()

    def _open(self, place: Path) -> Path:
        folder = place / "repository.git"
        if not (place / MADE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            self._git("init", "--bare", "--quiet", str(folder))
            # For what looks for its own things beside the repository, as LFS does.
            self._git("config", "remote.origin.url", self._url, folder=folder)
            (place / MADE).touch()
        # Of a git that was killed; nobody else is at it now.
        for left in (*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")):
            left.unlink(missing_ok=True)
        return folder

    def _fetch(self, commit: str, ref: str | None, folder: Path) -> None:
        if self._has(commit, folder):
            return
        what = f"+{commit}:refs/headway/last"
        alone = ("fetch", "--quiet", "--no-tags", "--depth=1", "--", self._url, what)
        try:
            self._git(*alone, folder=folder, seconds=FETCH_SECONDS)
        except FetchFailed:
            # Not every server gives single commits, nor every one a part of the history.
            self._fetch_all(folder)
        if not self._has(commit, folder):
            named = f" ({ref})" if ref and ref != commit else ""
            raise FetchFailed(f"There is no commit {commit[:12]}{named} in {self._url}.")

    def _fetch_all(self, folder: Path) -> None:
        deeper = ("--unshallow",) if (folder / "shallow").exists() else ()
        refs = "+refs/*:refs/theirs/*"
        self._ask(
            *("fetch", "--quiet", "--no-tags", *deeper, "--", self._url, refs),
            folder=folder,
            seconds=FETCH_SECONDS,
        )

    def _has(self, commit: str, folder: Path) -> bool:
        try:
            self._git("cat-file", "-e", f"{commit}^{{tree}}", folder=folder)
        except FetchFailed:
            return False
        return True

    def _ask(self, *arguments: str, seconds: float, folder: Path | None = None) -> str:
        """Run git for what needs the other side, which may be away for a moment."""
        for pause in self._pauses:
            try:
                return self._git(*arguments, folder=folder, seconds=seconds)
            except FetchFailed:
                if self._stop.wait(pause):
                    break
        return self._git(*arguments, folder=folder, seconds=seconds)

    def _git(
        self,
        *arguments: str,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        seconds: float = ASK_SECONDS,
    ) -> str:
        where = () if folder is None else (f"--git-dir={folder}",)
        calm = ("-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false")
        return _run(
            ("git", *calm, *where, *arguments),
            variables=_variables_for_git(variables or {}),
            stop=self._stop,
            seconds=seconds,
        )


def _names_of(ref: str) -> list[str]:
    """Return what a ref may stand for, the likelier first; of a tag rather what it is put on."""
    if ref.startswith("refs/"):
        return [f"{ref}^{{}}", ref]
    return [f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}"]


def _variables_for_git(more: Mapping[str, str]) -> dict[str, str]:
    # Credential helpers and filters are programs of the machine's: they get no key of ours.
    given = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HEADWAY_") and name not in _NOT_FOR_GIT
    }
    return {
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        **given,
        "GIT_TERMINAL_PROMPT": "0",  # nobody is there to be asked
        "LC_ALL": "C",
        **more,
    }


def _run(
    command: Sequence[str], *, variables: Mapping[str, str], stop: Event, seconds: float
) -> str:
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        try:
            process = subprocess.Popen(  # noqa: S603  no shell, and no argument that git misreads
                command,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=complained,
                start_new_session=True,  # without a terminal ssh asks nobody either
            )
        except FileNotFoundError:
            text = "There is no git on the agent's machine, and its code is in a repository."
            raise FetchFailed(text) from None
        try:
            code = _wait(process, stop, seconds)
        finally:
            _end(process)
        said.seek(0)
        complained.seek(0)
        if code == 0:
            return said.read().decode("utf-8", "replace")
        words = _words(complained.read().decode("utf-8", "replace"))
    if "No space left on device" in words or code == -signal.SIGXFSZ:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if code < 0:
        words = f"it was ended by {signal_name(-code)}. {words}".strip()
    raise FetchFailed(f"Git: {words or f'it failed with exit code {code}.'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and what it started; it tidies up when it is asked to."""
    for number, seconds in ((signal.SIGTERM, TIDY_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


def _wait(process: subprocess.Popen[bytes], stop: Event, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(LOOK_SECONDS)
        if stop.is_set():
            raise Stopped("Stopped while its code was being fetched.")
        if time.monotonic() > deadline:
            raise FetchFailed(f"Git has not got there in {seconds:g} s; given up.")


def _words(text: str) -> str:
    """
    Return what git complained of, on one line and without names and passwords in addresses.

    >>> _words("hint: x\\nfatal: could not read https://bob:pw@host/x\\n")
    'could not read https://host/x'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("hint:", "warning:", "remote:"))]
    joined = " ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in lines)
    return _USER.sub("//", joined)[-KEPT_CHARACTERS:]
