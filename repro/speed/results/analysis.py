"""Times, ratios and how sure they are, from the calls of a timing run.

The ratio of two subjects is taken within each round, where they ran one soon after the other: the
logarithm of the ratio of their blocks' medians. A process gives the median over its rounds, the
run the mean over its processes. See repro.speed.results.resampling for the intervals.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.speed.measure.procedures import LEAST_PROCESSES, TWIN
from repro.speed.measure.subjects import Block, TimedRun
from repro.speed.results.percentiles import TimePercentile, percentiles
from repro.speed.results.resampling import Process, Spread, drawn, resampled, spread

LOADED = 1.05
"""wall time over CPU time of a single thread from which on the machine counts as loaded"""
MOST_NOISE = 0.2
"""noise floor above which no ratio gets a verdict; below it, only ratios beyond the floor do"""
MOST_BIAS = 0.02
"""by which two equals may surely differ before nothing gets a verdict"""
MOST_WIDTH = 0.25
"""half the width of a ratio's interval above which it gets no verdict"""
MOST_DISTURBED = 0.5
"""share of disturbed blocks above which wall time gets no verdict"""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ValueInterval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Times:
    """How long one subject takes."""

    subject: int
    wall: ValueInterval
    """seconds of a call"""
    cpu: ValueInterval
    """seconds of CPU time of a call, all threads together"""
    calls: int
    """that count"""
    blocks: int
    disturbed: int
    """blocks"""
    percentiles: tuple[TimePercentile, ...]
    """of the wall time of all calls that count, those of disturbed blocks among them"""


@dataclass(frozen=True, slots=True)
class TimeRatio:
    """How many times as long one subject takes as another."""

    subject: int
    against: int
    value: float
    low: float
    high: float
    verdict: str
    """slower, faster, same (within the noise floor), undecided, or unstable"""
    reason: str = ""
    """why it is unstable"""


class Analysis:
    """The figures of one run. Subjects go by their position in the run."""

    def __init__(self, run: TimedRun, seed: int = 0) -> None:
        self.run = run
        self.subjects = run.timed
        if not self.subjects:
            raise ReproError("The run has no times.", "Its refusals and failures say why.")
        mean = run.settings.get("statistic") == "mean"
        self._wall = _processes(run, "wall", mean, seed)
        self._cpu = _processes(run, "cpu", mean, seed)
        self.basis = "cpu" if _by_cpu(run) else "wall"
        """the clock that ratios and verdicts go by"""
        self.floor = self._floor()
        """how far apart equals may seem, 0.02 for 2 %; None without an A/A twin"""
        self.unstable = self._unstable()
        """why no ratio gets a verdict; empty if they do"""

    def times(self, subject: int) -> Times:
        """The times of a subject."""
        place = self._place(subject)
        blocks = [block for block in self.run.blocks if block.subject == subject]
        return Times(
            subject,
            _estimate(spread(self._wall, place)),
            _estimate(spread(self._cpu, place)),
            sum(len(block.wall) - block.settling for block in blocks),
            len(blocks),
            sum(bool(block.disturbed) for block in blocks),
            percentiles(np.concatenate([_counted(block, "wall") for block in blocks])),
        )

    def ratio(self, subject: int, against: int) -> TimeRatio:
        """How many times as long a subject takes as another, and whether that is sure."""
        logarithm = self._spread(subject, against)
        value = _estimate(logarithm)
        bare = TimeRatio(subject, against, value.value, value.low, value.high, "unstable")
        if self.unstable:
            return replace(bare, reason=self.unstable)
        if logarithm.half > np.log1p(MOST_WIDTH):
            width = f"the interval is {value.low:.2f} to {value.high:.2f}"
            return replace(bare, reason=f"{width}, wider than ±{MOST_WIDTH:.0%}")
        return replace(bare, verdict=_verdict(value, self.floor or 0.0))

    def draws(self) -> Floats:
        """(B, S) logarithms of seconds by the basis, of all timed subjects, resampled together."""
        return drawn(self._of_basis())

    def centre(self) -> Floats:
        """(S,) logarithms of seconds by the basis."""
        places = range(len(self.subjects))
        return np.array([spread(self._of_basis(), place).value for place in places])

    def _of_basis(self) -> list[Process]:
        return self._cpu if self.basis == "cpu" else self._wall

    def _spread(self, subject: int, against: int) -> Spread:
        return spread(self._of_basis(), self._place(subject), self._place(against))

    def _place(self, subject: int) -> int:
        if subject not in self.subjects:
            name = self.run.subjects[subject]
            raise ReproError(f"`{name}` was not timed.", "The run says why.")
        return self.subjects.index(subject)

    def twins(self) -> tuple[int, int] | None:
        """The subject that was timed as two, and its second self."""
        for place in self.subjects:
            if self.run.subjects[place].alias == TWIN:
                plain = replace(self.run.subjects[place], alias="")
                same = [one for one in self.subjects if self.run.subjects[one] == plain]
                if same:
                    return same[0], place
        return None

    def _floor(self) -> float | None:
        twins = self.twins()
        if twins is None:
            return None
        logarithm = self._spread(twins[1], twins[0])
        return float(np.expm1(abs(logarithm.value) + logarithm.half))

    def _unstable(self) -> str:
        processes = len({block.process for block in self.run.blocks})
        if processes < LEAST_PROCESSES:
            return f"{processes} processes finished, {LEAST_PROCESSES} are needed"
        twins = self.twins()
        if twins is not None and self.floor is not None:
            logarithm = self._spread(twins[1], twins[0])
            if abs(logarithm.value) > max(logarithm.half, np.log1p(MOST_BIAS)):
                return f"equals seem to differ by {np.expm1(abs(logarithm.value)):.1%}"
            if self.floor > MOST_NOISE:
                return f"noise floor {self.floor:.0%}, above {MOST_NOISE:.0%}"
        disturbed = sum(bool(block.disturbed) for block in self.run.blocks) / len(self.run.blocks)
        if self.basis == "wall" and disturbed > MOST_DISTURBED:
            return f"{disturbed:.0%} of the blocks were disturbed"
        return ""


def _verdict(ratio: ValueInterval, floor: float) -> str:
    if ratio.low > 1 and ratio.value > 1 + floor:
        return "slower"
    if ratio.high < 1 and ratio.value < 1 / (1 + floor):
        return "faster"
    if ratio.low >= 1 / (1 + floor) and ratio.high <= 1 + floor:
        return "same"
    return "undecided"


def _estimate(logarithm: Spread) -> ValueInterval:
    low, high = logarithm.value - logarithm.half, logarithm.value + logarithm.half
    return ValueInterval(*(float(np.exp(one)) for one in (logarithm.value, low, high)))


def _by_cpu(run: TimedRun) -> bool:
    """Whether CPU time is the truer clock: of a single thread that had to wait for its core.

    A paper's procedure goes by wall time whatever happens.
    """
    if run.settings.get("threads") != 1 or not run.settings.get("interleaved"):
        return False
    wall = sum(sum(block.wall) for block in run.blocks)
    return wall > LOADED * sum(sum(block.cpu) for block in run.blocks)


def _processes(run: TimedRun, clock: str, mean: bool, seed: int) -> list[Process]:
    """The rounds of each process in which every subject was timed."""
    calls: dict[int, dict[int, dict[int, Floats]]] = {}
    for block in run.blocks:
        rounds = calls.setdefault(block.process, {})
        rounds.setdefault(block.round, {})[block.subject] = _counted(block, clock)
    generator = np.random.default_rng(seed)
    processes = []
    for process in sorted(calls):
        whole = [blocks for blocks in calls[process].values() if len(blocks) == len(run.timed)]
        ordered = [[blocks[subject] for subject in run.timed] for blocks in whole]
        if ordered:
            processes.append(resampled(ordered, mean, generator))
    if not processes:
        raise ReproError("No round of the run is whole.", "Time it anew.")
    return processes


def _counted(block: Block, clock: str) -> Floats:
    taken: Floats = np.array(block.wall if clock == "wall" else block.cpu)[block.settling :]
    return taken.clip(1e-9)  # a clock may stand still during a very short call
