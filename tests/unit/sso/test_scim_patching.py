"""PATCH: what each operation does, in the providers' ways, and beside a plain reference."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.sso.scim.attributes import ENTERPRISE, GROUPS, USER, USERS
from apps.sso.scim.documents import MAX_TEXT, MAX_VALUES, read_resource
from apps.sso.scim.errors import ScimError
from apps.sso.scim.patching import MAX_OPERATIONS, apply_operations, read_operations

CAROL = {
    "userName": "carol@acme.example",
    "name": {"givenName": "Carol", "familyName": "Ng"},
    "active": True,
    "emails": [
        {"value": "carol@acme.example", "type": "work", "primary": True},
        {"value": "c@home.example", "type": "home"},
    ],
    ENTERPRISE: {"department": "Data"},
}
DATA = {"displayName": "Data", "members": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}


def patched(kind, document, *operations):
    return apply_operations(kind, document, read_operations({"Operations": list(operations)}))


def outcome(function, *arguments):
    """Return what the function returns, or its refusal."""
    try:
        return function(*arguments)
    except ScimError as refusal:
        return refusal


def changed(**expected):
    """Return Carol with these attributes; None takes one away."""
    whole = copy.deepcopy(CAROL) | expected
    return {name: value for name, value in whole.items() if value is not None}


WORK, HOME = CAROL["emails"]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "title", "value": "Analyst"}, changed(title="Analyst")),
        ({"op": "Replace", "path": "TITLE", "value": "Analyst"}, changed(title="Analyst")),
        ({"op": "remove", "path": "name.givenName"}, changed(name={"familyName": "Ng"})),
        ({"op": "remove", "path": "name"}, changed(name=None)),
        ({"op": "replace", "path": "name", "value": None}, changed(name=None)),
        (
            {"op": "replace", "path": "name", "value": {"givenName": "C"}},
            changed(name={"givenName": "C", "familyName": "Ng"}),
        ),
        ({"op": "replace", "path": "active", "value": "False"}, changed(active=False)),
        ({"op": "replace", "value": {"active": "false"}}, changed(active=False)),
        ({"op": "replace", "path": "active", "value": [{"value": "False"}]}, changed(active=False)),
        (
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@acme.example"},
            changed(emails=[WORK | {"value": "n@acme.example"}, HOME]),
        ),
        (
            {"op": "add", "path": 'emails[type eq "other"].value', "value": "o@acme.example"},
            changed(emails=[WORK, HOME, {"type": "other", "value": "o@acme.example"}]),
        ),
        (
            {"op": "replace", "path": 'emails[value eq "c@home.example"].primary', "value": "True"},
            changed(emails=[WORK | {"primary": False}, HOME | {"primary": True}]),
        ),
        ({"op": "remove", "path": 'emails[type eq "home"]'}, changed(emails=[WORK])),
        ({"op": "remove", "path": 'emails[type eq "nothing"]'}, changed()),
        (
            {"op": "remove", "path": 'emails[type eq "home"].type'},
            changed(emails=[WORK, {"value": "c@home.example"}]),
        ),
        (
            {"op": "add", "path": "emails", "value": {"value": "c@home.example", "type": "home"}},
            changed(),
        ),
        (
            {
                "op": "add",
                "path": "emails",
                "value": [{"value": "n@acme.example", "primary": True}],
            },
            changed(
                emails=[
                    WORK | {"primary": False},
                    HOME,
                    {"value": "n@acme.example", "primary": True},
                ]
            ),
        ),
        ({"op": "replace", "path": "emails", "value": []}, changed(emails=None)),
        (
            {"op": "add", "value": {"name.givenName": "C", f"{ENTERPRISE}:division": "EU"}},
            changed(
                name={"givenName": "C", "familyName": "Ng"},
                **{ENTERPRISE: {"department": "Data", "division": "EU"}},
            ),
        ),
        (
            {"op": "add", "value": {'emails[type eq "home"].value': "h@home.example"}},
            changed(emails=[WORK, HOME | {"value": "h@home.example"}]),
        ),
        (
            {"op": "add", "value": {ENTERPRISE: {"division": "EU", "manager": "9"}}},
            changed(
                **{ENTERPRISE: {"department": "Data", "division": "EU", "manager": {"value": "9"}}}
            ),
        ),
        (
            {"op": "add", "path": f"{ENTERPRISE}:manager.displayName", "value": "Ola"},
            changed(**{ENTERPRISE: {"department": "Data", "manager": {"displayName": "Ola"}}}),
        ),
        ({"op": "remove", "path": ENTERPRISE}, changed(**{ENTERPRISE: None})),
        ({"op": "remove", "path": f"{ENTERPRISE}:department"}, changed(**{ENTERPRISE: None})),
        ({"op": "add", "path": f"{USER}:title", "value": "Analyst"}, changed(title="Analyst")),
        ({"op": "add", "path": "title", "value": 7}, changed(title="7")),
        ({"op": "replace", "value": {"id": "1", "meta": {}, "unknown": 1}}, changed()),
        ({"op": "add", "value": {"schemas": [USER]}}, changed()),
    ],
)
def test_what_an_operation_does(operation, expected):
    before = copy.deepcopy(CAROL)

    assert patched(USERS, CAROL, operation) == expected
    assert before == CAROL


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "4"}]}, "1234"),
        ({"op": "add", "path": "members", "value": [{"value": "1"}]}, "123"),
        ({"op": "remove", "path": 'members[value eq "2"]'}, "13"),
        ({"op": "remove", "path": 'members[value eq "2" or value eq "3"]'}, "1"),
        ({"op": "Remove", "path": "members", "value": [{"value": "1"}, {"value": "9"}]}, "23"),
        ({"op": "remove", "path": "members"}, ""),
        ({"op": "replace", "path": "members", "value": [{"value": "3"}]}, "3"),
        ({"op": "replace", "value": {"members": [{"value": "5"}], "id": "x"}}, "5"),
    ],
)
def test_members_come_and_go(operation, members):
    found = patched(GROUPS, DATA, operation).get("members", [])

    assert "".join(each["value"] for each in found) == members


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        (None, "invalidSyntax"),
        ([], "invalidSyntax"),
        ({}, "invalidSyntax"),
        ({"Operations": []}, "invalidSyntax"),
        ({"Operations": [7]}, "invalidSyntax"),
        ({"Operations": [{"op": "copy"}]}, "invalidSyntax"),
        ({"Operations": [{"op": "add", "path": 7}]}, "invalidPath"),
        ({"Operations": [{"op": "remove", "path": "a" * 2_000}]}, "invalidPath"),
        (
            {"Operations": [{"op": "remove", "path": "title"}] * (MAX_OPERATIONS + 1)},
            "invalidSyntax",
        ),
    ],
)
def test_bodies_that_are_no_patch_are_refused(body, scim_type):
    with pytest.raises(ScimError) as refusal:
        read_operations(body)

    assert refusal.value.scim_type == scim_type


def test_lists_do_not_grow_without_end():
    many = [{"value": f"{n}@acme.example"} for n in range(MAX_VALUES)]

    for operation in (
        {"op": "add", "path": "emails", "value": many},
        {"op": "replace", "path": "title", "value": "x" * (MAX_TEXT + 1)},
    ):
        with pytest.raises(ScimError) as refusal:
            patched(USERS, CAROL, operation)
        assert refusal.value.scim_type == "invalidValue"


# The reference knows single texts and a list of members, and nothing else.
WORDS = st.text(alphabet="abc", min_size=1, max_size=2)
SINGLE = st.sampled_from(["title", "nickName", "locale"])
SINGLES = st.one_of(
    st.tuples(st.sampled_from(["add", "replace"]), SINGLE, WORDS),
    st.tuples(st.just("remove"), SINGLE, st.none()),
)
MEMBERS = st.one_of(
    st.tuples(st.sampled_from(["add", "replace", "remove"]), st.lists(WORDS, max_size=4)),
    st.tuples(st.just("filter"), WORDS),
)


@given(st.lists(SINGLES, min_size=1, max_size=6))
@settings(deadline=None)
def test_single_values_are_set_and_unset_as_in_a_dictionary(operations):
    expected = {"userName": "u"}
    for op, name, value in operations:
        if op == "remove":
            expected.pop(name, None)
        else:
            expected[name] = value

    by_path = [{"op": op, "path": name, "value": value} for op, name, value in operations]
    assert patched(USERS, {"userName": "u"}, *by_path) == expected
    together = [
        {"op": op, "value": {name: value}} if op != "remove" else {"op": op, "path": name}
        for op, name, value in operations
    ]
    assert patched(USERS, {"userName": "u"}, *together) == expected


@given(st.lists(WORDS, max_size=4), st.lists(MEMBERS, min_size=1, max_size=6))
@settings(deadline=None)
def test_members_are_a_set(start, operations):
    expected = set(start)
    sent = []
    for op, given_words in operations:
        values = [{"value": each} for each in given_words]
        if op == "add":
            expected |= set(given_words)
        elif op == "replace":
            expected = set(given_words)
        elif op == "filter":
            expected -= {given_words}
            sent.append({"op": "remove", "path": f'members[value eq "{given_words}"]'})
            continue
        else:
            expected -= set(given_words)
        sent.append({"op": op, "path": "members", "value": values})

    group = {"displayName": "G", "members": [{"value": each} for each in start]}
    found = patched(GROUPS, group, *sent).get("members", [])
    assert {each["value"] for each in found} == expected


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.sampled_from(["True", "add", "emails", "members", "value", "active"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "value",
                    "type",
                    "primary",
                    "userName",
                    "name",
                    "active",
                    "emails",
                    "members",
                    "displayName",
                    ENTERPRISE,
                    "manager",
                    "name.givenName",
                    "emails[primary eq true]",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
PATHS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "userName",
            "active",
            "emails",
            "emails.value",
            "name",
            "name.givenName",
            "members",
            "meta",
            'emails[type eq "work"]',
            'emails[type eq "x"].value',
            'members[value eq "1"]',
            "id",
            ENTERPRISE,
            f"{ENTERPRISE}:manager",
            f"{ENTERPRISE}:manager.value",
            "emails[]",
            "[",
        ]
    ),
    st.text(max_size=6),
)
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Add", "replace", "remove"])},
    optional={"path": PATHS, "value": JSON},
)


@given(st.lists(OPERATION, min_size=1, max_size=4), st.sampled_from([USERS, GROUPS]))
@settings(deadline=None, max_examples=400)
def test_whatever_is_sent_is_done_or_refused_and_stays_readable(operations, kind):
    document = CAROL if kind is USERS else DATA
    before = json.dumps(document)

    found = outcome(patched, kind, document, *operations)

    if isinstance(found, ScimError):
        assert (found.status, found.scim_type is None) == (400, False)
    else:
        # What is kept is in the form in which a whole resource would have been kept.
        assert read_resource(kind, found) == found
    assert json.dumps(document) == before


@given(JSON, st.sampled_from([USERS, GROUPS]))
@settings(deadline=None, max_examples=200)
def test_whatever_is_sent_as_a_whole_is_read_or_refused(body, kind):
    found = outcome(read_resource, kind, body)

    if isinstance(found, ScimError):
        assert found.status == 400
    else:
        assert read_resource(kind, found) == found
