"""A reading held against the print: how much of it the network prints, and what it breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from repro.papers.conventions import TRUE
from repro.papers.readings import Bound, NamedReading, Readings, Value
from repro.readings.figures import OpenFigure
from repro.readings.pricing import Prices
from repro.records.runs import CountRun, count_run


@dataclass(frozen=True, slots=True)
class FigureOutcome:
    """One printed figure beside what a reading gives."""

    figure: OpenFigure
    value: int
    """parameters, or multiply-accumulates by the reading's convention"""
    held: Fraction
    """the same with G as the column takes it"""

    @property
    def prints(self) -> str | None:
        """`rounded`, `cut`, or None where it does not print so."""
        return self.figure.printed.prints(self.held)

    @property
    def apart(self) -> Fraction:
        """By what share it is from the print."""
        return self.held / self.figure.printed.value - 1


@dataclass(frozen=True, slots=True)
class BoundOutcome:
    """A network's share of another's cost, of which the paper says something."""

    bound: Bound
    value: int
    of_value: int
    """of the other network"""

    @property
    def share(self) -> Fraction:
        """Of the other network's cost."""
        return Fraction(self.value, self.of_value)

    @property
    def holds(self) -> bool:
        """Whether it lies where the paper says."""
        return self.bound.above < self.share < self.bound.below


@dataclass(frozen=True, slots=True)
class ReadingOutcome:
    """What becomes of a reading."""

    reading: NamedReading
    choices: Mapping[str, Value]
    """option -> value, of every dimension"""
    figures: tuple[FigureOutcome, ...]
    bounds: tuple[BoundOutcome, ...]
    breaks: tuple[str, ...]
    """the sentences, as the file calls them"""

    @property
    def cells(self) -> int:
        """How many printed cells it gives."""
        return sum(len(one.figure.cells) for one in self.figures if one.prints)

    @property
    def distinct(self) -> int:
        """How many printed figures it gives, whatever they are repeated."""
        return sum(one.prints is not None for one in self.figures)

    @property
    def mean_error(self) -> float | None:
        """The mean distance from the printed cells, as a share; None where none is printed."""
        cells = sum(len(one.figure.cells) for one in self.figures)
        apart = sum(abs(one.apart) * len(one.figure.cells) for one in self.figures)
        return float(apart / cells) if cells else None


def outcome(
    readings: Readings, reading: NamedReading, printed: Sequence[OpenFigure], prices: Prices
) -> ReadingOutcome:
    """What a reading gives for each printed figure, and which sentences it breaks."""
    choices = readings.choices(reading)
    figures = []
    for figure in printed:
        run = built(readings, figure.network, choices)
        convention = reading.convention or figure.convention
        value = prices.price(run, figure.metric, convention or TRUE)
        figures.append(FigureOutcome(figure, value, value * figure.unit(convention)))
    bounds = tuple(_bound(readings, bound, choices, prices) for bound in readings.bounds)
    failed = {one.bound.sentence for one in bounds if not one.holds}
    broken = {*readings.broken(choices), *failed}
    return ReadingOutcome(
        reading,
        choices,
        tuple(figures),
        bounds,
        tuple(name for name in readings.sentences if name in broken),
    )


def built(readings: Readings, network: CountRun, choices: Mapping[str, Value]) -> CountRun:
    """The network of a printed row in a reading, which has the last word on its options."""
    options = {**network.options, **readings.options(choices, network.input)}
    return count_run(readings.networks[network.model], network.input, network.keypoints, options)


def _bound(
    readings: Readings, bound: Bound, choices: Mapping[str, Value], prices: Prices
) -> BoundOutcome:
    network = built(readings, CountRun(bound.model, bound.input, bound.keypoints), choices)
    other = count_run(bound.of, bound.of_input, bound.keypoints)
    return BoundOutcome(
        bound, prices.price(network, bound.metric), prices.price(other, bound.metric)
    )
