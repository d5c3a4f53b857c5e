"""The client for addresses that tenants give us, against real sockets that behave badly."""

import datetime as dt
import hashlib
import hmac
import socket
import ssl
import threading
import time
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.core import outbound
from tests.receivers import PUBLIC, StagedNetwork, public, receiving, redirect_to

URL = "http://hooks.example.com/in"


def post(network, url=URL, **more):
    return outbound.post(url, content=b"{}", network=network, **more)


def test_a_public_receiver_gets_the_post():
    with receiving() as receiver:
        network = public(receiver)

        outcome = post(network, headers={"Headway-Delivery": "d1"})

    assert outcome.ok
    assert (outcome.status, outcome.error, outcome.retryable) == (200, None, False)
    assert outcome.answer == b"ok"
    assert network.dialled == [PUBLIC]
    assert receiver.requests[0].startswith(b"POST /in HTTP/1.1\r\n")
    assert receiver.header("Host") == "hooks.example.com"
    assert receiver.header("Headway-Delivery") == "d1"
    assert receiver.header("Accept-Encoding") == "identity"
    assert receiver.body == b"{}"


def test_a_name_that_answers_differently_the_second_time_is_asked_only_once():
    with receiving() as inside, receiving() as outside:
        network = StagedNetwork(answers=[[PUBLIC], ["127.0.0.1"]], receiver=outside)

        outcome = post(network, url=f"http://rebind.example.com:{inside.port}/")

    assert outcome.ok
    assert network.resolved == ["rebind.example.com"]
    assert network.dialled == [PUBLIC]
    assert inside.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.8"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::1"],
        ["fd00:ec2::254"],
        [PUBLIC, "127.0.0.1"],
        ["2606:4700:4700::1111", "10.0.0.1", PUBLIC],
    ],
)
def test_a_name_with_any_address_inside_is_not_called(addresses):
    with receiving() as receiver:
        network = StagedNetwork(answers=[addresses], receiver=receiver)

        outcome = post(network)

    assert (outcome.status, outcome.error) == (None, "address_refused")
    assert not outcome.retryable
    assert network.dialled == []
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]"),
        *("0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.1", "0"),
        *("localhost", "LOCALHOST", "localhost.", "127.0.0.1.", "127%2e0%2e0%2e1"),
        *("user:secret@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1#@example.com"),
        *("169.254.169.254", "[fd00:ec2::254]", "[fe80::1%25lo]", "100.100.100.200"),
        *("①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "127.0.0.1\t", " 127.0.0.1"),
    ],
)
def test_no_spelling_of_loopback_reaches_it(host):
    with receiving() as receiver:
        url = f"http://{host}:{receiver.port}/"

        outcome = outbound.post(url, content=b"{}")

        assert outcome.error in {"bad_url", "address_refused"}, outcome
        assert outbound.find_url_fault(url)
        assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "example.com", ""),
        *("http://", "https:///path", "http://example.com:22/", "http://example.com:25/"),
        *("http://example.com:99999/", "http://example.com:x/", "http:example.com"),
        "//example.com",
        *("http://example.com\\@127.0.0.1/", "http://exa mple.com/", "http://example.com/\r\nX: y"),
        "http://example.com/" + "a" * 2000,
    ],
)
def test_what_is_no_web_address_is_not_looked_up(url):
    network = StagedNetwork(answers=[[PUBLIC]])

    outcome = post(network, url=url)

    assert outcome.error == "bad_url"
    assert outcome.detail
    assert network.resolved == []


def test_a_redirect_is_an_answer_and_not_followed():
    with receiving() as inside, receiving(redirect_to(f"http://{inside.place}/")) as outside:
        outcome = post(public(outside))

    assert (outcome.status, outcome.error, outcome.ok) == (302, None, False)
    assert not outcome.retryable
    assert inside.connections == 0


def test_an_allowed_host_may_be_inside_and_its_neighbours_may_not(settings):
    with receiving() as allowed, receiving() as neighbour:
        settings.OUTBOUND_ALLOWED_HOSTS = frozenset({f"127.0.0.1:{allowed.port}"})

        assert outbound.post(f"http://{allowed.place}/", content=b"{}").ok
        for host in (f"127.0.0.1:{neighbour.port}", f"127.1:{allowed.port}"):
            outcome = outbound.post(f"http://{host}/", content=b"{}")
            assert outcome.error in {"address_refused", "bad_url"}

    assert (allowed.connections, neighbour.connections) == (1, 0)


def test_the_next_address_is_tried_when_one_cannot_be_reached():
    with receiving() as receiver:
        network = public(receiver)
        network.answers = [["2606:4700:4700::1111", PUBLIC]]
        dial = network.dial

        def no_ipv6(address, port, timeout_seconds):
            if address.version == 6:
                network.dialled.append(str(address))
                raise OSError(101, "Network is unreachable")
            return dial(address, port, timeout_seconds)

        network.dial = no_ipv6

        assert post(network).ok
    assert network.dialled == ["2606:4700:4700::1111", PUBLIC]


def test_nobody_listening_is_unreachable_and_worth_another_try():
    outcome = post(StagedNetwork(answers=[[PUBLIC]]))

    assert (outcome.error, outcome.retryable) == ("unreachable", True)


def test_a_name_without_addresses_is_unresolvable():
    class Nowhere(StagedNetwork):
        def resolve(self, host, port):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

    outcome = post(Nowhere(answers=[]))

    assert (outcome.error, outcome.retryable) == ("unresolvable", True)


def test_a_name_server_that_never_answers_holds_us_for_one_step(monkeypatch):
    monkeypatch.setattr(outbound, "STEP_SECONDS", 0.2)
    release = threading.Event()

    class Stuck(StagedNetwork):
        def resolve(self, host, port):
            release.wait(60)
            return [ip_address(PUBLIC)]

    began = time.monotonic()
    outcome = post(Stuck(answers=[]))
    release.set()

    assert outcome.error == "unresolvable"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(204, False), (400, False), (404, False), (410, False), (408, True), (429, True), (503, True)],
)
def test_the_status_says_whether_to_try_again(status, retryable):
    head = f"HTTP/1.1 {status} X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".encode()
    with receiving(head) as receiver:
        outcome = post(public(receiver))

    assert (outcome.status, outcome.error, outcome.retryable) == (status, None, retryable)
    assert outcome.retry_after_seconds == 7


def test_a_refusal_is_quoted_without_control_characters():
    body = b"no\x00 such\x1b[31m hook " + b"x" * 1000
    head = f"HTTP/1.1 404 X\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with receiving(head + body) as receiver:
        outcome = post(public(receiver))

    assert outcome.detail.startswith("no  such [31m hook xxx")
    assert len(outcome.detail) == outbound.MAX_DETAIL_LENGTH
    assert "answer" not in outcome.as_json()
    assert outbound.Outcome.from_json(outcome.as_json()).as_json() == outcome.as_json()


def drip(head, piece, seconds):
    def answer(link):
        link.sendall(head)
        while True:
            link.sendall(piece)
            time.sleep(seconds)

    return answer


def test_headers_that_drip_end_at_the_total_limit(monkeypatch):
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.5)
    with receiving(drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05)) as receiver:
        outcome = post(public(receiver))

    assert (outcome.status, outcome.error, outcome.retryable) == (None, "timeout", True)
    assert outcome.duration_ms >= 400


def test_a_body_that_drips_leaves_the_status_that_came(monkeypatch):
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.5)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with receiving(drip(head, b"x", 0.05)) as receiver:
        outcome = post(public(receiver))

    assert outcome.ok
    assert 0 < len(outcome.answer) < 100


def test_silence_ends_at_the_step_limit(monkeypatch):
    monkeypatch.setattr(outbound, "STEP_SECONDS", 0.2)
    with receiving(lambda link: time.sleep(1)) as receiver:
        outcome = post(public(receiver))

    assert (outcome.status, outcome.error) == (None, "timeout")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"10000\r\n" + b"x" * 65536 + b"\r\n",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 9000),
    ],
)
def test_an_endless_body_is_left_after_64_kib(head, piece):
    with receiving(drip(head, piece, 0)) as receiver:
        outcome = post(public(receiver))

    assert outcome.ok
    assert 0 < len(outcome.answer) <= outbound.MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n" * 5000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
        (b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n" * 100),
    ],
)
def test_huge_or_senseless_headers_are_no_answer(head, piece):
    with receiving(drip(head, piece, 0)) as receiver:
        outcome = post(public(receiver))

    assert (outcome.status, outcome.error, outcome.retryable) == (None, "bad_answer", False)


def test_a_packed_answer_is_not_unpacked():
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde"
    with receiving(head) as receiver:
        outcome = post(public(receiver))

    assert outcome.answer == b"abcde"


def test_proxies_and_credentials_of_the_environment_stay_out(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine hooks.example.com login a password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.place}")

        assert post(public(receiver)).ok

    assert proxy.connections == 0
    assert receiver.header("Authorization") is None


def test_cookies_do_not_come_back():
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    with receiving(head) as receiver:
        post(public(receiver))
        post(public(receiver))

    assert receiver.header("Cookie") is None


def certificate(tmp_path, name):
    """A context of a server for `name`, and one of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=signed.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


def test_tls_asks_for_the_name_and_checks_it_although_the_address_is_pinned(tmp_path):
    server, client = certificate(tmp_path, "hooks.example.com")
    asked = []
    server.sni_callback = lambda link, name, context: asked.append(name)
    with receiving(tls=server) as receiver:
        right = post(public(receiver), url="https://hooks.example.com/", tls=client)
        wrong = post(public(receiver), url="https://other.example.com/", tls=client)

    assert right.ok
    assert (wrong.error, wrong.retryable) == ("tls_failed", False)
    assert asked == ["hooks.example.com", "other.example.com"]
    assert len(receiver.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    server, _ = certificate(tmp_path, "hooks.example.com")
    with receiving(tls=server) as receiver:
        outcome = post(public(receiver), url="https://hooks.example.com/")

    assert outcome.error == "tls_failed"
    assert receiver.requests == []


def test_a_server_without_tls_is_unreachable_by_https():
    with receiving(lambda link: None) as receiver:
        outcome = post(public(receiver), url="https://hooks.example.com/")

    assert outcome.error == "unreachable"


def test_the_signature_covers_time_and_body():
    at = dt.datetime(2026, 11, 21, 7, 0, tzinfo=dt.UTC)
    seconds = int(at.timestamp())

    expected = hmac.new(b"s3cret", f"{seconds}.".encode() + b"{}", hashlib.sha256).hexdigest()

    assert outbound.sign("s3cret", b"{}", at=at) == f"t={seconds},v1={expected}"
    assert outbound.sign("s3cret", b"{ }", at=at) != outbound.sign("s3cret", b"{}", at=at)


def test_only_the_place_of_an_address_is_shown():
    assert outbound.place_of("https://hooks.slack.com/services/T0/B0/xyz?a=b") == (
        "https://hooks.slack.com"
    )


def test_a_document_is_read_up_to_the_asked_size():
    document = b"x" * 100_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + document
    with receiving(answer) as receiver:
        whole = outbound.get(URL, network=public(receiver), max_answer_bytes=200_000)
        cut = outbound.get(URL, network=public(receiver))

    assert whole.ok
    assert whole.answer == document
    assert len(cut.answer) == outbound.MAX_ANSWER_BYTES
    assert receiver.requests[0].startswith(b"GET /in HTTP/1.1\r\n")


def test_reading_refuses_what_is_inside():
    with receiving() as receiver:
        network = StagedNetwork(answers=[["169.254.169.254"]], receiver=receiver)

        outcome = outbound.get(URL, network=network)

    assert outcome.error == "address_refused"
    assert receiver.connections == 0
