"""
Fill a fresh workspace: load the warehouse here, deploy the flows that the agent runs, watch them.
Its account gets teams, a role of its own and a machine.

Uses the SDK, the command line and the API only, as anybody would. Safe to run again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from automations import watch
from people import people

HERE = Path(__file__).resolve().parent
DEPLOYMENTS = (
    ("measure_delays", ["--name", "every-minute", "--interval", "60"]),
    ("ask_questions", ["--name", "every-two-minutes", "--interval", "120"]),
    (
        "load_flights",
        ["--name", "nightly", "--cron", "0 5 * * *", "--timezone", "America/New_York"],
    ),
    ("report_late", ["--name", "on-demand"]),
)


def headway(*arguments: str) -> None:
    """Run the command line of this Python; its errors are for people and end the demo."""
    command = [str(Path(sys.executable).with_name("headway")), *arguments]
    run(command)


def run(command: list[str]) -> None:
    """Run a command to its end; when it fails it has said why, and the demo ends as it did."""
    if status := subprocess.run(command, cwd=HERE, check=False).returncode:
        sys.exit(status)


def main() -> None:
    people()
    run([sys.executable, "flights.py"])
    run([sys.executable, "shop.py"])
    for name, options in DEPLOYMENTS:
        headway("deploy", f"flights.py:{name}", "--pool", "default", *options)
    headway("deployments", "run", "report-late/on-demand", "-p", "origin=EWR", "-p", "month=7")
    headway("deployments", "run", "measure-delays/every-minute")
    watch()
    # The nightly load once more, by the agent: the first automation has something to do.
    headway("deployments", "run", "load-flights/nightly")


if __name__ == "__main__":
    main()
