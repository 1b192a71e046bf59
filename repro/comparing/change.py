"""What became of one figure from one set of results to another, and what a gate makes of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repro.errors import unknown

KINDS = {
    "exact": "counts and parity, as integers",
    "accuracy": "AP and PCKh, by their 95 % intervals",
    "speed": "ratios of times within one class of machines",
}
CALLS = {
    "worse": "surely lower in accuracy, or slower",
    "changed": "an exact figure is another one",
    "missing": "no longer run",
    "incomparable": "of other rules: machine, convention, protocol, data or evaluator",
    "unstable": "noise forbids a call",
    "undecided": "neither a change nor its absence is sure",
    "explained": "differs, for a reason that is known",
    "better": "surely higher in accuracy, or faster",
    "new": "newly run",
    "same": "no difference",
}
"""in the order of their weight"""
JUDGED = ("worse", "changed", "explained", "better", "same")
GATES = {
    "worse": ("worse",),
    "changed": ("changed",),
    "missing": ("missing",),
    "incomparable": ("incomparable", "unstable"),
}
"""what --fail-on may name -> the calls that it catches"""
DIFFERS, NOTHING, INCOMPARABLE = 3, 4, 5

Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in A and in B."""

    kind: str
    """one of KINDS"""
    cell: str
    """what was measured, in words"""
    call: str
    """one of CALLS"""
    a: Value = None
    b: Value = None
    """parameters or MACs; per cent; how many times as long; as printed"""
    change: int | float | None = None
    """B less A; of a speed how much longer B takes, in per cent"""
    low: float | None = None
    """of the change's 95 % interval"""
    high: float | None = None
    reason: str = ""
    least: float | None = None
    """of a speed the smallest change that counts, in per cent"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every figure of two sets of results, the weightiest first."""

    a: str
    b: str
    changes: tuple[Change, ...]

    @property
    def summary(self) -> dict[str, int]:
        """How many figures got each call, in the order of CALLS."""
        counts = Counter(one.call for one in self.changes)
        return {call: counts[call] for call in CALLS if counts[call]}

    @property
    def least(self) -> float | None:
        """The largest of the smallest changes that count, over all speeds, in per cent."""
        return max((one.least for one in self.changes if one.least is not None), default=None)

    @property
    def judged(self) -> int:
        """How many figures could be held against each other."""
        return sum(one.call in JUDGED for one in self.changes)


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The weightiest first; of the same call as they came."""
    weight = {call: place for place, call in enumerate(CALLS)}
    return tuple(sorted(changes, key=lambda one: weight[one.call]))


def gates(names: Sequence[str]) -> set[str]:
    """The calls that named gates catch; ReproError for an unknown name."""
    for name in names:
        if name not in GATES:
            raise unknown("gate", name, GATES)
    return {call for name in names for call in GATES[name]}


def exit_code(comparison: Comparison, caught: set[str]) -> tuple[int, str]:
    """What a gate on those calls makes of a comparison, and why.

    3 where a figure is worse or changed, 4 where one is gone or none could be compared, 5 where
    all or some cannot be for their rules or their noise. The first of these that holds.
    """
    counts = comparison.summary
    for code, calls in (
        (DIFFERS, ("worse", "changed")),
        (NOTHING, ("missing",)),
        (INCOMPARABLE, ("incomparable", "unstable")),
    ):
        parts = [f"{counts[call]} {call}" for call in calls if call in caught and call in counts]
        if parts:
            return code, f"{' and '.join(parts)}: exit {code}"
    if comparison.judged:
        return 0, ""
    if "undecided" in counts:
        return INCOMPARABLE, f"nothing could be decided: exit {INCOMPARABLE}"
    return NOTHING, f"nothing was compared: exit {NOTHING}"
