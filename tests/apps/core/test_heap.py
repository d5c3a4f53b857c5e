"""The collector's settings reach the processes that serve."""

import os
import subprocess
import sys

import pytest

from apps.core import heap

_TELL = "import gc; from {} import application; print(gc.get_threshold(), gc.get_freeze_count())"


@pytest.mark.parametrize("module", ["apps.config.wsgi", "apps.config.live"])
def test_a_serving_process_leaves_alone_what_it_has_loaded(module: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _TELL.format(module)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "apps.config.settings.test"},
        check=True,
        capture_output=True,
        text=True,
    )
    threshold, _, frozen = told.stdout.strip().rpartition(" ")
    assert threshold == str((heap.YOUNG, heap.MIDDLE, heap.OLD))
    assert int(frozen) > 50_000  # what Django and the apps are made of
