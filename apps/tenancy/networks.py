"""Pure: the networks that an account admits, as people write them and as they are compared."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network
_MAPPED = IPv6Network("::ffff:0:0/96")


def read_network(text: str) -> Network:
    """
    Return the network of a CIDR or a single address; bits beyond the mask are dropped.

    IPv4 in IPv6's clothes (::ffff:a.b.c.d) is IPv4: callers arrive either way.
    Raises: ValueError.
    """
    text = text.strip()
    if "%" in text:
        raise ValueError("no zones")
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        inner = IPv4Address(int(network.network_address) & 0xFFFF_FFFF)
        return IPv4Network((inner, network.prefixlen - 96))
    return network


def is_inside(address: str, networks: Collection[Network]) -> bool:
    """Say whether one of the networks holds the address; False for what is none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    written = {found}
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        written.add(found.ipv4_mapped)  # one address, and networks of either kind may hold it
    return any(
        each.version == network.version and each in network
        for network in networks
        for each in written
    )
