import doctest

import pytest

from apps.flows import sizes


def test_the_examples_hold():
    assert doctest.testmod(sizes).failed == 0


@pytest.mark.parametrize(
    ("cpu", "memory_mb"),
    [
        (0.25, 512),
        (0.25, 2048),
        (0.5, 1024),
        (0.5, 4096),
        (1, 2048),
        (2, 16384),
        (4, 30720),
        (8, 61440),
        (16, 32768),
        (16, 122880),
    ],
)
def test_what_fargate_offers_is_legal(cpu, memory_mb):
    assert sizes.find_size_faults(cpu=cpu, memory_mb=memory_mb) == {}


@pytest.mark.parametrize(
    ("cpu", "memory_mb", "field"),
    [
        (0.25, 4096, "memory_mb"),
        (0.5, 512, "memory_mb"),
        (1, 2049, "memory_mb"),
        (8, 17408, "memory_mb"),  # between two steps of 4 GiB
        (16, 36864, "memory_mb"),  # between two steps of 8 GiB
        (0, 512, "cpu"),
        (3, 8192, "cpu"),
        (0.2500001, 512, "cpu"),
        (-1, 512, "cpu"),
        (float("nan"), 512, "cpu"),
        (float("inf"), 512, "cpu"),
    ],
)
def test_anything_else_is_named_with_what_is_legal(cpu, memory_mb, field):
    faults = sizes.find_size_faults(cpu=cpu, memory_mb=memory_mb)

    assert list(faults) == [field]
    assert any(character.isdigit() for character in faults[field][0])


def test_a_size_keeps_fargates_units():
    size = sizes.make_size(cpu=0.5, memory_mb=1024)

    assert (size.cpu_units, size.memory_mb, size.cpu) == (512, 1024, 0.5)
