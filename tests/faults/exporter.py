"""A worker at one export: `python -m tests.faults.exporter ACCOUNT JOB FOLDER`."""

from __future__ import annotations

import sys
import time
import uuid
from datetime import timedelta

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from apps.exports import services
    from apps.exports.services import make

    exports = settings.STORAGES["exports"]
    options = exports["OPTIONS"] | {"location": sys.argv[3]}
    settings.STORAGES = settings.STORAGES | {"exports": exports | {"OPTIONS": options}}
    make.CLAIMED_FOR = timedelta(seconds=1)  # what a killed one had in hand is taken up sooner
    account_id, job_id = uuid.UUID(sys.argv[1]), uuid.UUID(sys.argv[2])
    while not services.work_on_export(
        account_id=account_id, job_id=job_id, piece_rows=50, page=10, work_seconds=3600
    ):
        time.sleep(0.05)


if __name__ == "__main__":
    main()
