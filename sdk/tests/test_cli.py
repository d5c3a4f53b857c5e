"""The `headway` command in real processes against a real server on loopback."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_support import KEY, PATIENCE_SECONDS, ContractServer

Script = Callable[..., Path]
Python = Callable[..., "subprocess.Popen[str]"]

FLOWS = '''
from datetime import date
from typing import Literal
from headway import flow

@flow(tags=["finance"])
def load(day: date, tables: list[str] = ["orders"], mode: Literal["full", "new"] = "new"):
    """Load the day's tables."""
    print("loading", ",".join(tables), "for", day.isoformat(), mode)
    if mode == "full":
        raise ValueError("too much")
'''


@pytest.fixture
def headway(server: ContractServer, python: Python) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
        process = python("-m", "headway", *arguments, env=server.env if env is None else env)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err

    return call


Headway = Callable[..., tuple[int, str, str]]


def test_login_keeps_the_key_for_its_owner_alone(
    server: ContractServer, headway: Headway, python: Python, script: Script
) -> None:
    code, out, err = headway("login", "--url", server.url, "--key", KEY, env={})

    assert (code, err) == (0, "")
    assert "Logged in to acme as testing" in out
    path = Path(os.environ["HEADWAY_CONFIG"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    process = python(str(script(FLOWS + "\nload(date(2026, 3, 1))\n")))
    process.communicate(timeout=PATIENCE_SECONDS)
    assert server.only_run()["state"] == "COMPLETED"


@pytest.mark.parametrize("status", [200, 302, 401, 404])
def test_another_server_is_not_taken_for_headway(
    server: ContractServer, headway: Headway, status: int
) -> None:
    server.page = status

    for words in (["login", "--url", server.url, "--key", KEY], ["runs"]):
        code, out, err = headway(*words)

        assert (code, out) == (1, ""), words
        assert f"answered {status}, but not as a Headway server does" in err
        assert "Traceback" not in err


def test_login_refuses_a_wrong_key_and_keeps_nothing(
    server: ContractServer, headway: Headway
) -> None:
    code, _, err = headway("login", "--url", server.url, "--key", "hw_wrong", env={})

    assert code == 3
    assert "unauthenticated, request req_test" in err
    assert not Path(os.environ["HEADWAY_CONFIG"]).exists()


def test_run_runs_a_flow_with_typed_parameters(
    server: ContractServer, headway: Headway, script: Script
) -> None:
    script(FLOWS, "flows.py")
    code, out, _ = headway(
        *("run", "flows.py:load", "-p", "day=2026-03-01", "-p", 'tables=["a", "b"]')
    )

    assert code == 0
    assert "loading a,b for 2026-03-01 new" in out
    assert server.only_run()["reports"][0]["parameters"]["tables"] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flows.py:load"], "Parameter 'day' is missing."),
        (["flows.py:load", "-p", "day=soon"], 'day: expected a date (YYYY-MM-DD), not "soon".'),
        (["flows.py:load", "-p", "dya=x"], "There is no parameter 'dya'; known: day, tables, mode"),
        (["flows.py:lode"], "There is no flow 'lode' in flows.py. Flows there: load"),
        (["nowhere.py:load"], "There is no file"),
    ],
)
def test_run_says_what_is_wrong(
    headway: Headway, script: Script, arguments: list[str], message: str
) -> None:
    script(FLOWS, "flows.py")
    code, _, err = headway("run", *arguments, env={})

    assert code == 1
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_a_file_that_runs_its_flow_when_imported_is_refused(
    server: ContractServer, headway: Headway, script: Script, command: str
) -> None:
    path = script(FLOWS + "\nload(date(2026, 3, 1))\n")

    code, out, err = headway(command, f"{path}:load", "-p", "day=2026-03-01")

    assert (code, out) == (1, "")
    assert "flow_file.py calls load() while it is imported" in err
    assert '`if __name__ == "__main__":`' in err
    assert "Traceback" not in err
    assert server.runs == {}


def test_run_shows_the_flows_own_traceback(headway: Headway, script: Script) -> None:
    script(FLOWS, "flows.py")
    code, _, err = headway(
        "run", "flows.py:load", "-p", "day=2026-03-01", "-p", "mode=full", env={}
    )

    assert code == 1
    assert "ValueError: too much" in err
    assert "_engine.py" not in err


@pytest.mark.parametrize("command", ["run", "deploy"])
def test_what_a_file_lacks_is_said_without_our_frames(
    headway: Headway, script: Script, command: str
) -> None:
    script("import no_such_package\n", "needs.py")

    code, _, err = headway(command, "needs.py:main")

    assert (code, err.count("File ")) == (1, 1), err
    assert "No module named 'no_such_package'" in err
    assert "install what it imports in this environment, too" in err


def test_a_file_that_is_no_python_is_named_with_its_line(headway: Headway, script: Script) -> None:
    script("x = 1\nif x\n", "broken.py")

    code, _, err = headway("deploy", "broken.py:main")

    assert (code, err.count("File ")) == (1, 1), err
    assert 'broken.py", line 2' in err


def test_deploy_sends_the_schema_of_the_signature(
    server: ContractServer, headway: Headway, script: Script, tmp_path: Path
) -> None:
    script(FLOWS, "flows.py")
    code, out, _ = headway(
        *("deploy", "flows.py:load", "--name", "nightly", "--cron", "0 6 * * *"),
        *("--interval", "15m", "--timezone", "Europe/Berlin", "-p", "mode=full", "--tag", "x"),
    )

    assert code == 0
    assert "headway deployments run load/nightly" in out
    deployment = server.deployments["load/nightly"]
    assert deployment["entrypoint"] == "flows.py:load"
    assert deployment["path"] == str(tmp_path)
    assert deployment["description"] == "Load the day's tables."
    assert deployment["parameters"] == {"mode": "full"}
    assert deployment["schedules"] == [
        {"kind": "CRON", "cron": "0 6 * * *", "timezone": "Europe/Berlin"},
        {"kind": "INTERVAL", "interval_seconds": 900, "timezone": "Europe/Berlin"},
    ]
    assert deployment["parameter_schema"] == {
        "type": "object",
        "properties": {
            "day": {"type": "string", "format": "date"},
            "tables": {"type": "array", "items": {"type": "string"}, "default": ["orders"]},
            "mode": {"enum": ["full", "new"], "default": "new"},
        },
        "additionalProperties": False,
        "required": ["day"],
    }


def test_deploy_takes_rules_and_single_times_on_the_clock_of_the_zone(
    server: ContractServer, headway: Headway, script: Script
) -> None:
    script(FLOWS, "flows.py")
    code, _, _ = headway(
        *("deploy", "flows.py:load", "--rrule", "FREQ=MONTHLY;BYDAY=-1FR"),
        *("--at", "2027-07-01T06:00", "--at", "2027-01-01T06:00Z", "--timezone", "Europe/Berlin"),
        *("--jitter", "5m", "--missed", "all"),
    )

    assert code == 0
    how = {"timezone": "Europe/Berlin", "jitter_seconds": 300, "missed_policy": "ALL"}
    assert server.deployments["load/load"]["schedules"] == [
        {"kind": "RRULE", "rrule": "FREQ=MONTHLY;BYDAY=-1FR"} | how,
        {"kind": "ONCE", "once_at": "2027-07-01T06:00:00+02:00"} | how,
        {"kind": "ONCE", "once_at": "2027-01-01T06:00:00+00:00"} | how,
    ]


def test_deployments_run_starts_and_watches_a_run(
    server: ContractServer, headway: Headway, script: Script, python: Python
) -> None:
    script(FLOWS, "flows.py")
    headway("deploy", "flows.py:load", "--name", "nightly")

    process = python(
        *("-m", "headway", "deployments", "run", "load/nightly", "-p", "day=2026-03-01"),
        *("-p", 'tables=["1"]', "--watch"),
        env=server.env,
    )
    run = server.wait_for(lambda: server.runs and server.only_run())
    with server.changed:
        server.items["logs"].append(_line(run["id"], "first line"))
        for state in ("PENDING", "RUNNING", "FAILED"):
            server.apply({"run_id": run["id"], "state": state})
        server.changed.notify_all()
    out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 1
    assert out.count("first line") == 1
    assert "is FAILED" in err
    assert run["parameters"] == {"day": "2026-03-01", "tables": ["1"]}


def test_deployments_run_names_the_deployments_there_are(headway: Headway, script: Script) -> None:
    script(FLOWS, "flows.py")
    headway("deploy", "flows.py:load", "--name", "nightly")

    code, _, err = headway("deployments", "run", "load/nigthly")

    assert code == 4
    assert "Deployments: load/nightly." in err


def test_a_run_may_be_given_by_its_name(server: ContractServer, headway: Headway) -> None:
    run_id = server.queue_run({"path": ".", "entrypoint": "x.py:main"})
    other_id = server.queue_run({"path": ".", "entrypoint": "x.py:main"})
    server.runs[run_id]["name"] = "calm-heron"
    server.items["logs"].append(_line(run_id, "hello"))

    code, out, _ = headway("logs", "calm-heron")
    no_code, _, no_run = headway("logs", "calm")
    headway("runs", "cancel", "calm-heron")
    server.runs[other_id]["name"] = "calm-heron"
    _, _, several = headway("runs", "cancel", "calm-heron")

    assert (code, "hello" in out) == (0, True)
    assert (no_code, "There is no run 'calm'" in no_run) == (4, True)
    assert server.cancelled == {run_id}
    assert "Several runs" in several
    assert other_id in several


@pytest.mark.parametrize("streams", [True, False])
def test_logs_follow_a_run_to_its_end(
    server: ContractServer, python: Python, streams: bool
) -> None:
    server.streams = streams
    run_id = server.queue_run({"path": ".", "entrypoint": "x.py:main"})
    with server.changed:
        for state in ("PENDING", "RUNNING"):
            server.apply({"run_id": run_id, "state": state})
        server.items["logs"] += [_line(run_id, f"early {n}") for n in range(5)]
    process = python("-m", "headway", "logs", "-f", run_id, env=server.env)
    assert process.stdout is not None
    assert "early 0" in process.stdout.readline()

    with server.changed:
        server.items["logs"].append(_line(run_id, "late"))
        server.apply({"run_id": run_id, "state": "COMPLETED"})
        server.changed.notify_all()
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0
    assert [out.count(text) for text in ("early 4", "late")] == [1, 1]


def test_what_others_wrote_steers_no_terminal(server: ContractServer, headway: Headway) -> None:
    run_id = server.queue_run({"path": ".", "entrypoint": "x.py:main"})
    hostile = "\x1b]0;title\x07 \x1b[2J\x1b[31mred\x1b[0m \u202egnp.exe\rpaid\nnext\tline \x9b2J"
    with server.changed:
        server.items["logs"].append(_line(run_id, hostile))

    _, out, _ = headway("logs", run_id)

    assert "red" in out
    assert "next\tline" in out
    assert not {"\x1b", "\x07", "\r", "\x9b", "\u202e"} & set(out)


def test_runs_lists_and_cancels(server: ContractServer, headway: Headway) -> None:
    run_id = server.queue_run({"path": ".", "entrypoint": "x.py:main"})

    _, listed, _ = headway("runs", "--state", "scheduled")
    _, none, _ = headway("runs", "--state", "failed")
    code, cancelled, _ = headway("runs", "cancel", run_id)

    assert run_id in listed
    assert run_id not in none
    assert (code, "CANCELLING" in cancelled) == (0, True)
    assert server.cancelled == {run_id}


@pytest.mark.parametrize(
    ("environment", "code", "message"),
    [
        ({}, 3, "Run `headway login`"),
        ({"HEADWAY_API_URL": "http://127.0.0.1:9", "HEADWAY_API_KEY": "k"}, 5, "cannot be reached"),
        ({"HEADWAY_API_URL": "nonsense", "HEADWAY_API_KEY": "k"}, 3, "must begin with http"),
        ({"HEADWAY_API_KEY": "k"}, 3, "HEADWAY_API_URL is not"),
    ],
)
def test_a_command_without_its_server_says_so(
    headway: Headway, environment: dict[str, str], code: int, message: str
) -> None:
    got, _, err = headway("runs", env=environment)

    assert got == code
    assert message in err
    assert "Traceback" not in err


def test_any_command_sends_what_is_left_in_the_spool(
    server: ContractServer, headway: Headway, script: Script, python: Python
) -> None:
    server.stop()
    python(str(script(FLOWS + "\nload(date(2026, 3, 1))\n")), env=server.env).communicate(
        timeout=20
    )
    server.start()

    headway("runs")

    assert server.only_run()["state"] == "COMPLETED"


def test_the_keys_of_one_server_are_not_sent_to_another(headway: Headway) -> None:
    Path(os.environ["HEADWAY_CONFIG"]).write_text(
        'api_url = "http://127.0.0.1:1"\napi_key = "hw_secret"\n'
    )
    code, _, err = headway("runs", env={"HEADWAY_API_URL": "http://127.0.0.1:2"})

    assert code == 3
    assert "No API key for http://127.0.0.1:2" in err


def _line(run_id: str, message: str) -> dict[str, Any]:
    return {
        "id": message,
        "run_id": run_id,
        "occurred_at": "2026-03-01T09:00:00.000000Z",
        "level": "INFO",
        "message": message,
    }


@pytest.mark.parametrize("words", [["logs", "-f"], ["run"]])
def test_ctrl_c_ends_a_command_with_130(
    server: ContractServer, python: Python, script: Script, words: list[str]
) -> None:
    slow = "import time\nfrom headway import flow\n@flow\ndef slow():\n    time.sleep(60)\n"
    run_id = server.queue_run({"path": ".", "entrypoint": "x.py:main"})
    target = run_id if words[0] == "logs" else f"{script(slow)}:slow"
    process = python("-m", "headway", *words, target, env=server.env)
    if words[0] == "logs":
        server.wait_for(lambda: any("/streams/" in path for _, path in server.requests))
    else:
        server.wait_for(lambda: len(server.runs) == 2)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 130
    assert "Traceback" not in err
