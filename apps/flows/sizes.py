"""Pure: how large a managed run may be. The pairs are those that Fargate offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

GIB = 1_024  # MiB
CPU_UNITS = 1_024  # of one vCPU

# vCPU units → MiB. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
LEGAL: Mapping[int, Sequence[int]] = MappingProxyType(
    {
        256: (512, 1 * GIB, 2 * GIB),
        512: range(1 * GIB, 4 * GIB + 1, GIB),
        1_024: range(2 * GIB, 8 * GIB + 1, GIB),
        2_048: range(4 * GIB, 16 * GIB + 1, GIB),
        4_096: range(8 * GIB, 30 * GIB + 1, GIB),
        8_192: range(16 * GIB, 60 * GIB + 1, 4 * GIB),
        16_384: range(32 * GIB, 120 * GIB + 1, 8 * GIB),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one managed run gets."""

    cpu_units: int = 256
    memory_mb: int = 512

    @property
    def cpu(self) -> float:
        """In vCPU, as people name it."""
        return self.cpu_units / CPU_UNITS


def find_size_faults(*, cpu: float, memory_mb: int) -> dict[str, list[str]]:
    """
    Say what is wrong with a size, by field and with the legal values; empty when nothing is.

    >>> find_size_faults(cpu=0.25, memory_mb=512)
    {}
    >>> find_size_faults(cpu=0.25, memory_mb=4096)
    {'memory_mb': ['With 0.25 vCPU it must be one of 512, 1024, 2048.']}
    >>> find_size_faults(cpu=3, memory_mb=4096)
    {'cpu': ['Must be one of 0.25, 0.5, 1, 2, 4, 8, 16 (vCPU).']}
    """
    memories = LEGAL.get(_units(cpu))
    if memories is None:
        legal = ", ".join(f"{units / CPU_UNITS:g}" for units in LEGAL)
        return {"cpu": [f"Must be one of {legal} (vCPU)."]}
    if memory_mb not in memories:
        return {"memory_mb": [f"With {cpu:g} vCPU it must be {_named(memories)}."]}
    return {}


def make_size(*, cpu: float, memory_mb: int) -> Size:
    """Return a size in which `find_size_faults` found nothing."""
    return Size(cpu_units=_units(cpu), memory_mb=memory_mb)


def _units(cpu: float) -> int:
    units = cpu * CPU_UNITS
    return int(units) if units in LEGAL else 0


def _named(memories: Sequence[int]) -> str:
    if isinstance(memories, range):
        return f"{memories[0]} to {memories[-1]} in steps of {memories.step}"
    return f"one of {', '.join(str(each) for each in memories)}"
