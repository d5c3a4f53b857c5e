"""A real name server on loopback, with what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dnslib import QTYPE, RCODE, RR, TXT, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer


@dataclass
class Zones(BaseResolver):
    """TXT records by domain; a domain that is not there does not exist."""

    records: dict[str, list[str]] = field(default_factory=dict)
    refusing: bool = False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        self.asked.append(name)
        if self.refusing:
            reply.header.rcode = RCODE.SERVFAIL
        elif name not in self.records:
            reply.header.rcode = RCODE.NXDOMAIN
        else:
            for text in self.records[name]:
                parts = [text[i : i + 200] for i in range(0, len(text), 200)]
                reply.add_answer(RR(request.q.qname, QTYPE.TXT, rdata=TXT(parts), ttl=1))
        return reply


@contextmanager
def name_server() -> Iterator[Zones]:
    zones = Zones()
    silent = DNSLogger(logf=lambda _line: None)
    server = DNSServer(zones, port=0, address="127.0.0.1", logger=silent)
    zones.port = server.server.server_address[1]
    server.start_thread()
    try:
        yield zones
    finally:
        server.stop()
        server.server.server_close()
        server.thread.join(timeout=10)
