"""Handing work to Celery by name, from a process in which nobody has imported a task yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# Celery answers a second thread that looks for tasks meanwhile with none at all. The barrier lets
# all threads look at once, the short interval lets them take turns while the modules are imported.
FIRST_JOBS = """
import sys, threading
sys.setswitchinterval(1e-6)
import django
django.setup()
from apps.core.jobs import _send  # what a commit calls; this process has no database

at_once, failed = threading.Barrier(6), []

def first_job():
    at_once.wait()
    try:
        _send("subscriptions.refresh_customer", {"customer_id": "cus_nobody"})
    except Exception as error:
        failed.append(str(error))

threads = [threading.Thread(target=first_job) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failed)
"""


def test_the_first_jobs_of_several_threads_all_find_their_task():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "apps.config.settings.test"}

    process = subprocess.run(
        [sys.executable, "-c", FIRST_JOBS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert process.stdout.strip() == "[]"
