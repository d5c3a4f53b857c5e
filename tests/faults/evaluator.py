"""An evaluator as production starts it, to be forked by the nursery and killed."""

from __future__ import annotations

import django
from django.core.management import call_command


def prepare() -> None:
    django.setup()
    from workers import evaluator
    from workers.management.commands import run_worker

    assert evaluator
    assert run_worker


def work() -> None:
    call_command("run_worker", "evaluator")
