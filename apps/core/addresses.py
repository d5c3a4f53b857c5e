"""Pure: which addresses, hosts and ports a tenant may have us call."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

# Our own list, not `is_global`: its meaning changed between patch releases of Python.
_CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 connects to loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's host agent, on an address that looks public
        "169.254.0.0/16",  # link-local; metadata at 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata at 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Of IPv6 only what is handed out at all; loopback, unique-local, link-local, multicast, IPv4
# inside ::/96 and discard-only lie outside of it.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise, and no longer routed
        "3fff::/20",  # documentation
    )
)
# A host without IPv4 of its own meets every IPv4-only name here, so it is judged by what it holds.
_NAT64 = IPv6Network("64:ff9b::/96")

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_WEB_PORTS = frozenset({80, 443})
_LAST_SYSTEM_PORT = 1023
# Databases and brokers, and above 1023 what browsers refuse too, as HTTP can be read as other
# protocols there.
_CLOSED_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 2375, 2376, 2379, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 5672}
    | {6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9200, 10080, 11211, 27017}
)


def is_public(address: Address) -> bool:
    """Say whether the address is somewhere on the internet that is nobody's inside."""
    if isinstance(address, IPv6Address):
        held = address.ipv4_mapped
        if held is None and address in _NAT64:
            held = IPv4Address(int(address) & 0xFFFF_FFFF)
        if held is not None:
            return is_public(held)
        return address in _OPEN_V6 and not any(address in closed for closed in _CLOSED_V6)
    return not any(address in closed for closed in _CLOSED_V4)


def find_address(host: str) -> Address | None:
    """Return the address that the host is written as, in its one proper spelling, or None."""
    try:
        return IPv6Address(host) if ":" in host else IPv4Address(host)
    except ValueError:
        return None


def is_plain_name(host: str) -> bool:
    """
    Say whether the host is a domain name that everybody reads as one.

    Refused: names of one label (they mean something only inside), a trailing dot, and anything
    whose last label is a number, which resolvers take for an address (`127.1`, `0x7f.1`).
    """
    labels = host.split(".")
    return (
        len(host) <= 253
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not _NUMBER.fullmatch(labels[-1])
    )


def is_open_port(port: int) -> bool:
    """Say whether a web server may reasonably listen there."""
    if port in _WEB_PORTS:
        return True
    return _LAST_SYSTEM_PORT < port <= 65_535 and port not in _CLOSED_PORTS
