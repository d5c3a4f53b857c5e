#!/usr/bin/env python
"""Run a management command, as the database role that the command needs."""

import os
import sys

OWNER_COMMANDS = {"migrate", "sqlmigrate", "makemigrations", "dbshell", "flush"}
WORKER_COMMANDS = {"recount_usage", "reencrypt_secrets", "run_worker", "seed_demo", "set_plan"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apps.config.settings.local")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    role = (
        "owner" if command in OWNER_COMMANDS else "worker" if command in WORKER_COMMANDS else "app"
    )
    os.environ.setdefault("HEADWAY_DATABASE_ROLE", role)

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
