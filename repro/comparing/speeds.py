"""Speed: how much longer a network takes beside the others of its run, on the same machine.

No absolute time is compared, so that a slower night slows nothing. A network is held against each
rival that was timed with it in both sets; the rival in the middle decides, so that one that became
slower or faster itself does not.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from repro.comparing.change import Change
from repro.comparing.side import Side
from repro.records.measurement import Measurement
from repro.records.record import Record

RULES = (
    *("machine", "device", "threads", "protocol", "stage", "flip", "batch", "precision"),
    *("statistic", "interleaved", "keep_freed"),
)
"""what two timings must share"""
EFFECT = 3.0
"""per cent, below which no change of a ratio counts"""
FLOORS = 2
"""noise floors, below which none does either"""
Rules = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TimedRatio:
    """The ratio of two networks, and the run that gave it."""

    ratio: Measurement
    record: Record

    @property
    def floor(self) -> float | None:
        """How far apart equals seem in its run, in per cent."""
        floor = self.record.measurement("noise_floor")
        return None if floor is None else float(floor.value)

    @property
    def basis(self) -> str:
        """The clock of its run: of a single thread that had to wait, its CPU time."""
        return self.record.notes.get("basis", "wall")

    @property
    def unstable(self) -> str:
        """Why it allows no call; empty if it does."""
        why = self.record.notes.get("unstable", "")
        return why or ("no noise floor was measured" if self.floor is None else "")


Ratios = dict[str, dict[str, TimedRatio]]
"""network -> rival -> their ratio"""


def changes(a: Side, b: Side, least: float = EFFECT) -> Iterator[Change]:
    """Every network of two sets; `least` is the smallest effect, in per cent."""
    before, after = _grouped(a), _grouped(b)
    for rules in dict.fromkeys((*before, *after)):
        left, right = before.get(rules, {}), after.get(rules, {})
        for name in dict.fromkeys((*left, *right)):
            if name in left and name in right:
                yield _compared(name, left[name], right[name], least)
                continue
            gone = name in left
            apart = _elsewhere(name, rules, after if gone else before, gone)
            if not apart:
                yield Change("speed", name, "missing" if gone else "new")
            elif gone:  # told once, from A
                yield Change("speed", name, "incomparable", reason=apart)


def _compared(
    name: str, before: Mapping[str, TimedRatio], after: Mapping[str, TimedRatio], least: float
) -> Change:
    rivals = [rival for rival in before if rival in after]
    if not rivals:
        return Change("speed", name, "incomparable", reason="no rival was timed with it in both")
    changes = sorted((_change(before[rival], after[rival])[0], rival) for rival in rivals)
    middle = changes[(len(changes) - 1) // 2 : len(changes) // 2 + 1]
    _, rival = min(middle, key=lambda pair: abs(pair[0]))
    a, b = before[rival], after[rival]
    change, half = _change(a, b)
    floors = [0.0 if each.floor is None else each.floor for each in (a, b)]
    threshold = max(least, FLOORS * max(floors))
    unstable = a.unstable or b.unstable
    if unstable:
        call, reason = "unstable", f"{'A' if a.unstable else 'B'}: {unstable.rstrip('.')}"
    else:
        call = _call(change, half, math.log1p(threshold / 100))
        reason = (
            f"counts from {threshold:.1f} % on; noise floors {floors[0]:.1f} and {floors[1]:.1f} %"
        )
    if a.basis != b.basis:
        reason += f"; {a.basis} time in A, {b.basis} time in B"
    others = f", the middle one of {len(rivals)} rivals" if len(rivals) > 1 else ""
    return Change(
        "speed",
        f"{name} / {rival}",
        call,
        a.ratio.value,
        b.ratio.value,
        100 * math.expm1(change),
        100 * math.expm1(change - half),
        100 * math.expm1(change + half),
        reason + others,
        None if unstable else threshold,
    )


def _call(change: float, half: float, threshold: float) -> str:
    if abs(change) > threshold and abs(change) > half:
        return "worse" if change > 0 else "better"
    return "same" if abs(change) + half <= threshold else "undecided"


def _change(a: TimedRatio, b: TimedRatio) -> tuple[float, float]:
    """The logarithm of how much a ratio grew, and half the width of its interval."""
    if a.ratio == b.ratio and a.record.key == b.record.key:
        return 0.0, 0.0  # one and the same run
    change = math.log(b.ratio.value / a.ratio.value)
    return change, math.hypot(_half(a.ratio), _half(b.ratio))


def _half(ratio: Measurement) -> float:
    return math.log((ratio.high or 0) / (ratio.low or 1)) / 2


def _grouped(side: Side) -> dict[Rules, Ratios]:
    """The newest ratio of any two networks, by the rules of their timing."""
    grouped: dict[Rules, Ratios] = {}
    for record in side.records:
        if record.spec.get("kind") != "speed":
            continue
        ratios = grouped.setdefault(tuple(_rules(record).items()), {})
        for measured in record.measurements:
            if measured.metric == "latency" and measured.of:
                ratios.setdefault(measured.of, {})
        for measured in record.measurements:
            name, _, rival = (measured.of or "").partition(" / ")
            if (
                measured.metric == "ratio"
                and rival
                and 0 < (measured.low or 0) <= (measured.high or 0)
                and measured.value > 0
            ):
                ratios.setdefault(name, {})[rival] = TimedRatio(measured, record)
    return grouped


def _rules(record: Record) -> dict[str, str]:
    """With several threads it matters, too, what they do while they wait for each other."""
    spec = record.spec
    asleep = spec.get("passive") is True and spec.get("threads") != 1
    idle = {"idle threads": "asleep" if asleep else "spinning"}
    return {name: str(spec.get(name)) for name in RULES} | idle


def _elsewhere(name: str, rules: Rules, others: Mapping[Rules, Ratios], gone: bool) -> str:
    """What differs from a timing of the same network by other rules; empty if there is none."""
    for others_rules, ratios in others.items():
        if name in ratios:
            a, b = (rules, others_rules) if gone else (others_rules, rules)
            pairs = ((x, y) for x, y in zip(a, b, strict=True) if x != y)
            return "; ".join(f"{rule} {x} in A, {y} in B" for (rule, x), (_, y) in pairs)
    return ""
