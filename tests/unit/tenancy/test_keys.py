import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenancy.keys import hash_secret, is_well_formed, new_secret
from apps.tenancy.scopes import ROLE_SCOPES, Scope, WorkspaceRole
from apps.tenancy.slugs import MAX_LENGTH, slugify


def test_a_new_key_is_well_formed_and_never_the_same():
    made = {new_secret() for _ in range(200)}

    assert len(made) == 200
    assert all(is_well_formed(secret) for secret in made)


@given(st.integers(min_value=3, max_value=51), st.sampled_from("0Az"))
def test_one_wrong_character_is_noticed(position, character):
    secret = new_secret()
    changed = secret[:position] + character + secret[position + 1 :]

    assert is_well_formed(changed) == (changed == secret)


@given(st.text(max_size=80))
def test_any_text_may_be_asked_about(text):
    assert is_well_formed(text) is False


def test_the_hash_is_a_sha256():
    assert hash_secret("x") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme Data", "acme-data"), ("  Émile & Söhne ", "emile-sohne"), ("数据", "workspace")],
)
def test_slugs_are_plain_words(name, slug):
    assert slugify(name) == slug


@given(st.text())
def test_a_slug_is_never_empty_or_long(name):
    assert 1 <= len(slugify(name)) <= MAX_LENGTH


def test_roles_grow_from_viewer_to_owner():
    viewer, runner, developer, owner = (
        ROLE_SCOPES[role]
        for role in (
            WorkspaceRole.VIEWER,
            WorkspaceRole.RUNNER,
            WorkspaceRole.DEVELOPER,
            WorkspaceRole.OWNER,
        )
    )

    assert viewer < runner < developer < owner == frozenset(Scope)
    assert Scope.MEMBERS_MANAGE not in developer
