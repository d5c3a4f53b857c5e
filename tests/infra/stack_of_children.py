"""A small stack for the tests of the supervisor: real processes that report into a folder."""

import signal
import sys
from pathlib import Path

from infra.local.problems import Problem
from infra.local.supervisor import Program, Supervisor

CHILD = """
import os, signal, subprocess, sys, time
folder, name, manner = sys.argv[1:4]
def note(text):
    with open(folder + "/journal", "a") as journal:
        journal.write(f"{name} {text}\\n")
def end(number, frame):
    note("stopped by " + signal.Signals(number).name)
    if manner != "stubborn":
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, end)
if manner == "parent":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", folder])
note(f"started {os.getpid()}")
print("hello from", name, flush=True)
while True:
    time.sleep(60)
"""


def child(
    folder: Path, name: str, *, stage: int, manner: str = "plain", **options: object
) -> Program:
    argv = [sys.executable, "-c", CHILD, str(folder), name, manner]
    return Program(
        name=name,
        argv=argv,
        environment={"PATH": "/usr/bin:/bin"},
        stage=stage,
        **options,  # type: ignore[arg-type]
    )


def main() -> None:
    folder = Path(sys.argv[1])
    with Supervisor(mark=str(folder), log_path=folder / "stack.log") as supervisor:
        supervisor.start(child(folder, "store", stage=0, stop_signal=signal.SIGINT))
        supervisor.start(child(folder, "web", stage=1, manner="parent"))
        supervisor.start(child(folder, "agent", stage=2))
        if "stubborn" in sys.argv:
            supervisor.start(child(folder, "mule", stage=2, manner="stubborn", stop_seconds=60))
        supervisor.run_for_ever()


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(str(problem))
