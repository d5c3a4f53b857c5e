"""
Start a program that cannot outlive its parent, optionally as another user.

Run as a script between parent and program (`lifeline.command(...)` builds the command line): it
drops privileges, asks the kernel to signal the program when the parent dies, and becomes the
program. A script and not `preexec_fn`, because code between fork and exec may deadlock a threaded
parent; and not `setpriv`, because not every system has it.

The kernel ties the signal to the *thread* that forked: start long-lived programs from the main one.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An unprivileged user that a root parent hands a program to."""

    name: str
    uid: int
    gid: int


def command(
    argv: Sequence[str],
    *,
    death_signal: signal.Signals | None = signal.SIGTERM,
    identity: Identity | None = None,
) -> list[str]:
    """Return the command line that runs `argv` tied to this process and as `identity`."""
    return [
        sys.executable,
        "-I",
        "-S",
        __file__,
        str(int(death_signal or 0)),
        str(os.getpid()),
        f"{identity.uid}:{identity.gid}" if identity else "-",
        *argv,
    ]


def main() -> None:
    """Become the program named on the command line."""
    death_signal, parent, identity = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    argv = sys.argv[4:]
    libc = ctypes.CDLL(None, use_errno=True)
    if identity != "-":
        uid, gid = (int(part) for part in identity.split(":"))
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    if death_signal:
        # After setuid: the kernel forgets the wish whenever the credentials change.
        if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            error = ctypes.get_errno()
            sys.exit(f"lifeline: prctl failed: {os.strerror(error)}")
        if os.getppid() != parent:
            sys.exit("lifeline: the parent is already gone")
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - becoming the program is the purpose
    except OSError as error:
        sys.exit(f"lifeline: {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
