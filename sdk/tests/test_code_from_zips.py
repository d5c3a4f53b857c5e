"""Code as zips: in files, in a bucket of a simulated S3, and behind a real HTTPS server."""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import ipaddress
import os
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from headway.agent import _code_zips
from headway.agent._code import CodeInPlace, FetchFailed, fetch_code
from headway.agent._lease import Lease
from tests_support import ContractServer

FLOW = "from headway import flow\n\n@flow\ndef main():\n    print('{said}')\n"


def zipped(said: str, **more: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("flow.py", FLOW.format(said=said))
        for name, text in more.items():
            archive.writestr(name, text)
    return target.getvalue()


ONE, TWO = zipped("one"), zipped("two")


def fetch(url: str, sha256: str | None = None, file: str = "flow.py") -> CodeInPlace:
    code = {"kind": "object_store", "url": url, "sha256": sha256}
    lease = Lease(
        run_id="r",
        epoch=1,
        run_name="r",
        flow_name="main",
        entrypoint=f"{file}:main",
        path=".",
        code=code,
    )
    return fetch_code(lease, stop=Event())


def said(code: CodeInPlace) -> str:
    return (Path(code.folder) / "flow.py").read_text().split("'")[1]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Files.


def test_the_newest_file_is_taken_and_what_runs_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "flows, ours.zip"
    path.write_bytes(ONE)
    before = fetch(path.as_uri())
    again = fetch(path.as_uri())
    path.write_bytes(TWO)
    os.utime(path, (1, 1))  # however coarse the clock of the disk is

    after = fetch(path.as_uri())

    assert again.folder == before.folder
    assert (said(before), said(after)) == ("one", "two")
    assert after.told == f"Code: zip {sha256(TWO)} from {path.as_uri()}"


def test_a_hash_is_held_to_and_asked_for_once(tmp_path: Path) -> None:
    path = tmp_path / "flows.zip"
    path.write_bytes(ONE)
    fetch(path.as_uri(), sha256(ONE))
    path.write_bytes(TWO)

    assert said(fetch(path.as_uri(), sha256(ONE))) == "one"
    with pytest.raises(FetchFailed, match=f"its SHA-256 is {sha256(TWO)}, not {'ab' * 32}"):
        fetch(path.as_uri(), "ab" * 32)


@pytest.mark.parametrize(
    ("content", "file", "told"),
    [
        (b"no zip", "flow.py", "cannot be unpacked: This is not a zip"),
        (zipped("x", **{"../out.py": "x"}), "flow.py", "has no plain path inside the folder"),
        (ONE, "absent.py", "There is no file 'absent.py' in the zip at file://"),
    ],
)
def test_what_cannot_be_executed_is_told(
    tmp_path: Path, content: bytes, file: str, told: str
) -> None:
    path = tmp_path / "flows.zip"
    path.write_bytes(content)

    with pytest.raises(FetchFailed) as failed:
        fetch(path.as_uri(), file=file)

    assert told in str(failed.value)
    assert not list((tmp_path / "code").glob("**/out.py"))


def test_a_file_that_is_not_there_or_too_large_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "flows.zip"
    with pytest.raises(FetchFailed, match="There is no file "):
        fetch(path.as_uri())

    path.write_bytes(ONE)
    monkeypatch.setattr(_code_zips, "MAX_ZIP_BYTES", len(ONE) - 1)
    with pytest.raises(FetchFailed, match="has over 0 MB"):
        fetch(path.as_uri())


# S3.


def test_objects_of_a_bucket_are_fetched_when_they_changed(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.Session()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    answers: list[int] = []
    session.events.register(
        "after-call.s3.GetObject",
        lambda http_response, **_: answers.append(http_response.status_code),
    )
    url = f"s3://{bucket}/team/flows.zip"
    session.client("s3").put_object(Bucket=bucket, Key="team/flows.zip", Body=ONE)

    first, second = fetch(url), fetch(url)
    session.client("s3").put_object(Bucket=bucket, Key="team/flows.zip", Body=TWO)
    third = fetch(url)

    assert [said(code) for code in (first, second, third)] == ["one", "one", "two"]
    assert answers == [200, 304, 200]


def test_what_a_bucket_refuses_is_told(bucket: str) -> None:
    with pytest.raises(FetchFailed, match=f"There is no object s3://{bucket}/absent.zip"):
        fetch(f"s3://{bucket}/absent.zip")
    with pytest.raises(FetchFailed, match="There is no bucket of s3://nobodys-bucket"):
        fetch("s3://nobodys-bucket/x.zip")


# HTTPS.


class Files(BaseHTTPRequestHandler):
    """Serves what is put into `content`; remembers who asked."""

    content: dict[str, bytes]
    asked: list[tuple[str, str | None, str | None]]
    has_etags = True

    def do_GET(self) -> None:
        condition = self.headers.get("If-None-Match")
        self.asked.append((self.path, self.headers.get("Authorization"), condition))
        body = self.content.get(self.path)
        if body is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        etag = f'"{sha256(body)[:8]}"'
        self.send_response(304 if condition == etag else 200)
        if self.has_etags:
            self.send_header("ETag", etag)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Content-Length", "0" if condition == etag else str(len(body)))
        self.end_headers()
        if condition != etag:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: ARG002
        return


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Files]]]:
    handler = type("Bound", (Files,), {"content": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    yield f"https://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_zip_behind_https_is_fetched_when_it_changed_with_the_machines_own_password(
    files: tuple[str, type[Files]], tmp_path: Path
) -> None:
    address, server = files
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login alice password s3cret\n")
    server.content["/flows.zip"] = ONE
    first = fetch(f"{address}/flows.zip")
    second = fetch(f"{address}/flows.zip")
    server.content["/flows.zip"] = TWO
    third = fetch(f"{address}/flows.zip")

    assert second.folder == first.folder
    assert (said(first), said(third)) == ("one", "two")
    login = f"Basic {base64.b64encode(b'alice:s3cret').decode()}"
    known = f'"{sha256(ONE)[:8]}"'
    assert server.asked == [("/flows.zip", login, each) for each in (None, known, known)]


def test_a_server_that_cannot_say_what_changed_is_asked_for_all_of_it(
    files: tuple[str, type[Files]],
) -> None:
    address, server = files
    server.has_etags = False
    server.content["/flows.zip"] = ONE

    fetch(f"{address}/flows.zip").release()
    fetch(f"{address}/flows.zip").release()

    assert server.asked == [("/flows.zip", None, None)] * 2


def test_what_a_server_refuses_is_told(files: tuple[str, type[Files]]) -> None:
    address, _ = files

    with pytest.raises(FetchFailed, match="answers 404, not with a zip"):
        fetch(f"{address}/absent.zip")
    with pytest.raises(FetchFailed, match="begins with one of file://, s3://, https://"):
        fetch(address.replace("https", "http") + "/flows.zip")


# Agents.

AGENT = """
import resource, sys
from headway._config import get_config
from headway.agent import Agent
# Every write beyond that is refused, as on a disk that is full; for all that it starts too.
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(Agent(get_config(), heartbeat_seconds=0.1, grace_seconds=1.0).run())
"""


def test_with_the_disk_full_the_run_says_so_and_the_agent_lives_on(
    server: ContractServer, python: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    path = tmp_path / "flows.zip"
    path.write_bytes(zipped("much", **{"data.txt": "x" * 20_000}))
    (tmp_path / "flow.py").write_text(FLOW.format(said="here"))
    agent = python("-c", AGENT, "10000", env={**server.env, "HEADWAY_FLUSH_SECONDS": "0.05"})
    code = {"kind": "object_store", "url": path.as_uri(), "sha256": None}
    bad = server.queue_run({"entrypoint": "flow.py:main", "path": "", "code": code})
    good = server.queue_run({"entrypoint": "flow.py:main", "path": str(tmp_path)})

    server.wait_for(lambda: server.runs[bad]["state"] == "CRASHED")
    server.wait_for(lambda: server.runs[good]["state"] == "COMPLETED")

    cause = server.runs[bad]["reports"][-1]["cause"]
    assert cause["kind"] == "start_failed"
    assert cause["detail"].startswith("There is no room for its code on the agent's disk: ")
    assert agent.poll() is None
