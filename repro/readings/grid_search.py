"""All readings of a grid, and the best of those that break few sentences.

Where the cost has a closed form, the readings are priced many at once: every dimension is an axis
of the arrays, so that a part of the network is computed once for all readings that share it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from repro.papers.conventions import TRUE
from repro.papers.readings import NamedReading, Readings, Value, shown, unfit
from repro.papers.values import Size
from repro.readings.figures import OpenFigure
from repro.readings.layers import Amount, Cost
from repro.readings.outcome import ReadingOutcome, outcome
from repro.readings.pricing import Prices, closed_form, cost_of
from repro.records.runs import CountRun, count_run

AT_ONCE = 300_000
"""readings that are priced together at most"""

Piece = Mapping[str, tuple[Value, ...]]
"""a part of the grid: option -> values"""
Score = tuple[int, int, float]
"""cells, distinct figures, minus the mean error: more is better"""
Best = dict[tuple[str, int], tuple[Score, dict[str, Value]]]
"""convention and number of broken sentences -> the best reading of that kind"""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found."""

    tried: int
    """readings, each by each convention"""
    front: tuple[ReadingOutcome, ...]
    """by each convention: readings that print more than any that breaks fewer sentences"""
    reached: tuple[int, ...]
    """how many of the readings print each figure"""


def search(
    readings: Readings,
    printed: Sequence[OpenFigure],
    prices: Prices,
    *,
    fixed: Mapping[str, Value],
    limit: int | None = None,
    tell: Callable[[int], object] = lambda done: None,
) -> SearchResult:
    """Price the grid, or as many whole pieces of it as `limit` allows, and keep the best.

    `fixed` holds some dimensions at one value. `tell` hears how many more readings are done.
    """
    conventions = readings.conventions or ("",)
    closed = not readings.bounds and all(
        closed_form(readings.networks[one.network.model]) for one in printed
    )
    price = partial(_many, readings, conventions, printed)
    if not closed:
        price = partial(_one, readings, conventions, printed, prices)
    best: Best = {}
    tried, reached = 0, np.zeros(len(printed), np.int64)
    for piece in _pieces(narrowed(readings, fixed), AT_ONCE if closed else 1):
        count = prod(map(len, piece.values())) * len(conventions)
        if limit is not None and tried and tried + count > limit:
            break
        of_piece, reaching = price(piece)
        reached += reaching
        for key, found in of_piece.items():
            if key not in best or found[0] > best[key][0]:
                best[key] = found
        tried += count
        tell(count)
    front = [
        outcome(readings, NamedReading("", "", choices, convention or None), printed, prices)
        for convention, choices in _front(best)
    ]
    return SearchResult(tried, tuple(front), tuple(map(int, reached)))


def size(readings: Readings, fixed: Mapping[str, Value]) -> int:
    """How many readings a search tries, each by each convention."""
    counts = map(len, narrowed(readings, fixed).values())
    return prod(counts) * max(1, len(readings.conventions))


def narrowed(readings: Readings, fixed: Mapping[str, Value]) -> dict[str, tuple[Value, ...]]:
    """The values that a search tries of each dimension; ReproError for one that is not there."""
    for error in unfit(readings, fixed):
        raise error
    every = {one.option: one.values for one in readings.dimensions}
    return every | {option: (value,) for option, value in fixed.items()}


def _pieces(grid: Piece, most: int) -> Iterator[Piece]:
    """The grid in parts of at most so many readings; what is a list has one value in each."""
    together: dict[str, tuple[Value, ...]] = {}
    apart: dict[str, tuple[Value, ...]] = {}
    for option, values in grid.items():
        scalar = not any(isinstance(value, tuple) for value in values)
        fits = prod(map(len, together.values())) * len(values) <= most
        (together if scalar and fits else apart)[option] = values
    for chosen in product(*apart.values()):
        single = dict(zip(apart, chosen, strict=True))
        yield {
            option: (single[option],) if option in single else values
            for option, values in grid.items()
        }


def _one(
    readings: Readings,
    conventions: Sequence[str],
    printed: Sequence[OpenFigure],
    prices: Prices,
    piece: Piece,
) -> tuple[Best, NDArray[np.int64]]:
    """The single reading of a piece, counted, and how often it prints each figure."""
    choices = {option: value for option, (value,) in piece.items()}
    best: Best = {}
    reached = np.zeros(len(printed), np.int64)
    for convention in conventions:
        reading = NamedReading("", "", choices, convention or None)
        found = outcome(readings, reading, printed, prices)
        score = found.cells, found.distinct, -(found.mean_error or 0.0)
        best[convention, len(found.breaks)] = score, choices
        reached += [one.prints is not None for one in found.figures]
    return best, reached


def _many(
    readings: Readings,
    conventions: Sequence[str],
    printed: Sequence[OpenFigure],
    piece: Piece,
) -> tuple[Best, NDArray[np.int64]]:
    """The best readings of a piece of each number of broken sentences, in closed form.

    And how many of the piece print each figure.
    """
    shape = tuple(map(len, piece.values()))
    broken = np.broadcast_to(_broken(readings, piece), shape).ravel()
    costs = {
        repr(run): cost_of(run, {**run.options, **_axes(readings, piece, run.input)})
        for run in (_network(readings, figure.network) for figure in printed)
    }
    best: Best = {}
    reached = np.zeros(len(printed), np.int64)
    for convention in conventions:
        cells, distinct = np.zeros(shape, np.int16), np.zeros(shape, np.int16)
        errors = np.zeros(shape, np.float32)
        for number, figure in enumerate(printed):
            cost = costs[repr(_network(readings, figure.network))]
            prints, apart = _against(figure, cost, convention)
            cells += prints * np.int16(len(figure.cells))
            distinct += prints
            reached[number] += np.count_nonzero(prints) * (prod(shape) // prints.size)
            errors += apart * np.float32(len(figure.cells))
        total = sum(len(figure.cells) for figure in printed)
        worth = (cells + distinct / 100.0 - errors / (1e6 * total)).ravel()
        for number in np.unique(broken):
            index = int(np.argmax(np.where(broken == number, worth, -np.inf)))
            place = np.unravel_index(index, shape)
            score = int(cells[place]), int(distinct[place]), -float(errors[place]) / total
            choices = {
                option: values[int(at)]
                for (option, values), at in zip(piece.items(), place, strict=True)
            }
            best[convention, int(number)] = score, choices
    return best, reached


def _network(readings: Readings, network: CountRun) -> CountRun:
    """The network of the zoo for a printed row, with the options that are the row's own."""
    model = readings.networks[network.model]
    return count_run(model, network.input, network.keypoints, network.options)


def _against(
    figure: OpenFigure, cost: Cost, convention: str
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Whether costs print as a figure does, and by what share they are from it."""
    rules = convention or figure.convention
    macs: Amount = cost.macs[rules or TRUE] if figure.metric == "macs" else cost.params
    value, unit = np.asarray(macs), figure.unit(rules)
    low, high = ceil(figure.printed.low / unit), ceil(figure.printed.high / unit)
    apart = np.abs(value * float(unit / figure.printed.value) - 1).astype(np.float32)
    return np.logical_and(value >= low, value < high), apart


def _axes(readings: Readings, piece: Piece, at: Size) -> dict[str, object]:
    """What the builder gets at an input size: single values, and arrays along an axis each."""
    options: dict[str, object] = {}
    for axis, dimension in enumerate(readings.dimensions):
        values = [dimension.built(value, at) for value in piece[dimension.option]]
        single = len(values) == 1
        options[dimension.option] = values[0] if single else _along(axis, piece, values)
    return options


def _broken(readings: Readings, piece: Piece) -> NDArray[np.int64]:
    """How many sentences each reading of a piece breaks by its values."""
    count = np.zeros([1] * len(piece), np.int64)
    for sentence in readings.sentences:
        breaks = np.zeros([1] * len(piece), np.bool_)
        for axis, dimension in enumerate(readings.dimensions):
            values = [
                sentence in dimension.breaks.get(shown(value), ())
                for value in piece[dimension.option]
            ]
            breaks = np.logical_or(breaks, _along(axis, piece, values))
        count = count + breaks
    return count


def _along(axis: int, piece: Piece, values: Sequence[Value]) -> NDArray[np.generic]:
    """One value a place along an axis of the arrays of a piece."""
    shape = [1] * len(piece)
    shape[axis] = len(values)
    return np.reshape(np.array(values), shape)


def _front(best: Best) -> Iterator[tuple[str, dict[str, Value]]]:
    """Convention and reading of each step at which breaking more prints more."""
    for convention in dict.fromkeys(name for name, _ in best):
        most = -1
        for number in sorted(number for name, number in best if name == convention):
            (cells, _, _), choices = best[convention, number]
            if cells > most:
                most = cells
                yield convention, choices
