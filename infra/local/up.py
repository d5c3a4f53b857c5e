"""
`make up`: the whole of Headway on this machine, in the foreground.

    python -m infra.local.up [--port 8400] [--data .headway]

First start: make the database, migrate, seed a demo workspace, run the demo flows once. Later
starts find all of that and take seconds. Ctrl-C stops every process, the stores last.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, get_type_hints

from infra.local.folders import require_free_port
from infra.local.place import (
    DEFAULT_DATA,
    DEFAULT_PORT,
    REPOSITORY,
    Credentials,
    Place,
    given_environment,
    own_database,
    write_private,
)
from infra.local.problems import Problem
from infra.local.servers import require_servers
from infra.local.supervisor import Program, Stopped, Supervisor
from infra.local.tasks import task_environment, tasks_note

# Stages are stopped in descending order: who reports first, who stores last.
DATABASE_STAGE: Final = 0
BROKER_STAGE: Final = 1
SERVER_STAGE: Final = 2
CLIENT_STAGE: Final = 3

# What is said all the time and asks for nothing; it goes to the log only.
POSTGRES_ROUTINE: Final = re.compile(
    r"LOG:  (skipping missing|starting|listening|database system (was shut down|is ready|is shut)"
    r"|shutting down|received fast|aborting any active|background worker)"
)
VALKEY_ROUTINE: Final = re.compile(r"SIGTERM scheduling|ready to exit|overcommit")
# While the stack waits for it, the page that says "not yet" is routine, too.
WEB_ROUTINE: Final = re.compile(r"request\.served .*status=[23]|Unavailable: /health/ready")
WORKERS_ROUTINE: Final = re.compile(
    r"\[info .*(rollup\.merged|rules\.evaluated|world\.built|costs\.counted|usage\.recorded"
    r"|plans\.applied|upkeep\.done|tasks?\.(requested|taken_up|stopped))"
)
CELERY_ROUTINE: Final = re.compile(r"^worker: Warm shutdown|^$")

READY_SECONDS: Final = 90
MIGRATE_SECONDS: Final = 300
DEMO_SECONDS: Final = 300


def main() -> None:
    """Run the stack until Ctrl-C; exit with one line when it cannot run."""
    parser = argparse.ArgumentParser(description="Run the whole of Headway on this machine.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="the web port; +1 is live's")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="the folder of all data")
    parser.add_argument("--no-demo", action="store_true", help="do not run the demo flows")
    options = parser.parse_args()
    if not 1 <= options.port < 65535:
        sys.exit(f"PORT={options.port} is not a port between 1 and 65534.")
    given = given_environment()
    place = Place(
        data=options.data.absolute(),
        port=options.port,
        own_database=own_database(given),
    )
    try:
        run(place, given=given, with_demo=not options.no_demo)
    except Problem as problem:
        sys.exit(f"\nheadway: {problem}")


def run(place: Place, *, given: Mapping[str, str], with_demo: bool) -> None:
    """Bring the stack up, keep it up, take it down. Raises: Problem."""
    began_at = time.monotonic()
    with place.claim():
        environment = task_environment(place.environment(given), place.data)
        require_servers(given)
        supervisor = Supervisor(mark=str(place.data), log_path=place.data / "headway.log")
        with supervisor:
            # After the supervisor has ended what a killed predecessor left on the ports.
            for port in (place.port, place.port + 1):
                require_free_port(port, "stop what uses it, or choose one with `make up PORT=…`.")
            try:
                _start_stores(supervisor, place, given)
                _migrate(supervisor, place, environment)
                credentials = _seed(supervisor, place, environment)
                _start_servers(supervisor, place, environment, credentials)
                if note := tasks_note(environment):
                    supervisor.say(note)
                if with_demo:
                    _run_demo_once(supervisor, place, environment, credentials)
                _greet(place, credentials, seconds=time.monotonic() - began_at)
            except Stopped:
                return
            supervisor.run_for_ever()


def _start_stores(supervisor: Supervisor, place: Place, given: Mapping[str, str]) -> None:
    if "DATABASE_URL" not in given:
        postgres = place.postgres
        # We hold the lock of the place: a server on the data now is a killed predecessor's.
        postgres.stop()
        supervisor.start(
            Program(
                name="postgres",
                argv=postgres.server_argv(),
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                stage=DATABASE_STAGE,
                stop_signal=signal.SIGINT,  # "fast": clients are cut off, nothing is lost
                kill_signal=signal.SIGQUIT,
                stop_seconds=20,
                identity=postgres.user.identity,
                before_start=postgres.prepare,
                hush=POSTGRES_ROUTINE,
            )
        )
        supervisor.run_until(postgres.is_ready, timeout_seconds=READY_SECONDS, what="Postgres")
        postgres.bootstrap()
    if "REDIS_URL" not in given:
        valkey = place.valkey
        supervisor.start(
            Program(
                name="valkey",
                argv=valkey.server_argv(),
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                stage=BROKER_STAGE,
                before_start=valkey.prepare,
                hush=VALKEY_ROUTINE,
            )
        )
        supervisor.run_until(valkey.is_ready, timeout_seconds=READY_SECONDS, what="Valkey")


def _manage(
    supervisor: Supervisor, environment: Mapping[str, str], *words: str, show: bool = True
) -> str:
    name = words[0]
    status, answer = supervisor.run_once(
        _python(name, environment, "manage.py", *words, stage=SERVER_STAGE),
        timeout_seconds=MIGRATE_SECONDS,
        show=show,
    )
    if status != 0:
        raise Problem(f"`manage.py {name}` failed with exit status {status}; why stands above.")
    return answer


def _migrate(supervisor: Supervisor, place: Place, environment: Mapping[str, str]) -> None:
    """Migrate unless the database has seen exactly these migrations; that saves three seconds."""
    applied = place.kept("migrated")
    wanted = _digest_of_migrations(environment["DATABASE_OWNER_URL"])
    if applied.exists() and applied.read_text().strip() == wanted:
        return
    _manage(supervisor, environment, "migrate", "--no-input", "-v", "0")
    write_private(applied, wanted)


def _digest_of_migrations(database_url: str) -> str:
    digest = hashlib.blake2b(database_url.encode(), digest_size=16)
    # The pinned requirements stand for the migrations of other people's apps.
    for path in (REPOSITORY / "requirements" / "base.txt", *own_migrations()):
        digest.update(f"{path.relative_to(REPOSITORY)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def own_migrations() -> list[Path]:
    """Return the migrations of our apps, in whichever package of the top level they are."""
    return sorted(REPOSITORY.glob("[!.]*/*/migrations/*.py"))


def _seed(supervisor: Supervisor, place: Place, environment: Mapping[str, str]) -> Credentials:
    found = place.credentials()
    if found is not None:
        return found
    answer = _manage(supervisor, environment, "seed_demo", show=False)
    try:
        parsed = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
        credentials = Credentials(
            login=parsed["login"],
            password=parsed["password"],
            api_key=parsed["api_key"],
            agent_key=parsed["agent_key"],
            workspace=parsed["workspace"],
        )
    except (ValueError, KeyError) as error:
        wanted = ", ".join(get_type_hints(Credentials))
        raise Problem(f"`manage.py seed_demo` did not answer {wanted}: {error!r}.") from None
    place.keep_credentials(credentials)
    return credentials


def _start_servers(
    supervisor: Supervisor,
    place: Place,
    environment: Mapping[str, str],
    credentials: Credentials,
) -> None:
    # What a person waits for goes first, and has the processor to itself until it answers.
    first, others = {"web", "live"}, []
    for program in programs(place, environment, credentials):
        if program.name in first:
            supervisor.start(program)
        else:
            others.append(program)
    supervisor.run_until(
        lambda: answers(place.port, "/health/ready") and answers(place.port + 1, "/health/live"),
        timeout_seconds=READY_SECONDS,
        what=lambda: f"{place.public_url}/health/ready{_troubles(place.port)}",
    )
    for program in others:
        supervisor.start(program)


def programs(
    place: Place, environment: Mapping[str, str], credentials: Credentials
) -> list[Program]:
    """Return everything that runs beside the stores, in the order of starting."""
    granian = [
        *("-m", "granian"),
        *("--host", "127.0.0.1"),
        *("--workers", "1"),
        *("--http", "1"),
        "--no-ws",
        *("--log-level", "error"),
        *("--workers-kill-timeout", "5"),
    ]
    web = [
        *granian,
        *("--interface", "wsgi"),
        *("--port", str(place.port)),
        *("--blocking-threads", "8"),
        "apps.config.wsgi:application",
    ]
    live = [
        *granian,
        *("--interface", "asginl"),
        *("--port", str(place.port + 1)),
        "apps.config.live:application",
    ]
    celery = [
        # Root runs the local stack where there is nobody else; Celery need not say so each time.
        *(("-W", "ignore:You're running the worker with superuser") if os.geteuid() == 0 else ()),
        *("-m", "celery", "--app", "workers.celery_app", "--quiet"),
        "worker",
        # One process, in which a receiver that takes its time holds up one thread, and the clock.
        *("--pool", "threads", "--concurrency", "8"),
        *("--beat", "--schedule", str(place.data / "celerybeat-schedule")),
        *("--loglevel", "warning"),
        *("--hostname", "local@%h"),
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    loops = [
        "manage.py",
        "run_worker",
        "scheduler",
        "rollup",
        "evaluator",
        "lineage",
        "costs",
        "metering",
    ]
    loops += ["launcher", "janitor"]
    agent = Program(
        name="agent",
        argv=[
            *(str(Path(sys.executable).parent / "headway"), "agent", "start", "--pool", "default"),
            # Ctrl-C ends everything here: a run that went on would only be found crashed later.
            *("--on-stop", "cancel"),
        ],
        # A key that takes leases and reports runs, and may do nothing else.
        environment={
            **environment,
            **place.client_environment(credentials),
            "HEADWAY_API_KEY": credentials["agent_key"],
        },
        stage=CLIENT_STAGE,
        working_dir=REPOSITORY,
        stop_seconds=15,
    )
    return [
        _python("web", environment, *web, stage=SERVER_STAGE, hush=WEB_ROUTINE),
        _python("live", environment, *live, stage=SERVER_STAGE, hush=WEB_ROUTINE),
        _python("workers", environment, *loops, stage=SERVER_STAGE, hush=WORKERS_ROUTINE),
        _python("celery", environment, *celery, stage=SERVER_STAGE, hush=CELERY_ROUTINE),
        agent,
    ]


def _python(
    name: str,
    environment: Mapping[str, str],
    *words: str,
    stage: int,
    hush: re.Pattern[str] | None = None,
) -> Program:
    return Program(
        name=name,
        argv=[sys.executable, *words],
        environment=environment,
        stage=stage,
        working_dir=REPOSITORY,
        hush=hush,
    )


def _run_demo_once(
    supervisor: Supervisor,
    place: Place,
    environment: Mapping[str, str],
    credentials: Credentials,
) -> None:
    done = place.kept("demo-done")
    script = REPOSITORY / "demo" / "up.py"
    if done.exists() or not script.exists():
        return
    supervisor.say(f"{place.public_url} answers. Running the demo flows once …")
    demo = _python(
        "demo",
        {**environment, **place.demo_environment(credentials)},
        str(script),
        stage=CLIENT_STAGE,
    )
    status, _ = supervisor.run_once(demo, timeout_seconds=DEMO_SECONDS)
    if status == 0:
        done.touch()
    else:
        # The stack is worth having without its demo; the next start tries again.
        supervisor.say(f"The demo ended with exit status {status}; `make demo` runs it again.")


def answers(port: int, path: str) -> bool:
    """Return whether our server on the loopback port answers 200 on the path."""
    # http.client and not urllib: a proxy of the environment must not be asked for the loopback.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _troubles(port: int) -> str:
    """Return what the readiness page finds wrong, to go behind its address."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/health/ready")
        checks = json.loads(connection.getresponse().read())["checks"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ", which does not answer"
    finally:
        connection.close()
    wrong = ", ".join(f"{name}: {found}" for name, found in checks.items() if found != "ok")
    return f" ({wrong})" if wrong else ""


def _greet(place: Place, credentials: Credentials, *, seconds: float) -> None:
    rows = [
        f"Headway is up ({seconds:.0f} s).",
        "",
        f"  Open       {place.public_url}",
        f"  Login      {credentials['login']}",
        f"  Password   {credentials['password']}",
        f"  API key    {credentials['api_key']}",
        "",
        f"  Data stays in {place.data}; `make reset` removes it.",
        "  Ctrl-C stops everything.",
    ]
    width = max(len(row) for row in rows)
    print(f"\n┌─{'─' * width}─┐")
    for row in rows:
        print(f"│ {row:<{width}} │")
    print(f"└─{'─' * width}─┘\n", flush=True)


if __name__ == "__main__":
    main()
