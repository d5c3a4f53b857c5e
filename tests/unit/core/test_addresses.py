from ipaddress import ip_address

import pytest

from apps.core.addresses import find_address, is_open_port, is_plain_name, is_public


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *("172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200"),
        *("192.0.0.192", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "192.88.99.1"),
        *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:0:127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2002:7f00:1::1"),
        *("2001:0:4136:e378::1", "2001:db8::1", "3fff::1", "fe80::1", "fec0::1", "fc00::1"),
        *("fd00:ec2::254", "ff02::1", "100::1", "2001:20::1", "5f00::1"),
    ],
)
def test_addresses_of_an_inside_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "192.0.1.1"),
        *("::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111", "2a00:1450:4001::1"),
    ],
)
def test_addresses_of_the_internet_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        *("127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "1.2.3", "example.0x"),
        *("localhost", "intranet", "example.com.", ".example.com", "a..b", "", "-a.example"),
        *("a b.example", "exa%6dple.com", "a" * 64 + ".example", "x." * 130 + "example"),
    ],
)
def test_hosts_with_another_reading_are_no_plain_names(host):
    assert find_address(host) is None
    assert not is_plain_name(host)


@pytest.mark.parametrize("host", ["example.com", "hooks.slack.com", "a-1.b_c.example", "3.example"])
def test_domain_names_are_plain_names(host):
    assert is_plain_name(host)


@pytest.mark.parametrize(
    ("port", "is_open"),
    [
        *((80, True), (443, True), (8080, True), (8443, True), (65535, True), (9000, True)),
        *((0, False), (22, False), (25, False), (587, False), (1023, False), (65536, False)),
        *((5432, False), (6379, False), (2375, False), (6667, False), (11211, False)),
    ],
)
def test_ports_of_other_protocols_are_closed(port, is_open):
    assert is_open_port(port) is is_open
