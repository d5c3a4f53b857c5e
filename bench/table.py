"""One table of results: what, measured, reference, budget, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One measurement. `holds` is None where there is no budget.

    `reference` says what the figure is compared with, measured in the same run.
    """

    what: str
    measured: str
    reference: str = ""
    budget: str = ""
    holds: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What one benchmark prints."""

    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether no budget is broken."""
        return all(row.holds is not False for row in self.rows)


def print_table(table: Table) -> None:
    """Print for people, and so that it can be pasted into Markdown."""
    head = ("what", "measured", "reference", "budget", "")
    verdict = {True: "ok", False: "MISSED", None: ""}
    cells = [
        (row.what, row.measured, row.reference, row.budget, verdict[row.holds])
        for row in table.rows
    ]
    widths = [max(len(row[column]) for row in [head, *cells]) for column in range(len(head))]
    print(f"\n### {table.title}\n")
    for row in [head, tuple("-" * width for width in widths), *cells]:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(padded)} |")
    for note in table.notes:
        print(f"\n{note}")
