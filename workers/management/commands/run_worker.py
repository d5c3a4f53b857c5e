"""`manage.py run_worker scheduler rollup janitor`: one or several loops in one process."""

from __future__ import annotations

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.heap import settle_heap
from workers.loop import Loop, run_until_signalled

NAMES = ("scheduler", "rollup", "evaluator", "lineage", "costs", "metering", "launcher", "janitor")


class Command(BaseCommand):
    help = "Run loops until SIGTERM; any number of replicas of each may run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES)
        )

    def handle(self, *_args: Any, names: list[str], **_options: Any) -> None:
        loops: list[Loop] = []
        for name in dict.fromkeys(names):
            loops.extend(import_module(f"workers.{name}").loops())
        settle_heap()
        run_until_signalled(loops)
