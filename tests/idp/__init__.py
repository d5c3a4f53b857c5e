"""Start real identity providers on loopback, and go through their pages as a browser does."""

from __future__ import annotations

import fcntl
import hashlib
import html
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
NPM = REPOSITORY / "infra" / "local" / "npm"
INSTALLED = HERE / "node_modules" / ".installed"  # the hash of the lock file that it is from


def node() -> str:
    """
    Return the Node that infra/local/npm runs with: the wheel's where the system's is too old.

    The real one, not a wrapper that would outlive its end.
    """
    wheel = REPOSITORY / ".venv" / "node" / "node"
    found = str(wheel) if wheel.exists() else shutil.which("node")
    assert found, "There is no Node: `make test` installs one."
    return found


def install() -> None:
    """Install the packages at their locked versions; of several processes, one does."""
    with (HERE / "package-lock.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256(lock.read()).hexdigest()
        if INSTALLED.exists() and INSTALLED.read_text() == wanted:
            return
        subprocess.run(
            [NPM, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            check=True,
        )
        INSTALLED.write_text(wanted)


@contextmanager
def running(*command: str) -> Iterator[int]:
    """Run a program that prints its port; it ends when its input does."""
    with subprocess.Popen(
        command,
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def oidc_provider(host: str = "127.0.0.1") -> Iterator[str]:
    """npm's oidc-provider, by this name of the machine; yields its issuer."""
    install()
    with running(node(), "oidc.js", host) as port:
        yield f"http://{host}:{port}"


@contextmanager
def oidc_mock() -> Iterator[str]:
    """PyPI's oidc-provider-mock; yields its issuer."""
    with running(sys.executable, str(HERE / "mock_oidc.py")) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def saml_provider(folder: Path) -> Iterator[str]:
    """npm's samlp; yields its address. Its keys are `idp`, `next` and `rogue` in the folder."""
    install()
    for name in ("idp", "next", "rogue"):
        write_key(folder, name)
    with running(node(), "saml.js", str(folder)) as port:
        yield f"http://127.0.0.1:{port}"


def write_key(folder: Path, name: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}-key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / f"{name}-cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


class Visitor:
    """A browser at the provider's pages: keeps cookies, submits forms, stops where we begin."""

    def __init__(self) -> None:
        self.client = httpx2.Client(follow_redirects=False, timeout=20, trust_env=False)

    def go(self, url: str, *, stop_at: str, login: str = "") -> str:
        """Follow redirects and forms from `url` until the address begins with `stop_at`."""
        answer = self.client.get(url)
        for _ in range(20):
            if answer.is_redirect:
                url = urljoin(str(answer.url), answer.headers["Location"])
                if url.startswith(stop_at):
                    return url
                answer = self.client.get(url)
                continue
            action, fields = read_form(answer.text)
            assert answer.status_code == 200, (answer.status_code, answer.text[:500])
            for name in fields:
                if name in {"login", "sub", "password"}:
                    fields[name] = login
            answer = self.client.post(urljoin(str(answer.url), action), data=fields)
        raise AssertionError("The provider's pages lead nowhere.")

    def saml_response(self, url: str) -> tuple[str, dict[str, str]]:
        """Return where the provider's page would post its answer, and what."""
        answer = self.client.get(url)
        assert answer.status_code == 200, answer.text[:500]
        return read_form(answer.text)


def read_form(page: str) -> tuple[str, dict[str, str]]:
    """Return the first form's action and the names and values of its inputs."""
    form = re.search(r"<form[^>]*>.*?</form>", page, re.DOTALL)
    assert form, page[:1000]
    action = re.search(r'action="([^"]*)"', form[0])
    fields = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", form[0]):
        name = re.search(r'name="([^"]*)"', tag)
        if name:
            value = re.search(r'value="([^"]*)"', tag)
            fields[name[1]] = html.unescape(value[1]) if value else ""
    return html.unescape(action[1]) if action else "", fields


def query_of(url: str) -> dict[str, str]:
    """Return what stands behind the question mark."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def path_of(url: str) -> str:
    """Return the path and query, as Django's test client takes them."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
