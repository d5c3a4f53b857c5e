from datetime import UTC, datetime, timedelta

import pytest

from apps.compute.usage import TaskUsage, usage_between

START = datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "cpu_units", "memory_mb", "used"),
    [
        (0, 256, 512, (0, 0, 0)),
        (0.1, 256, 512, (1, 1, 1)),
        (1, 1_024, 2_048, (1, 1, 2)),
        (60, 256, 512, (60, 15, 30)),
        (60.2, 4_096, 8_192, (61, 241, 482)),
        (-5, 256, 512, (0, 0, 0)),  # the backend's clock went back
    ],
)
def test_each_begun_unit_counts(seconds, cpu_units, memory_mb, used):
    end = START + timedelta(seconds=seconds)
    found = usage_between(START, end, cpu_units=cpu_units, memory_mb=memory_mb)
    managed, vcpu, gigabytes = used
    assert found == TaskUsage(managed_seconds=managed, vcpu_seconds=vcpu, gb_seconds=gigabytes)
