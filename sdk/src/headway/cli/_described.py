"""What `headway deploy` says beside the flow: where the code is, how jobs are made, whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from headway._client import Client
from headway._schema import read_text
from headway.cli._edge import plain, split_pairs

OWNER_KINDS = ("user", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOptions:
    """The options of `headway deploy` that say where else than in this folder the code is."""

    git: str | None
    ref: str | None
    folder: str | None
    image: str | None
    bundle_url: str | None
    bundle_sha256: str | None

    def given(self) -> list[str]:
        """Return those that were given, as they are written."""
        named = {
            "--git": self.git,
            "--ref": self.ref,
            "--folder": self.folder,
            "--image": self.image,
            "--bundle-url": self.bundle_url,
            "--bundle-sha256": self.bundle_sha256,
        }
        return [name for name, value in named.items() if value is not None]

    def describe(self) -> dict[str, Any] | None:
        """Return `code` as the server takes it; None when the code is in this folder."""
        sources = [name for name in self.given() if name in ("--git", "--image", "--bundle-url")]
        if len(sources) > 1:
            raise click.UsageError(f"{' and '.join(sources)}: the code can only be in one place.")
        for name, value, places in (
            ("--ref", self.ref, ("--git",)),
            ("--folder", self.folder, ("--git", "--image")),
            ("--bundle-sha256", self.bundle_sha256, ("--bundle-url",)),
        ):
            if value is not None and not set(places) & set(sources):
                raise click.UsageError(f"{name} belongs to {' or '.join(places)}.")
        if self.git is not None:
            code = {"kind": "git", "url": self.git, "ref": self.ref, "folder": self.folder}
        elif self.image is not None:
            code = {"kind": "image", "image": self.image, "folder": self.folder}
        elif self.bundle_url is not None:
            code = {"kind": "object_store", "url": self.bundle_url, "sha256": self.bundle_sha256}
        else:
            return None
        return {name: value for name, value in code.items() if value is not None}

    def folder_here(self, place: str) -> Path:
        """Return the folder in which the entry point's file is meant to be, here."""
        here = Path.cwd()
        if self.git is None or not self.folder or (here / place).exists():
            return here
        inside = here / self.folder
        return inside if (inside / place).exists() else here


def describe_place(deployment: Mapping[str, Any]) -> str:
    """
    Return where a deployment's code is, in a few words.

    >>> describe_place({"code": {"kind": "git", "url": "https://a.dev/x", "ref": "v1"}})
    'https://a.dev/x at v1'
    >>> describe_place({"code": None, "path": "/srv/flows"})
    '/srv/flows'
    >>> describe_place({"bundle": {"sha256": "ab" * 32}, "path": ""})
    'bundle abababababab'
    """
    code, bundle = deployment.get("code") or {}, deployment.get("bundle")
    kind = code.get("kind")
    if kind == "git":
        folder = f" in {code['folder']}" if code.get("folder") else ""
        return plain(f"{code['url']} at {code.get('ref') or 'HEAD'}{folder}")
    if kind == "image":
        folder = f" in {code['folder']}" if code.get("folder") else ""
        return plain(f"image {code['image']}{folder}")
    if kind == "object_store":
        fixed = f" ({code['sha256'][:12]})" if code.get("sha256") else ""
        return plain(f"{code['url']}{fixed}")
    if bundle:
        return f"bundle {plain(bundle['sha256'])[:12]}"
    return plain(str(deployment.get("path") or "-"))


def read_job_settings(client: Client, pool: str, pairs: tuple[str, ...]) -> dict[str, Any]:
    """
    Return what `--job-setting name=value` mean, by the schema of the pool's kind.

    `env.REGION=eu` is a member of `env`. What the kind does not know the server refuses.
    """
    if not pairs:
        return {}
    schema = _settings_schema(client, pool)
    settings: dict[str, Any] = {}
    for name, text in split_pairs(pairs).items():
        outer, dot, inner = name.partition(".")
        if dot:
            members = settings.setdefault(outer, {})
            if not isinstance(members, dict):
                raise click.UsageError(f"--job-setting {outer} and {name}: one of them.")
            members[inner] = text
        else:
            settings[name] = read_text(schema, name, text)
    return settings


def _settings_schema(client: Client, pool: str) -> dict[str, Any]:
    pools = client.pages("pools", {"limit": 200})
    kind = next((each["kind"] for each in pools if pool in (each["name"], each["id"])), "PROCESS")
    for each in client.get("pool-kinds")["items"]:
        if each["kind"] == kind:
            schema: dict[str, Any] = each["schema"]
            return schema
    return {}


def find_owners(client: Client, names: tuple[str, ...]) -> list[dict[str, str]]:
    """
    Return the members and teams of these addresses or names as the server knows them.

    `user:ID` and `team:ID` are taken as they are.
    """
    return [_find_owner(client, name) for name in names]


def _find_owner(client: Client, name: str) -> dict[str, str]:
    kind, _, id_ = name.partition(":")
    if kind in OWNER_KINDS and id_:
        return {"kind": kind, "id": id_}
    found = {  # somebody may have several roles here
        ("user", str(member["user"]["id"]))
        if member["user"]
        else (str(member["kind"]), str(member["subject_id"]))
        for member in client.pages("members", {"q": name, "limit": 200})
        if (member["user"] or member["kind"] in OWNER_KINDS)
        and name.lower() in (str(member["email"] or "").lower(), str(member["name"]).lower())
    }
    if len(found) == 1:
        ((kind, id_),) = found
        return {"kind": kind, "id": id_}
    problem = "several here have" if found else "nobody here has"
    raise click.UsageError(
        f"--owner {name}: {problem} this address or name; user:ID and team:ID work, too."
    )
