"""Folders and sockets of the local stack: made by us, owned by us, closed to others."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
from pathlib import Path
from typing import Final

from infra.local.problems import Problem

SOCKET_PATH_LIMIT: Final = 107  # bytes in sockaddr_un, without the final zero


def own_folder(path: Path, uid: int) -> None:
    """Make `path` (mode 0700), or accept a real folder of ours that nobody else can read."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        status = path.lstat()
        safe = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o066
        if not safe or status.st_uid not in {uid, os.geteuid()}:
            raise Problem(
                f"{path} belongs to somebody else or is open to others: remove it."
            ) from None


def fits_a_socket(folder: Path, name: str) -> bool:
    """Return whether the kernel accepts a Unix socket called `name` in `folder`."""
    return len(os.fsencode(folder / name)) <= SOCKET_PATH_LIMIT


def short_folder_for(wanted: Path, uid: int) -> Path:
    """Return a private folder with a short path that stands for `wanted`, the same each time."""
    mark = digest(str(wanted))
    short = Path("/tmp") / f"headway-{uid}-{mark}"  # noqa: S108 - owner and mode are checked
    own_folder(short, uid)
    return short


def digest(text: str) -> str:
    """Return a short name that is the same for the same text."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def require_space(folder: Path, needed_bytes: int) -> None:
    """Raise Problem unless the disk of `folder` has `needed_bytes` left."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise Problem(
            f"Only {free >> 20} MB free on the disk of {folder}, {needed_bytes >> 20} MB needed: "
            f"make room, or choose another place with DATA=…"
        )


def require_free_port(port: int, remedy: str) -> None:
    """Raise Problem, ending in `remedy`, unless a server could listen on the loopback port."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            raise Problem(
                f"Port {port} on 127.0.0.1 is taken ({error.strerror}): {remedy}"
            ) from None
