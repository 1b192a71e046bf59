"""What the fault suite counted, gathered from all its tests, and printed last."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

PROPERTY = "faults"
SEED = "REPRO_FAULTS_SEED"
"""another number gives other mutations and other moments"""


@dataclass
class Figures:
    """The counts of one test."""

    request: pytest.FixtureRequest

    @property
    def seed(self) -> int:
        """What all that is drawn follows from."""
        return int(os.environ.get(SEED, "0"))

    def add(self, what: str, count: int) -> None:
        """So many more of something."""
        self.request.node.user_properties.append((PROPERTY, (what, count)))


def gathered(reporter: pytest.TerminalReporter) -> Counter[str]:
    """The counts of all tests, of those too that other processes ran."""
    found: Counter[str] = Counter()
    for reports in reporter.stats.values():
        for report in reports:
            for name, value in _properties(report):
                if name == PROPERTY:
                    what, count = value
                    found[what] += count
    return found


def _properties(report: object) -> Iterator[tuple[str, tuple[str, int]]]:
    if getattr(report, "when", "") == "call":
        yield from getattr(report, "user_properties", ())


def lines(found: Counter[str]) -> list[str]:
    """The counts in words, those of a kind together, with their sum where they are of one."""
    told = []
    for group in sorted({what.partition(": ")[0] for what in found}):
        own = {what: n for what, n in found.items() if what.partition(": ")[0] == group}
        parts = [
            f"{what.partition(': ')[2]} {n:,}" for what, n in sorted(own.items()) if ": " in what
        ]
        head = f"{sum(own.values()):,} {group}"
        told.append(f"{head}: {', '.join(parts)}" if parts else head)
    return told
