"""
The inside of a job that an agent started: `python -m headway.agent.container`.

The environment says which run it executes, and with what; the code is here already. It executes the
run in a process of its own as an agent on this machine would, beats for it and ends with it. Exit
code 0: the server knows how the run ended, however that was; 1: it does not.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from headway._client import Client
from headway._config import get_config
from headway._errors import ApiError, ConfigError
from headway._recording import open_recorder
from headway.agent._lease import Lease
from headway.agent._runner import GRACE_SECONDS, RunProcess
from headway.agent.managed import Task


class ContainerTask(Task):
    """One execution of one run whose code and packages are those of the image."""

    def asked_to_stop(self) -> None:
        """Stop: as cancelled when the server wants that, else as somebody whose machine goes."""
        # Unheard is as good as not asked: what a machine's end has ended may be tried again.
        with suppress(ApiError, ConfigError):
            self._heed(self._beat())
        if not (self._cancelled or self._lost):
            self.evict()

    def _execute(self) -> bool:
        lease = Lease.from_wire(json.loads(os.environ.pop("HEADWAY_LEASE")))
        return self._see_process_through(
            RunProcess(
                lease,
                client=self._client,
                recorder=self._recorder,
                on_end=lambda _: None,
                show=show,
                grace_seconds=self._grace_seconds,
            )
        )


def main() -> NoReturn:
    """Execute the run that the environment names, and exit."""
    config = get_config()
    folder = Path(os.environ.get("HEADWAY_TASK_DIR") or tempfile.mkdtemp(prefix="headway-task-"))
    # Its reports wait with it: it stays until the server has them.
    os.environ.setdefault("HEADWAY_SPOOL_DIR", str(folder / "spool"))
    recorder = open_recorder(config)
    task = ContainerTask(
        client=Client(config),
        recorder=recorder,
        run_id=os.environ["HEADWAY_RUN_ID"],
        epoch=int(os.environ["HEADWAY_EPOCH"]),
        folder=folder,
        environments=folder / "environments",
        # Whoever stops us kills us after that: the run has to be through before.
        grace_seconds=float(os.environ.get("HEADWAY_GRACE_SECONDS") or GRACE_SECONDS) * 0.8,
    )
    stopped = threading.Event()

    def watch() -> None:
        stopped.wait()
        task.asked_to_stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        # Only a mark: the handler may have interrupted whoever holds our locks.
        signal.signal(number, lambda *_: stopped.set())
    threading.Thread(target=watch, name="headway-stop", daemon=True).start()
    is_known = task.run()
    recorder.close()
    sys.exit(0 if is_known else 1)


def show(text: str) -> None:
    """Say a line to whoever reads the job's output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
