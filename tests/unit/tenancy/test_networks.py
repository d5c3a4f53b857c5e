"""Networks as people write them, and callers as they arrive."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.tenancy.networks import is_inside, read_network


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.7/24 ", "203.0.113.0/24"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("2001:DB8::1/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_one_network_has_one_form(written, kept):
    assert str(read_network(written)) == kept


@pytest.mark.parametrize(
    "written",
    ["", "acme.example", "203.0.113", "203.0.113.7/33", "fe80::1%eth0", "1.2.3.4-1.2.3.9"],
)
def test_what_is_no_network_is_refused(written):
    with pytest.raises(ValueError, match=r"."):
        read_network(written)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("203.0.113.200", True),
        ("::ffff:203.0.113.200", True),
        ("203.0.114.1", False),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("", False),
        ("unix", False),
    ],
)
def test_callers_are_inside_or_not(address, inside):
    networks = [read_network("203.0.113.0/24"), read_network("2001:db8::/32")]

    assert is_inside(address, networks) is inside


@settings(deadline=None)  # how fast is not what it tells
@given(st.ip_addresses(), st.integers(0, 32))
def test_an_address_is_inside_its_own_network_however_it_is_written(address, length):
    network = read_network(f"{address}/{length}")

    assert read_network(str(network)) == network
    assert is_inside(str(address), [network])
    if isinstance(address, ipaddress.IPv4Address):
        assert is_inside(f"::ffff:{address}", [network])
