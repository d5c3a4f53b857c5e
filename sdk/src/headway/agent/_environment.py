"""
The Python environment of a managed run: made by uv once for each list of requirements.

An environment is a folder called by a hash of all that decides what is in it. It is built beside
its place and then renamed, under a lock, so that it is there whole or not at all, however many
tasks want it and whenever one is killed.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from headway._errors import HeadwayError
from headway._version import __version__

FORMAT = 1  # of the hash and of what is in an environment
READY = "headway-ready"  # a file in it: it is whole; its time is that of its last use
KEPT_DAYS = 14  # unused
KEPT_LINES = 12  # of what uv said last
LOOK_SECONDS = 0.2
INSTALL_SECONDS = 900.0

# What pip calls it in its settings, and uv in its variables.
_OF_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
}
_OF_UV = frozenset(
    {
        "UV_DEFAULT_INDEX",
        "UV_INDEX_URL",
        "UV_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_NO_INDEX",
    }
)


class EnvironmentFailed(HeadwayError):
    """The environment cannot be made; the message is for whoever wrote the requirements."""


class Stopped(HeadwayError):
    """Somebody asked to stop while the environment was being made."""


class Environment:
    """An environment in use. Keep it until the run is over: what nobody uses may be deleted."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self._lock = lock

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what makes programs that a run starts use it, too."""
        path = os.pathsep.join([str(self.folder / "bin"), given.get("PATH", os.defpath)])
        return {"VIRTUAL_ENV": str(self.folder), "PATH": path}

    def release(self) -> None:
        """Say that it is no longer used."""
        os.close(self._lock)


def environment_hash(
    *, workspace: str, requirements: Sequence[str], sdk: str, base: str | None = None
) -> str:
    """
    Return what an environment is called.

    The workspace counts, because an installed package is code: nobody shares it with strangers. The
    order of the requirements does not count.
    """
    parts = [
        FORMAT,
        workspace,
        base or f"{sys.implementation.cache_tag} {platform.platform()} {sys.base_prefix}",
        sorted({requirement.strip() for requirement in requirements}),
        sdk,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def prepare_environment(
    root: Path,
    *,
    workspace: str,
    requirements: Sequence[str],
    given: Mapping[str, str],
    stop: Event,
    show: Callable[[str], None],
) -> Environment:
    """
    Return an environment with these requirements and this SDK, made unless it is there.

    `given` are the variables that uv shall see. Raises: EnvironmentFailed, Stopped.
    """
    sdk = given.get("HEADWAY_SDK") or f"headway=={__version__}"
    name = environment_hash(workspace=workspace, requirements=requirements, sdk=_identity(sdk))
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder, ready = root / name, root / name / READY
    lock = os.open(root / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _hold(lock, fcntl.LOCK_SH, stop)
        if not ready.exists():
            _hold(lock, fcntl.LOCK_EX, stop)
            if not ready.exists():
                _build(folder, workspace, requirements, sdk, given, stop, show)
                _drop_unused(root, keep=name)
            # From exclusive to shared without a gap in which it could be dropped: it is new.
            _hold(lock, fcntl.LOCK_SH, stop)
        os.utime(ready)
    except BaseException:
        os.close(lock)
        raise
    return Environment(folder, lock)


def _identity(sdk: str) -> str:
    """Return what tells one version of the SDK from another: the line, or what is in the files."""
    path = _local(sdk)
    if path is None:
        return sdk
    digest = hashlib.sha256()
    files = [path] if path.is_file() else [path / "pyproject.toml", *path.glob("src/**/*.py")]
    for file in sorted(files):
        digest.update(f"{file.relative_to(path.parent)}\0".encode() + file.read_bytes())
    return f"{path.name} {digest.hexdigest()}"


def _local(sdk: str) -> Path | None:
    """Return the path that HEADWAY_SDK is, or None when it is a requirement."""
    path = Path(sdk)
    return path if os.sep in sdk and path.exists() else None


def _hold(lock: int, kind: int, stop: Event) -> None:
    # Not a blocking wait: a run that is cancelled must not sit out another's installation.
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        if stop.wait(LOOK_SECONDS):
            raise Stopped("Stopped while waiting for the environment.")


def _build(
    folder: Path,
    workspace: str,
    requirements: Sequence[str],
    sdk: str,
    given: Mapping[str, str],
    stop: Event,
    show: Callable[[str], None],
) -> None:
    uv = find_uv(given)
    building = folder.with_name(f"{folder.name}.building")
    # Of a builder that was killed; we hold its lock now.
    shutil.rmtree(building, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    building.mkdir(mode=0o700)
    variables = _variables_for_uv(given, cache=folder.parent / f"cache-{_short(workspace)}")
    listed = building / "requirements.txt"
    run = _Uv(uv, variables=variables, folder=building, stop=stop, show=show)
    count = len(requirements)
    show(f"making an environment with {count} requirement{'' if count == 1 else 's'}")
    began = time.monotonic()
    try:
        run("venv", "--relocatable", "--allow-existing", "--python", sys.executable, str(building))
        listed.write_text("".join(f"{line}\n" for line in requirements), "utf-8")
        local = _local(sdk)
        run(
            "pip",
            "install",
            "--python",
            str(building / "bin" / "python"),
            "--requirements",
            str(listed),
            sdk if local is None else str(local.resolve()),
        )
        (building / READY).touch()
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    building.rename(folder)
    show(f"made it in {time.monotonic() - began:.1f} s")


def find_uv(given: Mapping[str, str]) -> str:
    """Return the uv beside this Python, or on the path. Raises: EnvironmentFailed."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv", path=given.get("PATH"))
    if found is None:
        raise EnvironmentFailed(
            "There is no uv where managed runs are executed: install headway[managed] there."
        )
    return found


def _variables_for_uv(given: Mapping[str, str], *, cache: Path) -> dict[str, str]:
    # Packages may bring a build script: it gets no key of ours.
    variables = {name: value for name, value in given.items() if not name.startswith("HEADWAY_")}
    variables.pop("VIRTUAL_ENV", None)
    return {
        # What is installed may be linked to what is cached, so a cache is one workspace's, too.
        "UV_CACHE_DIR": str(cache),
        "UV_PYTHON_DOWNLOADS": "never",
        **_indexes_of_pip(variables),
        **variables,
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
    }


def _indexes_of_pip(variables: Mapping[str, str]) -> dict[str, str]:
    """
    Return pip's settings of where packages are, for uv, which reads none of them.

    Its files (pip.conf) and variables count where nothing is said to uv itself. Then uv chooses
    among several indexes as pip would: the best version, wherever it is.
    """
    if _OF_UV & variables.keys():
        return {}
    asked = subprocess.run(
        [sys.executable, "-P", "-m", "pip", "config", "list"],
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, str] = {}
    # A variable comes first, and what is said of `pip install` before what is said of all of pip.
    for section in ("global", "install", ":env:"):
        for line in asked.stdout.splitlines():
            name, sign, value = line.partition("=")
            setting = name.removeprefix(f"{section}.")
            if sign and setting != name and setting in _OF_PIP:
                separator = "," if setting == "find-links" else " "
                words = str(ast.literal_eval(value)).split()
                found[_OF_PIP[setting]] = separator.join(words)
    if found:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found


def _is_routine(line: str) -> bool:
    return line.startswith(("Using Python ", "Resolved ", "Prepared "))


class _Uv:
    """Runs uv, reads along, and stops it when somebody asks to."""

    def __init__(
        self,
        program: str,
        *,
        variables: Mapping[str, str],
        folder: Path,
        stop: Event,
        show: Callable[[str], None],
    ) -> None:
        self._program = program
        self._variables = variables
        self._folder = folder
        self._stop = stop
        self._show = show

    def __call__(self, *arguments: str) -> None:
        said = self._folder / "uv.log"
        with said.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                [self._program, *arguments],
                cwd=self._folder,
                env=dict(self._variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            code = self._wait(process)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with said.open("r", encoding="utf-8", errors="replace") as lines:
            kept = (line.rstrip() for line in lines if line.strip())
            last = deque((line for line in kept if not _is_routine(line)), maxlen=KEPT_LINES)
        if code:
            for line in last:
                self._show(line)
            if arguments[0] == "venv":
                raise EnvironmentFailed(f"no environment could be made: {' '.join(last)}")
            raise EnvironmentFailed("requirements do not resolve: " + "\n".join(last))

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + INSTALL_SECONDS
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(LOOK_SECONDS)
            if self._stop.is_set():
                raise Stopped("Stopped while the environment was made.")
            if time.monotonic() > deadline:
                minutes = INSTALL_SECONDS / 60
                raise EnvironmentFailed(f"installing took over {minutes:g} minutes; given up.")


def _drop_unused(root: Path, *, keep: str) -> None:
    """Delete environments that nobody has used for two weeks."""
    before = time.time() - KEPT_DAYS * 86_400
    for ready in root.glob(f"*/{READY}"):
        folder = ready.parent
        if folder.name == keep or ready.stat().st_mtime > before:
            continue
        lock = os.open(root / f"{folder.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Not one in use. The lock's file stays: whoever waits for it holds on to that one.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ready.unlink()  # first: half an environment is none
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _short(workspace: str) -> str:
    return hashlib.sha256(workspace.encode()).hexdigest()[:16]
