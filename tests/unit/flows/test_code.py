"""Which descriptions of code are taken, and which are refused at which field."""

import pytest

from apps.flows.code import find_source_faults, make_code

SHA256 = "ab" * 32


@pytest.mark.parametrize(
    "url",
    [
        "https://git.acme.dev/flows.git",
        "https://git.acme.dev:8443/team/flows",
        "http://git.internal/flows.git",
        "ssh://git@git.acme.dev:22/flows.git",
        "git://git.acme.dev/flows.git",
        "git@git.acme.dev:team/flows.git",
        "git.acme.dev:/srv/flows.git",
        "file:///srv/git/flows.git",
        "/srv/git/flows.git",
    ],
)
def test_addresses_that_git_knows_are_taken(url):
    assert find_source_faults({"kind": "git", "url": url}) == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://token@git.acme.dev/flows.git",
        "https://alice:secret@git.acme.dev/flows.git",
        "ssh://git:secret@git.acme.dev/flows.git",
        "https://git.acme.dev/flows.git?private_token=abc",
    ],
)
def test_credentials_in_a_repositorys_address_are_refused_with_a_hint(url):
    faults = find_source_faults({"kind": "git", "url": url})

    assert list(faults) == ["url"]
    assert "credential helper" in faults["url"][0]
    assert "secret" not in faults["url"][0]


@pytest.mark.parametrize(
    "url",
    [
        "https://alice:secret@files.acme.dev/flows.zip",
        "https://bucket.s3.amazonaws.com/flows.zip?X-Amz-Credential=x&X-Amz-Signature=y",
        "https://account.blob.acme.dev/flows.zip?sv=1&sig=abc",
    ],
)
def test_credentials_in_an_objects_address_are_refused_with_a_hint(url):
    faults = find_source_faults({"kind": "object_store", "url": url})

    assert list(faults) == ["url"]
    assert "~/.netrc" in faults["url"][0]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "git"}, "url"),
        ({"kind": "git", "url": ""}, "url"),
        ({"kind": "git", "url": "ext::sh -c id"}, "url"),
        ({"kind": "git", "url": "ext::id"}, "url"),
        ({"kind": "git", "url": "--upload-pack=id"}, "url"),
        ({"kind": "git", "url": "-oProxyCommand=id:x"}, "url"),
        ({"kind": "git", "url": "ssh://-oProxyCommand=id/x"}, "url"),
        ({"kind": "git", "url": "git@-oProxyCommand=id:x"}, "url"),
        ({"kind": "git", "url": "flows.git"}, "url"),
        ({"kind": "git", "url": "ftp://git.acme.dev/flows"}, "url"),
        ({"kind": "git", "url": "https:///flows"}, "url"),
        ({"kind": "git", "url": "https://git.acme.dev:port/flows"}, "url"),
        ({"kind": "git", "url": "file://host/flows"}, "url"),
        ({"kind": "git", "url": "https://git.acme.dev/" + "x" * 2_000}, "url"),
        ({"kind": "git", "url": "https://git.acme.dev/\x07"}, "url"),
        ({"kind": "git", "url": "/srv/x.git", "ref": "--exec=id"}, "ref"),
        ({"kind": "git", "url": "/srv/x.git", "ref": "main:refs/heads/other"}, "ref"),
        ({"kind": "git", "url": "/srv/x.git", "ref": "main~1"}, "ref"),
        ({"kind": "git", "url": "/srv/x.git", "ref": "a b"}, "ref"),
        ({"kind": "git", "url": "/srv/x.git", "folder": "../other"}, "folder"),
        ({"kind": "git", "url": "/srv/x.git", "folder": "/etc"}, "folder"),
        ({"kind": "git", "url": "/srv/x.git", "sha256": SHA256}, "sha256"),
        ({"kind": "image"}, "image"),
        ({"kind": "image", "image": "acme flows"}, "image"),
        ({"kind": "image", "image": "user:secret@registry.acme.dev/flows"}, "image"),
        ({"kind": "image", "image": "acme/flows", "url": "https://acme.dev/x"}, "url"),
        ({"kind": "image", "image": "acme/flows", "folder": "/app/../etc"}, "folder"),
        ({"kind": "object_store", "url": "gs://bucket/flows.zip"}, "url"),
        ({"kind": "object_store", "url": "s3://bucket"}, "url"),
        ({"kind": "object_store", "url": "http://files.acme.dev/flows.zip"}, "url"),
        ({"kind": "object_store", "url": "s3://bucket/x.zip", "sha256": "AB"}, "sha256"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field(given, field):
    assert list(find_source_faults(given)) == [field]


def test_what_is_kept_has_all_that_its_kind_has_and_nothing_else():
    url = "https://git.acme.dev/flows.git"

    assert make_code({"kind": "git", "url": url, "ref": "", "image": None}) == {
        "kind": "git",
        "url": url,
        "ref": None,
        "folder": "",
    }
    assert make_code({"kind": "object_store", "url": "s3://b/k", "sha256": SHA256}) == {
        "kind": "object_store",
        "url": "s3://b/k",
        "sha256": SHA256,
    }
