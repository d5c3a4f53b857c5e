"""Where the code of a leased run is on this machine, fetched if its deployment says from where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from headway._errors import ConfigError
from headway._version import __version__
from headway.agent._code_cache import NO_ROOM, FetchFailed, Held, Stopped, open_cache

if TYPE_CHECKING:
    from headway.agent._lease import Lease

__all__ = ["CodeInPlace", "FetchFailed", "Stopped", "fetch_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeInPlace:
    """Code that can be executed; `told` says which it is, when it was fetched."""

    folder: str
    told: str | None = None
    held: Held | None = None

    def release(self) -> None:
        """Say that the run is over."""
        if self.held is not None:
            self.held.release()


def fetch_code(lease: Lease, *, stop: Event) -> CodeInPlace:
    """
    Return the code of a run, fetched unless it is here already.

    Raises: FetchFailed, Stopped.
    """
    kind = lease.code.get("kind")
    if kind is None:
        return CodeInPlace(folder=lease.path)
    fetch = _SOURCES.get(kind)
    if fetch is None:
        raise FetchFailed(
            f"This agent (headway {__version__}) executes runs as processes and gets no code of "
            f"kind {kind!r}."
        )
    try:
        return fetch(lease, stop)
    except ConfigError as error:
        raise FetchFailed(str(error)) from error
    except OSError as error:
        if error.errno in NO_ROOM:
            text = f"There is no room for its code on the agent's disk: {error.strerror}."
        else:
            text = f"Its code could not be kept on the agent's disk: {error}."
        raise FetchFailed(text) from error


def _from_git(lease: Lease, stop: Event) -> CodeInPlace:
    from headway.agent._code_git import check_out

    url, ref = str(lease.code["url"]), lease.code.get("ref")
    checkout = check_out(open_cache(), url=url, ref=ref, stop=stop)
    named = "" if ref == checkout.commit else f" ({ref or 'HEAD'})"
    return _found(
        lease,
        checkout.held,
        folder=str(lease.code.get("folder") or ""),
        inside=f"commit {checkout.commit[:12]}{named} of {url}",
        told=f"Code: commit {checkout.commit}{named} of {url}",
    )


def _from_store(lease: Lease, stop: Event) -> CodeInPlace:
    from headway.agent._code_zips import unpack_code

    url = str(lease.code["url"])
    unpacked = unpack_code(open_cache(), url=url, sha256=lease.code.get("sha256"), stop=stop)
    return _found(
        lease,
        unpacked.held,
        folder="",
        inside=f"the zip at {url}",
        told=f"Code: zip {unpacked.sha256} from {url}",
    )


def _found(lease: Lease, held: Held, *, folder: str, inside: str, told: str) -> CodeInPlace:
    """Look whether what shall be executed is there: paths of our own tell people nothing."""
    place = (held.tree / folder).resolve()
    file, _, _ = lease.entrypoint.partition(":")
    missing = None
    if not place.is_relative_to(held.tree.resolve()) or not place.is_dir():
        missing = f"folder {folder!r}"
    elif file.endswith(".py") and not (place / file).is_file():
        missing = f"file {str(Path(folder) / file)!r}"
    if missing is not None:
        held.release()
        raise FetchFailed(f"There is no {missing} in {inside}.")
    return CodeInPlace(folder=str(place), told=told, held=held)


_SOURCES: dict[object, Callable[[Lease, Event], CodeInPlace]] = {
    "git": _from_git,
    "object_store": _from_store,
}
