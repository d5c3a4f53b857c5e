"""A launcher whose tasks note that they ran, to be forked by the nursery and killed."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import django

TASK = """
import os, random, sys, time
token = os.environ["HEADWAY_RUN_ID"] + "-" + os.environ["HEADWAY_EPOCH"]
note = os.open(sys.argv[1] + "/" + token, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(note, b"x")
time.sleep(random.random() * 0.5)
sys.exit(random.choice([0, 3]))
"""


def prepare() -> None:
    django.setup()
    from workers import launcher

    assert launcher


def work(home: str, notes: str) -> None:
    from apps.compute.backends.local import LocalBackend
    from apps.compute.services import launch
    from workers.launcher import Keeper, Launcher, Reconciler
    from workers.loop import Loop, run_until_signalled

    launch.TAKEN_FOR = timedelta(seconds=1)  # what a killed one had in hand is taken up sooner
    backend = LocalBackend(
        home=Path(home),
        slots=6,
        user="root" if os.geteuid() == 0 else "",
        command=[sys.executable, "-c", TASK, notes],
    )
    steps = {"launcher": Launcher, "reconciler": Reconciler, "keeper": Keeper}
    run_until_signalled(
        [Loop(name=name, step=loop(backend).step, idle_seconds=0.1) for name, loop in steps.items()]
    )
