"""
Pure: where else than in a folder or in a bundle the code of a deployment is.

A repository, an image or a zip somewhere; agents fetch it, we never do. What is said is shown to
everybody who may see the deployment, so nothing secret may be in it, and it becomes arguments of a
git that we do not know, so nothing that git would take for an option or a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, Literal, TypedDict, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

Fault = str | None
CodeKind = Literal["git", "image", "object_store"]


class Code(TypedDict, total=False):
    """Where the code is; which of the fields there are goes by the kind."""

    kind: CodeKind
    url: str  # git, object_store
    ref: str | None  # git: a branch, a tag or a commit; None: what its HEAD names
    folder: str  # git, image: in which folder of it; "": at its root, in its working folder
    image: str
    sha256: str | None  # object_store: of the zip; None: whatever is there when a run starts


MAX_LENGTHS: Final[Mapping[str, int]] = {
    "url": 2_000,
    "ref": 250,
    "folder": 1_000,
    "image": 500,
    "sha256": 64,
}
_REQUIRED: Final[Mapping[CodeKind, str]] = {"git": "url", "image": "image", "object_store": "url"}
_OPTIONAL: Final[Mapping[CodeKind, Mapping[str, str | None]]] = {
    "git": {"ref": None, "folder": ""},
    "image": {"folder": ""},
    "object_store": {"sha256": None},
}
KINDS: Final = tuple(_REQUIRED)

_GIT_SCHEMES = ("https", "ssh", "http", "git", "file")
_STORE_SCHEMES = ("s3", "https", "file")
_LIKE_SCP = re.compile(r"(?:\w[\w.-]*@)?\w[\w.-]*:(?!//)[^:@]+")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?")
_NOT_IN_REFS = re.compile(r"[\s\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SECRETS = re.compile(
    r"(x-(amz|goog)-(signature|credential|security-token)|signature|sig|.*token|.*secret"
    r"|password|api-?_?key|awsaccesskeyid)",
    re.IGNORECASE,
)
_SHOWN = "Everybody who sees the deployment would read the credentials in it. Leave them to the"
_GIT_HINT = (
    f"{_SHOWN} agents' machine: git's credential helper or ~/.netrc for https://, a key for ssh://."
)
_STORE_HINT = (
    f"{_SHOWN} agents' machine: its role or ~/.aws for s3://, ~/.netrc for https:// addresses."
)


def find_source_faults(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """
    Say what is wrong with a description of code, by field; empty when nothing is.

    >>> find_source_faults({"kind": "git", "url": "https://git.acme.dev/flows.git"})
    {}
    >>> find_source_faults({"kind": "git", "url": "https://git.acme.dev/flows.git", "image": "x"})
    {'image': ['Code of kind git has none; it has url, ref, folder.']}
    """
    kind: CodeKind = given["kind"]
    needed = _REQUIRED[kind]
    fields = (needed, *_OPTIONAL[kind])
    faults: dict[str, list[str]] = {}
    for name, value in given.items():
        if name == "kind" or value is None:
            continue
        if name not in fields:
            has = ", ".join(fields)
            faults[name] = [f"Code of kind {kind} has none; it has {has}."]
        elif fault := _plain_fault(name, value) or _CHECKS[kind, name](value):
            faults[name] = [fault]
    if not given.get(needed):
        faults[needed] = [f"Code of kind {kind} needs it."]
    return faults


def make_code(given: Mapping[str, Any]) -> Code:
    """
    Return what is kept of a description in which nothing is wrong: all that its kind has.

    >>> make_code({"kind": "image", "image": "acme/flows:1.4"})
    {'kind': 'image', 'image': 'acme/flows:1.4', 'folder': ''}
    """
    kind: CodeKind = given["kind"]
    made: dict[str, Any] = {"kind": kind, _REQUIRED[kind]: given[_REQUIRED[kind]]}
    for name, default in _OPTIONAL[kind].items():
        made[name] = given.get(name) or default
    return cast(Code, made)


def _plain_fault(name: str, value: str) -> Fault:
    if len(value) > MAX_LENGTHS[name]:
        return f"Longer than {MAX_LENGTHS[name]} characters."
    return None if value.isprintable() else "Holds what cannot be printed."


def _git_fault(url: str) -> Fault:
    if "::" in url or url.startswith("-") or " " in url:
        return "Git would take this for more than an address."
    if url.startswith("/") or _LIKE_SCP.fullmatch(url):
        return None
    return _address_fault(url, _GIT_SCHEMES, _GIT_HINT, "https://git.acme.dev/flows.git")


def _store_fault(url: str) -> Fault:
    fault = _address_fault(url, _STORE_SCHEMES, _STORE_HINT, "s3://bucket/flows.zip")
    if fault is None and urlsplit(url).path in {"", "/"}:
        return "Names no object, only where objects are."
    return fault


def _address_fault(url: str, schemes: tuple[str, ...], hint: str, example: str) -> Fault:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "This address cannot be read."
    if parts.scheme not in schemes:
        begins = ", ".join(f"{each}://" for each in schemes)
        return f"An address begins with one of {begins}; e.g. {example}."
    if _has_credentials(parts):
        return hint
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            return "Of files on the agents' machine the whole path is needed: file:///srv/flows."
    elif not parts.hostname or parts.netloc.rpartition("@")[2].startswith("-"):
        return "This address names no host."
    return None


def _has_credentials(parts: SplitResult) -> bool:
    # The user of ssh:// is no secret, nor is git://'s; of https:// a token often comes as the user.
    is_named = parts.username is not None and parts.scheme not in {"ssh", "git"}
    in_query = any(_SECRETS.fullmatch(name) for name, _ in parse_qsl(parts.query, True))
    return is_named or parts.password is not None or in_query


def _ref_fault(ref: str) -> Fault:
    odd = _NOT_IN_REFS.search(ref) or ref[0] in "-/." or ref.endswith(("/", ".", ".lock"))
    return "This is no name of a branch or tag, and no commit." if odd else None


def _inside_fault(folder: str) -> Fault:
    if PurePosixPath(folder).is_absolute() or ".." in PurePosixPath(folder).parts:
        return "Must be a folder inside the repository: relative and without “..”."
    return _folder_fault(folder)


def _folder_fault(folder: str) -> Fault:
    if ".." in PurePosixPath(folder).parts or "\\" in folder:
        return "Write the folder with slashes and without “..”."
    return None


def _image_fault(image: str) -> Fault:
    if _IMAGE.fullmatch(image):
        return None
    return "This is no name of an image; e.g. acme/flows:1.4, registry.acme.dev/flows@sha256:…."


def _sha256_fault(sha256: str) -> Fault:
    return None if _SHA256.fullmatch(sha256) else "Must be a SHA-256 as 64 lower-case hex digits."


_CHECKS: Final[Mapping[tuple[CodeKind, str], Callable[[str], Fault]]] = {
    ("git", "url"): _git_fault,
    ("git", "ref"): _ref_fault,
    ("git", "folder"): _inside_fault,
    ("image", "image"): _image_fault,
    ("image", "folder"): _folder_fault,
    ("object_store", "url"): _store_fault,
    ("object_store", "sha256"): _sha256_fault,
}
