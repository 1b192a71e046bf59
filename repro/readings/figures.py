"""What a paper prints of the networks that it leaves open: its figures, each once."""

from dataclasses import dataclass, replace
from fractions import Fraction

from repro.papers.conventions import CONVENTIONS
from repro.papers.published import Published
from repro.papers.readings import Readings
from repro.papers.study import convention, scale
from repro.plans import selection
from repro.records.runs import CountRun


@dataclass(frozen=True, slots=True)
class OpenFigure:
    """A printed cost of one network; the same in several cells is one figure."""

    network: CountRun
    """as the tables have it: their model, and the options that are the row's own"""
    metric: str
    printed: Published
    convention: str
    """of its column; empty for parameters"""
    giga: int
    """what its column takes G for"""
    cells: tuple[str, ...]
    """where it is printed, `table6 Exp-1 DFC params`"""

    def unit(self, convention: str | None) -> Fraction:
        """By what a count is multiplied that is held against the print, by a convention."""
        if self.metric != "macs":
            return Fraction(1)
        return Fraction(self.giga, CONVENTIONS[convention or self.convention].unit(self.giga))


def figures(readings: Readings) -> tuple[OpenFigure, ...]:
    """The printed costs of the networks that a paper leaves open, in printed order."""
    found: dict[tuple[object, ...], OpenFigure] = {}
    for wanted in selection.select(selection.tables(readings.study)):
        spec, metric = wanted.spec, wanted.column.metric or ""
        if not isinstance(spec, CountRun) or spec.model not in readings.networks:
            continue
        printed = wanted.table.published(wanted.row, wanted.column)
        assert printed is not None  # what is selected is a number
        place = wanted.place.partition(" ")[2]
        network = readings.networks[spec.model], spec.input, spec.keypoints
        key = *network, repr(sorted(spec.options.items())), metric, printed.text
        rules = convention(wanted.row, wanted.column) if metric == "macs" else ""
        new = OpenFigure(spec, metric, printed, rules, scale(wanted.row, wanted.column), cells=())
        found[key] = replace(found.get(key, new), cells=(*found.get(key, new).cells, place))
    return tuple(found.values())
