"""Every quantity that is measured: its unit, whether it is counted, and between what it can lie.

What enters from a file is held against this table before anything is said of it. Of a metric that
is not in the table only what holds of any number is asked.
"""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repro.errors import ReproError
from repro.records.measurement import LARGEST, Measurement, Part, is_sane

DIGITS = 9
"""behind the point, of a number that is held against its bounds"""
ROUNDING = 1e-6
"""share of a value by which its interval may miss it"""


@dataclass(frozen=True, slots=True)
class Measurable:
    """What the values of a metric can be."""

    unit: str
    low: float = 0
    high: float = LARGEST
    whole: bool = False
    """whether it is counted, so that parts of one do not exist"""
    positive: bool = False
    """whether it cannot be 0"""

    @property
    def wanted(self) -> str:
        """`a whole number of 0 or more`."""
        kind = "a whole number" if self.whole else "a number"
        if self.positive:
            return f"{kind} above 0"
        return f"{kind} of {self.low:g} {f'to {self.high:g}' if self.high < LARGEST else 'or more'}"

    def holds(self, number: float) -> bool:
        """Whether a value can be so."""
        counted = isinstance(number, int) or not self.whole
        return counted and (number > 0 or not self.positive) and self.within(number)

    def within(self, number: float) -> bool:
        """Whether the end of an interval can be so."""
        return self.low <= round(number, DIGITS) <= self.high


PER_CENT = Measurable("%", high=100)
RATIO = Measurable("x", positive=True)
STEPS = Measurable("steps", whole=True)
LOSS = Measurable("", low=-LARGEST)
BYTES = Measurable("bytes", whole=True)
QUANTITIES: Mapping[str, Measurable] = {
    "params": Measurable("parameters", whole=True),
    "macs": Measurable("MACs", whole=True),
    "size": BYTES,
    "peak_memory": BYTES,
    "calls": Measurable("calls", whole=True),
    "steps": STEPS,
    "best_step": STEPS,
    "latency": Measurable("ms", positive=True),
    "latency_*": Measurable("ms"),
    "cpu_time": Measurable("ms"),
    "fps": Measurable("FPS", positive=True),
    "energy": Measurable("J"),
    "ratio": RATIO,
    "size_ratio": RATIO,
    "speed_ratio": RATIO,
    "noise_floor": Measurable("%"),
    "loss": LOSS,
    "loss_before": LOSS,
    "loss_after": LOSS,
    "deviation_rms": Measurable("of the values"),
    "deviation_largest": Measurable("of the largest value"),
    "parity": Measurable("", high=1, whole=True),
    "*_difference": Measurable("points", low=-100, high=100),
    **dict.fromkeys(("AP", "AP50", "AP75", "APM", "APL", "AP_*"), PER_CENT),
    **dict.fromkeys(("AR", "AR50", "AR75", "ARM", "ARL"), PER_CENT),
    **dict.fromkeys(("Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle"), PER_CENT),
    **dict.fromkeys(("Mean", "Mean@0.1"), PER_CENT),
}
"""metric, or a pattern of several -> what it is; of several that fit the first counts"""


def quantity(metric: str) -> Measurable | None:
    """What a metric's values can be; None for one that is not in the table."""
    if metric in QUANTITIES:
        return QUANTITIES[metric]
    return next((QUANTITIES[name] for name in PATTERNS if fnmatch.fnmatchcase(metric, name)), None)


PATTERNS = tuple(name for name in QUANTITIES if "*" in name)


def check(measurements: Iterable[Measurement], parts: Iterable[Part] = ()) -> None:
    """Raise ReproError for the first figure that nothing can have measured."""
    for measurement in measurements:
        _check(measurement)
    for part in parts:
        for name, number in (
            ("params", part.params),
            *(("macs", one) for one in part.macs.values()),
        ):
            if not QUANTITIES[name].holds(number):
                raise _impossible(f"{name} of `{part.name:.40}`", QUANTITIES[name], number)


def _check(measurement: Measurement) -> None:
    name, known = f"{measurement.metric:.40}", quantity(measurement.metric)
    ends = [end for end in (measurement.low, measurement.high) if end is not None]
    if not is_sane(measurement):
        shown = ", ".join(f"{number!s:.20}" for number in (measurement.value, *ends))
        raise ReproError(f"it is impossible: {name} cannot be {shown}")
    if known is not None:
        if measurement.unit != known.unit:
            right = f"in {known.unit}" if known.unit else "without a unit"
            raise ReproError(f"it is impossible: {name} is {right}, not `{measurement.unit:.20}`")
        if not known.holds(measurement.value):
            raise _impossible(name, known, measurement.value)
        beyond = next((end for end in ends if not known.within(end)), None)
        if beyond is not None:
            raise _impossible(name, known, beyond)
    if len(ends) == 2:
        _check_order(name, measurement.value, *ends)


def _impossible(name: str, known: Measurable, number: float) -> ReproError:
    return ReproError(f"it is impossible: {name} is {known.wanted}, not {number!s:.20}")


def _check_order(name: str, value: float, low: float, high: float) -> None:
    """An interval of resamples may just miss its figure, by no more than its own width."""
    beyond = high - low + ROUNDING * abs(value)
    if low > high or not low - beyond <= value <= high + beyond:
        raise ReproError(
            f"it is impossible: {name} is {value!s:.20} in an interval from {low!s:.20} to "
            f"{high!s:.20}"
        )
