"""Prometheus itself, where it is installed: it scrapes itself, and writes that to the door."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.clients.test_real_clients import Stage, stage

__all__ = ["stage"]

PROMETHEUS = shutil.which("prometheus")
SECONDS = 120
SCRAPES = 5

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(PROMETHEUS is None, reason="No prometheus on the PATH."),
]


class Running:
    """A Prometheus, and what it answers."""

    def __init__(self, url: str, log: Path) -> None:
        self._url, self._log = url, log

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series of an instant query; none while it starts."""
        try:
            with urlopen(f"{self._url}/api/v1/query?query={quote(query)}") as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
                return found
        except URLError:
            return []

    def total(self, name: str) -> float:
        return sum(float(each["value"][1]) for each in self.ask(name))

    def wait_for(self, query: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + SECONDS
        while not (found := self.ask(query)):
            assert time.monotonic() < deadline, f"{query}\n{self._log.read_text()[-4_000:]}"
            time.sleep(0.2)
        return found


@contextmanager
def prometheus(stage: Stage, port: int) -> Iterator[Running]:
    config = stage.folder / "prometheus.yml"
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s"},
                "scrape_configs": [
                    {
                        "job_name": "itself",
                        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
                    }
                ],
                "remote_write": [
                    {
                        "url": f"{stage.url}/api/v1/prometheus/write",
                        "authorization": {"credentials": stage.key},
                        "send_native_histograms": True,
                    }
                ],
            }
        )
    )
    log = stage.folder / "prometheus.log"
    assert PROMETHEUS is not None
    with log.open("w") as out:
        process = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={config}",
                f"--storage.tsdb.path={stage.folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=native-histograms",
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:
            yield Running(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()  # it sends what it has before it ends
            process.wait(SECONDS)


def test_what_it_scraped_is_stored_and_nothing_counts_as_failed(stage, unused_tcp_port_number):
    with prometheus(stage, unused_tcp_port_number) as it:
        it.wait_for(f"count_over_time(prometheus_build_info[1m]) >= {SCRAPES}")
        it.wait_for("prometheus_remote_storage_samples_total > 0")
        scraped = it.ask("prometheus_tsdb_head_samples_appended_total[1m]")
        sent = it.total("prometheus_remote_storage_samples_total")
        failed = it.total("prometheus_remote_storage_samples_failed_total")
        known = {each["metric"]["__name__"] for each in it.ask('{job="itself"} == {job="itself"}')}

    assert failed == 0
    assert "level=error" not in (stage.folder / "prometheus.log").read_text()
    values = stage.values()
    # NaN is no series of ours, and equals nothing there either.
    assert known <= values.keys()
    stored = {
        (point.occurred_at, point.value)
        for point in values["prometheus_tsdb_head_samples_appended_total"]
    }
    meant = {
        (datetime.fromtimestamp(at, tz=UTC), float(value))
        for each in scraped
        for at, value in each["values"]
    }
    assert len(meant) >= SCRAPES
    assert meant <= stored
    stage.tell("prometheus", f"{sent:.0f} samples", f"points of {len(values)} metrics")
