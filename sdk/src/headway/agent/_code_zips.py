"""
Code as a zip in an object store: `s3://bucket/key`, `https://…` or `file:///…`.

A zip whose hash is known is fetched once. Of one whose hash nobody said, the store is asked each
time whether it is still the one that was fetched last.
"""

from __future__ import annotations

import json
import netrc
import os
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

from headway._zips import CHUNK, MAX_ZIP_BYTES, BadZip, hash_file, unpack_zip
from headway.agent._code_cache import TREE, CodeCache, FetchFailed, Held, Stopped, key_of

HTTP_SECONDS = 60.0
TOLD = "told.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What was in a zip."""

    held: Held
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Download:
    validator: str | None  # by which the store knows what it gave; None: it cannot tell


_UNCHANGED = _Download(validator=None)


def unpack_code(cache: CodeCache, *, url: str, sha256: str | None, stop: Event) -> Unpacked:
    """
    Return what is in the zip at this address, which must have the hash if one is given.

    Raises: FetchFailed, Stopped, OSError.
    """
    if sha256 is None:
        return _unpack_newest(cache, url, stop)

    def make(folder: Path) -> None:
        path = folder / "code.zip"
        _download(url, path, known=None, stop=stop)
        found = hash_file(path)
        if found != sha256:
            text = f"The zip at {url} is not the one that was deployed: its SHA-256 is {found}, "
            raise FetchFailed(f"{text}not {sha256}.")
        _unpack(url, path, folder)

    return Unpacked(held=cache.hold(key_of("zip", sha256), make, stop=stop), sha256=sha256)


def _unpack_newest(cache: CodeCache, url: str, stop: Event) -> Unpacked:
    with cache.alone(key_of("address", url), stop=stop) as folder:
        told = _read_told(folder / TOLD)
        is_there = told is not None and cache.has(key_of("zip", told["sha256"]))
        path = folder / f"{uuid.uuid4().hex}.zip"
        try:
            known = told["validator"] if told is not None and is_there else None
            got = _download(url, path, known=known, stop=stop)
            if got is _UNCHANGED and told is not None:
                sha256 = str(told["sha256"])
            else:
                sha256 = hash_file(path)
            if got is not _UNCHANGED and got.validator is not None:
                content = json.dumps({"validator": got.validator, "sha256": sha256})
                (folder / TOLD).write_text(content)

            def make(target: Path) -> None:
                if not path.exists():  # dropped since we looked
                    _download(url, path, known=None, stop=stop)
                    if hash_file(path) != sha256:
                        raise FetchFailed(f"The zip at {url} changed while it was fetched.")
                _unpack(url, path, target)

            held = cache.hold(key_of("zip", sha256), make, stop=stop)
            return Unpacked(held=held, sha256=sha256)
        finally:
            path.unlink(missing_ok=True)


def _read_told(path: Path) -> dict[str, Any] | None:
    with suppress(OSError, ValueError):
        told = json.loads(path.read_text())
        if isinstance(told, dict) and {"validator", "sha256"} <= told.keys():
            return told
    return None


def _unpack(url: str, path: Path, folder: Path) -> None:
    try:
        unpack_zip(path, folder / TREE)
    except BadZip as error:
        raise FetchFailed(f"What is at {url} cannot be unpacked: {error}") from error
    with suppress(FileNotFoundError):
        if path.parent == folder:
            path.unlink()


def _download(url: str, path: Path, *, known: str | None, stop: Event) -> _Download:
    """Write what is there into the file, or return `_UNCHANGED` when that is what we know."""
    schemes: dict[str, Callable[[str, Path, str | None, Event], _Download]] = {
        "file": _from_file,
        "s3": _from_s3,
        "https": _from_https,
    }
    get = schemes.get(urlsplit(url).scheme)
    if get is None:
        begins = ", ".join(f"{each}://" for each in schemes)
        raise FetchFailed(f"An address of a zip begins with one of {begins}: {url!r}.")
    return get(url, path, known, stop)


def _from_file(url: str, path: Path, known: str | None, stop: Event) -> _Download:
    source = Path(unquote(urlsplit(url).path))
    try:
        with source.open("rb") as content:
            about = os.fstat(content.fileno())
            validator = f"{about.st_ino} {about.st_size} {about.st_mtime_ns}"
            if validator == known:
                return _UNCHANGED
            _write(url, iter(lambda: content.read(CHUNK), b""), path, stop)
    except (FileNotFoundError, NotADirectoryError):
        raise FetchFailed(f"There is no file {source} on the agent's machine.") from None
    except (PermissionError, IsADirectoryError) as error:
        raise FetchFailed(f"{source} cannot be read: {error.strerror}.") from error
    return _Download(validator=validator)


def _from_s3(url: str, path: Path, known: str | None, stop: Event) -> _Download:
    try:
        import boto3  # type: ignore[import-untyped,import-not-found,unused-ignore]
        import botocore.exceptions as problems  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise FetchFailed(
            "Code in S3 needs boto3 where the agent runs: pip install boto3."
        ) from None
    address = urlsplit(url)
    asked = {"Bucket": address.netloc, "Key": unquote(address.path).lstrip("/")}
    if known is not None:
        asked["IfNoneMatch"] = known
    try:
        answer = boto3.client("s3").get_object(**asked)
        _write(url, answer["Body"].iter_chunks(CHUNK), path, stop, size=answer["ContentLength"])
    except problems.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if code in {"304", "NotModified"}:
            return _UNCHANGED
        missing = {"NoSuchKey": "There is no object", "NoSuchBucket": "There is no bucket of"}
        if code in missing:
            raise FetchFailed(f"{missing[code]} {url}.") from error
        raise FetchFailed(f"{url} cannot be read: {error}") from error
    except (problems.BotoCoreError, problems.HTTPClientError) as error:
        raise FetchFailed(f"{url} cannot be read: {error}") from error
    return _Download(validator=answer.get("ETag"))


def _from_https(url: str, path: Path, known: str | None, stop: Event) -> _Download:
    import httpx2

    headers = {"Accept": "application/zip, */*"}
    if known is not None:
        headers["If-None-Match" if known.startswith(('"', "W/")) else "If-Modified-Since"] = known
    try:
        with (
            httpx2.Client(auth=_netrc(), timeout=HTTP_SECONDS, follow_redirects=True) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.url.scheme != "https":
                raise FetchFailed(f"{url} leads to an address that is not https://.")
            if response.status_code == 304 and known is not None:
                return _UNCHANGED
            if response.status_code != 200:
                raise FetchFailed(f"{url} answers {response.status_code}, not with a zip.")
            _write(url, response.iter_bytes(CHUNK), path, stop)
            told = response.headers.get("ETag") or response.headers.get("Last-Modified")
    except (httpx2.TransportError, httpx2.InvalidURL, httpx2.TooManyRedirects) as error:
        raise FetchFailed(f"{url} cannot be read: {error or type(error).__name__}") from error
    return _Download(validator=told)


def _netrc() -> Any:
    import httpx2

    try:
        return httpx2.NetRCAuth(os.environ.get("NETRC"))
    except FileNotFoundError:
        return None
    except netrc.NetrcParseError as error:
        raise FetchFailed(f"The agent's netrc cannot be read: {error}") from error


def _write(
    url: str, chunks: Iterable[bytes], path: Path, stop: Event, *, size: int | None = None
) -> None:
    received = 0
    with path.open("wb") as file:
        for chunk in chunks:
            received += len(chunk)
            if max(received, size or 0) > MAX_ZIP_BYTES:
                raise FetchFailed(f"The zip at {url} has over {MAX_ZIP_BYTES >> 20} MB.")
            if stop.is_set():
                raise Stopped("Stopped while its code was being fetched.")
            file.write(chunk)
