"""
Look at the machine before anything is installed; one line for what is missing.

Runs on the system's Python, which may be too old for everything else: nothing newer than 3.6 here.
"""

import os
import shutil
import socket
import sys

NEEDED_PYTHON = (3, 11)
SPACE_TO_INSTALL_MB = 1500


def problem(port: "str | None" = None) -> "str | None":
    """Return what is missing and what to do about it, or None; `port` and the next must be free."""
    if sys.version_info < NEEDED_PYTHON:
        version = ".".join(str(part) for part in sys.version_info[:2])
        return (
            f"{sys.executable} is Python {version}, 3.11 or newer is needed: "
            f"install it, or name another with `make … PYTHON=…`."
        )
    try:
        import ensurepip  # noqa: F401 - Debian keeps it in a package of its own
        import venv  # noqa: F401
    except ImportError:
        return f"The venv module of {sys.executable} is incomplete: `apt install python3-venv`."
    if not sys.platform.startswith("linux"):
        return "The local stack's database and broker are Linux programs: use infra/docker instead."
    here = os.getcwd()
    if not os.access(here, os.W_OK):
        return f"{here} is not writable for you: check Headway out into a folder of yours."
    free_mb = shutil.disk_usage(here).free >> 20
    if free_mb < SPACE_TO_INSTALL_MB and not os.path.exists(".venv/.stamps/local"):
        return f"Only {free_mb} MB free on the disk of {here}, {SPACE_TO_INSTALL_MB} MB needed."
    if port and not (port.isdigit() and 0 < int(port) < 65535):
        return f"PORT={port} is not a port between 1 and 65534."
    for number in (int(port), int(port) + 1) if port else ():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError as error:
                return (
                    f"Port {number} on 127.0.0.1 is taken ({error.strerror}): stop what uses it "
                    f"(another `make up`?), or choose one with `make up PORT=…`."
                )
    return None


if __name__ == "__main__":
    found = problem(*sys.argv[1:2])
    if found:
        sys.exit("headway: " + found)
