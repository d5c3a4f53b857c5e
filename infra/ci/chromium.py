"""
Find the Chromium that the browser tests drive, or install one.

    python -m infra.ci.chromium [--install]      prints the program's path

Playwright's own downloads are not used: they come from outside the package registries. As root it
is Debian's package; else the npm package @sparticuz/chromium, unpacked below .venv with its
libraries and a font configuration of our own (its own one points at a fixed folder, and without any
font the text of a page reads as empty, without an error).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from infra.local.problems import Problem

REPOSITORY: Final = Path(__file__).parents[2]
UNPACKED: Final = REPOSITORY / ".venv" / "chromium"
WRAPPER: Final = UNPACKED / "chromium"
VARIABLE: Final = "HEADWAY_CHROMIUM"
NAMES: Final = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
NPM_PACKAGE: Final = "@sparticuz/chromium@153.0.0"

INFLATE: Final = """
const fs = require("node:fs"), path = require("node:path"), zlib = require("node:zlib");
const [from, to] = process.argv.slice(1);
for (const name of fs.readdirSync(from).filter((name) => name.endsWith(".br"))) {
  const inflated = zlib.brotliDecompressSync(fs.readFileSync(path.join(from, name)));
  fs.writeFileSync(path.join(to, name.slice(0, -3)), inflated);
}
"""
FONTS_CONF: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{root}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{root}/font-cache</cachedir>
</fontconfig>
"""
WRAPPER_SCRIPT: Final = """#!/bin/sh
# The browser that npm brought, with its own libraries and fonts.
root=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="$root/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export FONTCONFIG_FILE="$root/fonts.conf"
exec "$root/{program}" "$@"
"""


def find() -> Path | None:
    """Return a Chromium that starts, or None."""
    given = os.environ.get(VARIABLE)
    candidates = [given, str(WRAPPER), *(shutil.which(name) for name in NAMES)]
    for candidate in candidates:
        if candidate and Path(candidate).exists() and _starts(Path(candidate)):
            return Path(candidate)
    return None


def install() -> Path:
    """Install a Chromium and return its path. Raises: Problem."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install_with_apt()
    if find() is None:
        _install_with_npm()
    found = find()
    if found is None:
        raise Problem(
            f"No Chromium could be installed: install one and set {VARIABLE} to its program."
        )
    return found


def _starts(program: Path) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _install_with_apt() -> None:
    print("Installing chromium with apt-get …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    package = [
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
        "chromium",
        "fonts-liberation",
    ]
    for command in (package, ["apt-get", "update"], package):
        # A fresh machine has no package lists; one with lists needs no update.
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0 and command is package:
            return
    print(f"apt-get could not: {done.stderr.strip().splitlines()[-1:]}", flush=True)


def _install_with_npm() -> None:
    print(f"Installing {NPM_PACKAGE} with npm …", flush=True)
    npm = REPOSITORY / "infra" / "local" / "npm"
    fetched = UNPACKED / "npm"
    fetched.mkdir(parents=True, exist_ok=True)
    (fetched / "package.json").write_text('{"private": true}\n')
    words = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", NPM_PACKAGE]
    done = subprocess.run([npm, *words], cwd=fetched, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Problem(f"npm could not install {NPM_PACKAGE}; why stands above.")
    packed = fetched / "node_modules" / "@sparticuz" / "chromium" / "bin"
    # `npm exec` so that it is the Node that npm itself was found with.
    subprocess.run(
        [npm, "exec", "--", "node", "-e", INFLATE, str(packed), str(UNPACKED)],
        cwd=fetched,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    for archive in UNPACKED.glob("*.tar"):
        subprocess.run(["tar", "-xf", archive, "-C", UNPACKED], check=True)
        archive.unlink()
    program = UNPACKED / "headless-chromium"
    (UNPACKED / "chromium").rename(program)
    program.chmod(0o755)
    (UNPACKED / "fonts.conf").write_text(FONTS_CONF.format(root=UNPACKED))
    WRAPPER.write_text(WRAPPER_SCRIPT.format(program=program.name))
    WRAPPER.chmod(0o755)
    shutil.rmtree(fetched)


def main() -> None:
    """Print the path of a Chromium; with --install, get one first when there is none."""
    found = find()
    if found is None and "--install" in sys.argv:
        try:
            found = install()
        except Problem as problem:
            sys.exit(f"headway: {problem}")
    if found is None:
        sys.exit("headway: no Chromium found; `make test` installs one.")
    print(found)


if __name__ == "__main__":
    main()
