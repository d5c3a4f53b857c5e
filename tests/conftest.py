"""One embedded Postgres per session, one database per xdist worker, and the people of the tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import Client, RequestFactory, TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from infra.local.postgres import APPLICATION, OWNER, EmbeddedPostgres
from infra.local.valkey import EmbeddedValkey
from tests.databases import empty_tables, migrated_template
from tests.isolation import as_worker as worker_role
from tests.stack import SHARED_FOLDER

if TYPE_CHECKING:
    from apps.tenancy.actors import Actor, WorkspaceRef
    from tests.factories.tenancy import Person

# Both measure the machine, and who else is using it.
hypothesis_settings.register_profile(
    "headway", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("headway")

_HOST_VARIABLE = "HEADWAY_TEST_SOCKET_DIR"
_server: EmbeddedPostgres | None = None
_folder: str | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the controlling process; xdist's workers inherit its address."""
    global _server, _folder
    # A shell that starts us in the background has SIGINT ignored, and our processes inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if _HOST_VARIABLE not in os.environ:
        _folder = tempfile.mkdtemp(prefix="headway-test-")
        _server = EmbeddedPostgres(Path(_folder) / "postgres", durable=False)
        _server.start()
        _server.bootstrap()
        os.environ[_HOST_VARIABLE] = str(_server.socket_dir)
        os.environ[SHARED_FOLDER] = _folder
        os.environ["HEADWAY_TEST_SERVER"] = _server.dsn(database="postgres")
    settings.DATABASES["default"]["HOST"] = os.environ[_HOST_VARIABLE]
    # A private name, which the stubs leave out.
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]


# Modules of few tests that take long, above all by starting whole stacks.
_LONG = ("journeys/", "faults/", "contracts/test_rivals", "subscriptions/test_simulated_month")


@pytest.hookimpl(trylast=True)  # after the tests were shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Put the longest modules first, so that no worker is still at one when the other has no more.

    With `--no-loadscope-reorder`: otherwise xdist does it by the number of tests alone.
    """
    modules = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[bool, int]:
        is_long = any(each in item.nodeid for each in _LONG)
        return not is_long, -modules[item.path]

    items.sort(key=rank)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None:
        _server.stop()
        _server.remove()
        os.environ.pop(_HOST_VARIABLE, None)
        os.environ.pop(SHARED_FOLDER, None)
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many crossings the rival walk tried, and what became of what was sent."""
    counted: dict[str, int] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", ()):
                if name in {"client", "fuzz"}:
                    terminalreporter.write_line(str(value))
                if name in {"crossings", "leaks"}:
                    counted[name] = counted.get(name, 0) + value
    if counted:
        terminalreporter.write_line(
            f"{counted['crossings']:,} crossings tried, {counted['leaks']} leaks"
        )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, django_db_blocker: Any
) -> None:
    """A worker's database is a copy of one that was migrated once."""
    with django_db_blocker.unblock():
        test = connections["default"].settings_dict["TEST"]
        test |= {"TEMPLATE": migrated_template(), "MIGRATE": False}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Made and migrated by the owner; from here on tests are the app's role, as requests are."""
    _become(APPLICATION)
    yield
    _become(OWNER)


def _become(role: str) -> None:
    for connection in connections.all():
        connection.close()
        connection.settings_dict["USER"] = role


@pytest.fixture(autouse=True)
def _nobody_remembered() -> None:
    from apps.core.http import rate_classes
    from apps.tenancy import key_cache

    key_cache.forget_all()
    rate_classes.forget_all()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), durable=False) as server:
        yield server


@pytest.fixture
def valkey(valkey_server: EmbeddedValkey, settings: Any) -> EmbeddedValkey:
    """An empty Valkey that the settings name."""
    settings.REDIS_URL = valkey_server.url
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushdb()
    return valkey_server


@pytest.fixture
def alice(db: None) -> Person:
    """Owner of the workspace."""
    from tests.factories.tenancy import sign_up

    return sign_up("alice@acme.example")


@pytest.fixture
def workspace(alice: Person) -> WorkspaceRef:
    """Alice's workspace; a test that reads its tables directly enters `workspace_scope`."""
    return alice.workspace


@pytest.fixture
def bob(workspace: WorkspaceRef) -> Person:
    """Viewer of the workspace."""
    from tests.factories.tenancy import join

    return join("bob@acme.example", workspace, "VIEWER")


@pytest.fixture
def mallory(db: None) -> Person:
    """An outsider: owner of the rival workspace and of nothing else."""
    from tests.factories.tenancy import sign_up

    return sign_up("mallory@rival.example")


@pytest.fixture
def rival_workspace(mallory: Person) -> WorkspaceRef:
    return mallory.workspace


@pytest.fixture
def in_workspace(workspace: WorkspaceRef) -> Iterator[WorkspaceRef]:
    """The workspace, with its rows visible for the whole test."""
    from apps.tenancy.isolation import workspace_scope

    with workspace_scope(workspace.id):
        yield workspace


@pytest.fixture
def as_worker() -> Callable[[], Any]:
    """`with as_worker(): …` runs as the role of the loops."""
    return worker_role


@pytest.fixture
def live_process(settings: Any) -> None:
    """As apps.config.live does: sync middleware would put all waiting requests into one thread."""
    settings.MIDDLEWARE = [
        "apps.core.http.request_context.LiveRequestContext",
        "apps.core.http.live.SessionCookie",
    ]


class Api:
    """A JSON client signed in as a person, or holding an API key's secret."""

    def __init__(self, who: Person | str, workspace: WorkspaceRef | None) -> None:
        self.client = Client(raise_request_exception=True)
        self.headers: dict[str, str] = {}
        if isinstance(who, str):
            self.headers["Authorization"] = f"Bearer {who}"
        else:
            self.client.force_login(who.user)
            _use_session(self.client, who)
            workspace = workspace or who.workspace
        self.workspace_url = f"/api/v1/workspaces/{workspace.slug}" if workspace else ""

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        if not path.startswith("/"):
            path = f"{self.workspace_url}/{path}"
        data = b"" if body is None else json.dumps(body, default=str).encode()
        return self.client.generic(
            method,
            path,
            data,
            content_type="application/json",
            headers=self.headers
            | {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: object = None, **headers: str) -> Any:
        return self.request("PUT", path, body, **headers)

    def patch(self, path: str, body: object = None, **headers: str) -> Any:
        return self.request("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.request("DELETE", path, **headers)


def _use_session(client: Client, who: Person) -> None:
    """Write the first use of the session down, as its first request does: no test counts it."""
    from apps.core.clock import utc_now
    from apps.identity import services, sessions

    request = RequestFactory().get("/")
    request.session = client.session
    assert sessions.is_use_due(str(request.session.session_key))
    services.note_session_use(request=request, user_id=who.user.id, now=utc_now())


@pytest.fixture
def api() -> Callable[..., Api]:
    """`api(alice)` or `api(secret, workspace)`; relative paths are below the workspace."""

    def make(who: Person | str, workspace: WorkspaceRef | None = None) -> Api:
        return Api(who, workspace)

    return make


@pytest.fixture
def agent_key(workspace: WorkspaceRef, alice: Person) -> str:
    """The secret of a key with the agent role."""
    from tests.factories.tenancy import make_key

    return make_key(alice, role="AGENT")


@pytest.fixture
def bundle_folder(settings: Any, tmp_path: Path) -> Path:
    """The folder of the storage, this test's own."""
    folder = tmp_path / "bundles"
    folder.mkdir()
    bundles = settings.STORAGES["bundles"]
    own = bundles | {"OPTIONS": bundles["OPTIONS"] | {"location": str(folder)}}
    settings.STORAGES = settings.STORAGES | {"bundles": own}
    return folder


@pytest.fixture
def actor(alice: Person) -> Actor:
    """Alice as services see her."""
    from tests.factories.tenancy import actor_of

    return actor_of(alice)


@pytest.fixture
def unused_tcp_port_number() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
