"""Real receivers on loopback, and a network that leads to them under public names."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

from apps.core.addresses import Address

PUBLIC = "93.184.215.14"  # any public address: nothing is ever sent to it
Answer = Callable[[socket.socket], None]


@dataclass
class Receiver:
    """One listening socket; keeps what it was sent and answers as told."""

    answer: bytes | Answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def body(self) -> bytes:
        """The body of the last request."""
        return self.requests[-1].partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        """A header of the last request."""
        head = self.requests[-1].partition(b"\r\n\r\n")[0].decode()
        for line in head.split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def serve(self, listener: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                link, _ = listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            threading.Thread(target=self._handle, args=(link,), daemon=True).start()

    def _handle(self, link: socket.socket) -> None:
        try:
            link.settimeout(5)
            if self.tls is not None:
                link = self.tls.wrap_socket(link, server_side=True)
            self.requests.append(_read_request(link))
            if callable(self.answer):
                self.answer(link)
            else:
                link.sendall(self.answer)
        except OSError:
            pass  # the caller hung up, which is what some tests are about
        finally:
            link.close()


def _read_request(link: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        piece = link.recv(65536)
        if not piece:
            return got
        got += piece
    head = got.partition(b"\r\n\r\n")[0].lower()
    wanted = 0
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            wanted = int(line.partition(b":")[2])
    while len(got.partition(b"\r\n\r\n")[2]) < wanted and (piece := link.recv(65536)):
        got += piece
    return got


@contextmanager
def receiving(
    answer: bytes | Answer | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A receiver on a free port of 127.0.0.1, gone at the end of the block."""
    receiver = Receiver(tls=tls) if answer is None else Receiver(answer=answer, tls=tls)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        receiver.port = listener.getsockname()[1]
        thread = threading.Thread(target=receiver.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.stopping.set()
            thread.join()


@dataclass
class StagedNetwork:
    """
    A resolver that answers as scripted, the last answer again and again.

    Who dials a public address is led to the receiver; loopback is loopback, as in life.
    """

    answers: list[list[str]]
    receiver: Receiver | None = None
    resolved: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[Address]:
        self.resolved.append(host)
        found = self.answers[min(len(self.resolved), len(self.answers)) - 1]
        return [ip_address(address) for address in found]

    def dial(self, address: Address, port: int, timeout_seconds: float) -> socket.socket:
        self.dialled.append(str(address))
        if self.receiver is None:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.receiver.port), timeout_seconds)


def public(receiver: Receiver) -> StagedNetwork:
    """A network in which every name is public and leads to the receiver."""
    return StagedNetwork(answers=[[PUBLIC]], receiver=receiver)


def redirect_to(url: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()
