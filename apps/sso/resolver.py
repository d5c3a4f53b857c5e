"""The port to name servers: what a domain's TXT records say. dnspython behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.nameserver
import dns.resolver
from django.conf import settings

SECONDS = 6.0  # for one look-up, all name servers together
MAX_RECORDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TxtAnswer:
    """What the name servers said; `error` is empty exactly when they answered, if with nothing."""

    texts: tuple[str, ...] = ()
    error: str = ""


class Resolver(Protocol):
    def look_up(self, domain: str) -> TxtAnswer: ...


class DnsResolver:
    """
    Asks the name servers of SSO_NAME_SERVERS (host:port each), or the machine's.

    No cache of ours: who has just added the record wants it found.
    """

    def look_up(self, domain: str) -> TxtAnswer:
        try:
            found = _resolver().resolve(f"{domain}.", "TXT", lifetime=SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return TxtAnswer()
        except dns.exception.DNSException as error:
            return TxtAnswer(error=type(error).__name__)
        texts = [b"".join(each.strings).decode("utf-8", "replace") for each in found]
        return TxtAnswer(texts=tuple(texts[:MAX_RECORDS]))


def _resolver() -> dns.resolver.Resolver:
    if not settings.SSO_NAME_SERVERS:
        return dns.resolver.Resolver()
    made = dns.resolver.Resolver(configure=False)
    made.nameservers = [
        dns.nameserver.Do53Nameserver(host.strip("[]"), int(port))
        for host, _, port in (each.rpartition(":") for each in sorted(settings.SSO_NAME_SERVERS))
    ]
    return made
