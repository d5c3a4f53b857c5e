"""What `headway deploy` sends to a managed pool: the folder of the code, and what to install."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from headway._client import Client
from headway._errors import NotFound
from headway._zips import MAX_FILES, MAX_ZIP_BYTES, hash_file, make_zip

# Neither code nor anything that should leave this machine unasked.
EXCLUDED = (
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    "*.pyc",
    "*.pyo",
    ".venv",
    "node_modules",
    ".env",
    ".env.*",
    "*.egg-info",
    ".tox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".ipynb_checkpoints",
    ".idea",
    ".vscode",
    ".DS_Store",
)
MANAGED = "MANAGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedOptions:
    """The options of `headway deploy` that only managed pools take."""

    requirements_file: Path | None
    requirements: tuple[str, ...]
    cpu: float | None
    memory_mb: int | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def given(self) -> list[str]:
        """Return those that were given, as they are written."""
        named = {
            "--requirements": self.requirements_file,
            "--requirement": self.requirements,
            "--cpu": self.cpu,
            "--memory": self.memory_mb,
            "--include": self.include,
            "--exclude": self.exclude,
        }
        return [name for name, value in named.items() if value]


def is_managed(client: Client, pool: str) -> bool:
    """Return whether Headway itself executes the runs of the pool of this name or id."""
    if pool == "default":
        return False
    for each in client.pages("pools", {"limit": 200}):
        if pool in (each["name"], each["id"]):
            return bool(each.get("kind") == MANAGED)
    # It is not there: the server says why when the deployment names it.
    return pool == "managed"


def describe_code(client: Client, place: str, options: ManagedOptions) -> dict[str, Any]:
    """
    Upload the code of an entry point unless the server has it; return what the deployment says.

    `place` is the entry point's file, or its module when it is none.
    """
    file = Path(place)
    is_file = place.endswith(".py")
    folder = file.parent.resolve() if is_file else Path.cwd()
    described: dict[str, Any] = {
        "path": "",
        "bundle": {"sha256": upload_folder(client, folder, options)},
        "requirements": find_requirements(folder, options),
    }
    if is_file:
        described["place"] = file.name
    if options.cpu is not None or options.memory_mb is not None:
        described["size"] = {
            "cpu": options.cpu or 0.25,
            "memory_mb": options.memory_mb or _least_memory(options.cpu or 0.25),
        }
    return described


def upload_folder(client: Client, folder: Path, options: ManagedOptions) -> str:
    """Zip the folder, upload it unless the server has just this, and return its hash."""
    files = list(list_files(folder, include=options.include, exclude=options.exclude))
    if len(files) > MAX_FILES:
        raise click.ClickException(
            f"{folder} holds {len(files):,} files, and a bundle at most {MAX_FILES:,}: "
            "leave some out with --exclude."
        )
    with tempfile.TemporaryDirectory(prefix="headway-bundle-") as scratch:
        path = Path(scratch) / "bundle.zip"
        with path.open("wb") as target:
            count = make_zip(target, files)
        size = path.stat().st_size
        if size > MAX_ZIP_BYTES:
            raise click.ClickException(
                f"{folder} packs to {_megabytes(size)}, and a bundle has at most "
                f"{_megabytes(MAX_ZIP_BYTES)}: leave data out with --exclude. "
                f"The largest files:\n{_largest(files)}"
            )
        sha256 = hash_file(path)
        said = f"Bundle {sha256[:12]} ({count} files, {_megabytes(size)})"
        try:
            client.get(f"bundles/{sha256}")
        except NotFound:
            content = path.read_bytes()
            client.upload(f"bundles/{sha256}", content, content_type="application/zip")
            click.echo(f"{said} uploaded.")
        else:
            click.echo(f"{said} is there already.")
    return sha256


def list_files(
    folder: Path, *, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Iterator[tuple[str, Path]]:
    """
    Yield the files of a folder that belong to its code, with their names in a zip.

    A pattern is for names, or with a slash for paths from the folder. `include` brings back what is
    left out by itself, never what `exclude` names.
    """
    for place, folders, names in os.walk(folder):
        here = Path(place)
        inside = here.relative_to(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not (here / name / "pyvenv.cfg").exists()  # a virtual environment of any name
            and not (here / name).is_symlink()
            and _belongs(inside / name, include, exclude, is_folder=True)
        )
        for name in sorted(names):
            path = here / name
            if not _belongs(inside / name, include, exclude, is_folder=False):
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                raise click.ClickException(
                    f"{path} is a link out of the folder; leave it out with --exclude {name!r}."
                )
            if path.is_file():
                yield (inside / name).as_posix(), path


def _belongs(
    path: Path, include: Sequence[str], exclude: Sequence[str], *, is_folder: bool
) -> bool:
    if any(_fits(path, pattern) for pattern in exclude):
        return False
    if not any(_fits(path, pattern) for pattern in EXCLUDED):
        return True
    if any(_fits(path, pattern) for pattern in include):
        return True
    # On the way to something that is wanted.
    return is_folder and any(pattern.startswith(f"{path.as_posix()}/") for pattern in include)


def _fits(path: Path, pattern: str) -> bool:
    pattern = pattern.removeprefix("./").rstrip("/")
    return fnmatchcase(path.as_posix() if "/" in pattern else path.name, pattern)


def find_requirements(folder: Path, options: ManagedOptions) -> list[str]:
    """Return what to install: as the options say, else what requirements.txt in the folder says."""
    if options.requirements_file is not None:
        return [*read_requirements(options.requirements_file), *options.requirements]
    beside = folder / "requirements.txt"
    if not options.requirements and beside.is_file():
        return read_requirements(beside)
    return list(options.requirements)


def read_requirements(path: Path) -> list[str]:
    """Return the requirements in a file, without comments; refuse what is not a requirement."""
    requirements: list[str] = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text.startswith("#"):
            continue
        text = text.partition(" #")[0].strip()
        if not text:
            continue
        if text.startswith("-") or " --hash" in text or text.endswith("\\"):
            raise click.ClickException(
                f"{path}:{number}: {text!r}: a managed pool takes plain requirements, one a line: "
                "no options, no other files, no hashes. `uv export --no-hashes` writes such a file."
            )
        requirements.append(text)
    return requirements


def _least_memory(cpu: float) -> int:
    return 512 if cpu <= 0.25 else int(cpu * 2048)


def _largest(files: Sequence[tuple[str, Path]]) -> str:
    sizes = sorted(((path.stat().st_size, name) for name, path in files), reverse=True)
    return "\n".join(f"  {name}  {_megabytes(size)}" for size, name in sizes[:5])


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB" if size > 100_000 else f"{size / 1024:.1f} kB"
