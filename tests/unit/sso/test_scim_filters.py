"""Filters: what is read, what is refused, and what matches, beside a plain reference."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.sso.scim.attributes import ENTERPRISE, GROUPS, USER, USERS
from apps.sso.scim.errors import ScimError
from apps.sso.scim.filters import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, matches, parse_filter
from tests.unit.sso.test_scim_patching import outcome

CAROL = {
    "id": "7",
    "userName": "Carol@acme.example",
    "externalId": "Ext-1",
    "name": {"givenName": "Carol", "familyName": "Ng"},
    "active": True,
    "emails": [
        {"value": "carol@acme.example", "type": "work", "primary": True},
        {"value": "c@home.example", "type": "home"},
    ],
    "meta": {"created": "2026-01-02T03:04:05.000000Z"},
    ENTERPRISE: {"department": "Data", "manager": {"value": "9"}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "CAROL@ACME.EXAMPLE"', True),
        ('USERNAME EQ "carol@acme.example"', True),
        ('userName ne "carol@acme.example"', False),
        ('userName sw "car" and userName ew ".EXAMPLE"', True),
        ('userName co "@"', True),
        ('userName gt "bob"', True),
        ('userName le "bob"', False),
        ('externalId eq "ext-1"', False),  # case counts in ids
        ('externalId eq "Ext-1"', True),
        ("externalId pr", True),
        ("title pr", False),
        ("title eq null", True),
        ("name pr and not (title pr)", True),
        ('title ne "x"', True),
        ("active eq true", True),
        ('active eq "True"', True),
        ("active ne true", False),
        ('name.familyName eq "ng"', True),
        ('emails eq "carol@acme.example"', True),
        ('emails.type eq "home"', True),
        ('emails[type eq "work" and value co "home"]', False),
        ('emails[type eq "work"].value eq "carol@ACME.example"', True),
        ('emails[type eq "home"].value eq "carol@acme.example"', False),
        ('emails[not (type eq "work")].value sw "c@"', True),
        ('emails[type eq "other"].value pr', False),
        ("emails[primary eq true].value pr", True),
        (f'{USER}:userName sw "carol"', True),
        (f'{ENTERPRISE}:department eq "data"', True),
        (f'{ENTERPRISE}:manager.value eq "9"', True),
        (f'{ENTERPRISE}:manager eq "9"', True),
        (f"{ENTERPRISE}:costCenter pr", False),
        ('meta.created gt "2026-01-02T04:04:04+01:00"', True),
        ('meta.created lt "2026-01-02T03:04:05Z"', False),
        ('meta.created eq "2026-01-02T03:04:05Z"', True),
        ('title pr or userName pr and name.givenName eq "x"', False),
        ('(title pr or userName pr) and name.givenName eq "Carol"', True),
        ('userName eq "x" or active eq true', True),
        ('userName eq "\\u0043arol@acme.example"', True),
    ],
)
def test_what_matches(text, expected):
    assert matches(parse_filter(USERS, text), CAROL) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        "userName eq carol",
        "userName eq 'carol'",
        'userName is "x"',
        'userName eq "x',
        'userName eq "x" and',
        'userName eq "x" or or active eq true',
        '(userName eq "x"',
        'userName eq "x")',
        'not userName eq "x"',
        'nothing eq "x"',
        'name eq "x"',
        'name.nothing eq "x"',
        "active gt true",
        'active eq "maybe"',
        "active co true",
        'meta.created gt "yesterday"',
        "userName gt null",
        'emails[type eq "work"',
        'emails[nothing eq "work"]',
        'emails[type eq "work"].nothing eq "x"',
        'userName[value eq "x"]',
        'x509Certificates.value gt "a"',
        'userName eq "\\u0000"',
        'userName eq "\\ud800"',
        'userName eq "\\x"',
        "urn:nothing:2.0:User:userName pr",
        "(" * (MAX_DEPTH + 2) + "userName pr" + ")" * (MAX_DEPTH + 2),
        " or ".join(["userName pr"] * (MAX_TERMS + 1)),
        'userName eq "' + "x" * MAX_LENGTH + '"',
    ],
)
def test_what_is_refused(text):
    with pytest.raises(ScimError) as refusal:
        parse_filter(USERS, text)

    assert (refusal.value.status, refusal.value.scim_type) == (400, "invalidFilter")


NAMES = st.sampled_from(["userName", "title", "nickName"])
WORDS = st.text(alphabet='aAbB"\\ ()[]é', max_size=3)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={name: WORDS.filter(bool) for name in ("userName", "title", "nickName")}
)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# A tree is (what it is written as, what it means to a document), made side by side.
def compare(name, operator, wanted):
    def holds(document):
        value = document.get(name)
        if operator == "pr":
            return value is not None
        if operator == "ne":
            return value is None or value.lower() != wanted.lower()
        if value is None:
            return False
        left, right = value.lower(), wanted.lower()
        return {
            "eq": left == right,
            "co": right in left,
            "sw": left[: len(right)] == right,
            "ew": right == "" or left[-len(right) :] == right,
            "gt": left > right,
            "ge": left >= right,
            "lt": left < right,
            "le": left <= right,
        }[operator]

    text = f"{name} pr" if operator == "pr" else f"{name} {operator} {quoted(wanted)}"
    return text, holds


LEAVES = st.builds(
    compare,
    NAMES,
    st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]),
    WORDS,
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(
            lambda pair: (
                f"({pair[0][0]}) and ({pair[1][0]})",
                lambda d: pair[0][1](d) and pair[1][1](d),
            )
        ),
        st.tuples(inner, inner).map(
            lambda pair: (
                f"({pair[0][0]}) or ({pair[1][0]})",
                lambda d: pair[0][1](d) or pair[1][1](d),
            )
        ),
        inner.map(lambda one: (f"not ({one[0]})", lambda d: not one[1](d))),
    ),
    max_leaves=8,
)


@given(TREES, DOCUMENTS)
@settings(deadline=None)
def test_a_filter_means_what_the_plain_reference_means(tree, document):
    text, holds = tree

    assert matches(parse_filter(USERS, text), document) is holds(document)


@given(TREES, TREES, TREES, DOCUMENTS)
@settings(deadline=None, max_examples=50)
def test_and_binds_closer_than_or(first, second, third, document):
    text = f"({first[0]}) or ({second[0]}) and ({third[0]})"

    expected = first[1](document) or (second[1](document) and third[1](document))
    assert matches(parse_filter(USERS, text), document) is expected


SCRAPS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "userName",
                "emails",
                "active",
                "eq",
                "pr",
                "and",
                "or",
                "not",
                "(",
                ")",
                "[",
                "]",
                '"x"',
                "true",
                "null",
                "1",
                "-1.5e9",
                ".value",
                ENTERPRISE,
                "members",
                "meta.created",
            ]
        ),
        st.text(alphabet=string.printable, max_size=4),
        st.text(max_size=3),
    ),
    max_size=12,
)


@given(SCRAPS, st.sampled_from([USERS, GROUPS]))
@settings(deadline=None, max_examples=400)
def test_whatever_is_sent_is_read_or_refused(scraps, kind):
    for text in ("".join(scraps), " ".join(scraps)):
        found = outcome(parse_filter, kind, text)

        if isinstance(found, ScimError):
            assert found.status == 400
            assert re.fullmatch(r"[^\x00]{1,600}", found.detail, re.DOTALL)
        else:
            assert matches(found, CAROL) in {True, False}
