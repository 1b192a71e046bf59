"""The readings of a network that a paper leaves open, as a table and as plain data."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from repro.papers.readings import Readings, shown
from repro.readings.figures import OpenFigure
from repro.readings.outcome import BoundOutcome, FigureOutcome, ReadingOutcome
from repro.report.printed_table import new_grid
from repro.report.text import counted


def described(found: ReadingOutcome) -> dict[str, object]:
    """A reading and what became of it as plain data; errors and shares as such, no per cent."""
    return {
        "name": found.reading.name,
        "says": found.reading.says,
        "convention": found.reading.convention,
        "options": dict(found.choices),
        "cells": found.cells,
        "distinct": found.distinct,
        "mean_error": found.mean_error,
        "breaks": list(found.breaks),
        "figures": list(map(_figure, found.figures)),
        "bounds": list(map(_bound, found.bounds)),
    }


def _figure(one: FigureOutcome) -> dict[str, object]:
    network = one.figure.network
    return {
        "model": network.model,
        "input": list(network.input),
        "keypoints": network.keypoints,
        "row_options": dict(network.options),
        "metric": one.figure.metric,
        "printed": one.figure.printed.text,
        "cells": list(one.figure.cells),
        "value": one.value,
        "prints": one.prints,
        "apart": float(one.apart),
    }


def _bound(one: BoundOutcome) -> dict[str, object]:
    return {
        **asdict(one.bound),
        "value": one.value,
        "other": one.of_value,
        "share": float(one.share),
        "holds": one.holds,
    }


def listed(readings: Readings, named: Sequence[ReadingOutcome]) -> RenderableType:
    """The readings that have names, and what each is."""
    grid = _grid(readings, named, [one.reading.name for one in named])
    told = [f"{one.reading.name}: {one.reading.says}" for one in named]
    shares = [_shares(readings, named)] if readings.bounds else []
    return Group(grid, *map(Text, ["", *told]), *shares, *_notes(readings))


def front(readings: Readings, found: Sequence[ReadingOutcome], tried: int) -> RenderableType:
    """The best of a search of those that break few sentences, and what that is worth."""
    choices = [_choices(readings, one) for one in found]
    head = f"The front of {counted(tried, 'reading')}: each prints more than all that break less."
    return Group(Text(head, style="bold"), _grid(readings, found, choices), Text(warning(tried)))


def reach(printed: Sequence[OpenFigure], reached: Sequence[int]) -> list[dict[str, object]]:
    """How many readings of a search print each figure, as plain data."""
    return [
        {
            "metric": figure.metric,
            "printed": figure.printed.text,
            "cells": list(figure.cells),
            "readings": count,
        }
        for figure, count in zip(printed, reached, strict=True)
    ]


def seldom(printed: Sequence[OpenFigure], reached: Sequence[int]) -> Text:
    """The figures that no reading of a search prints, or the one that fewest do."""
    never = [one for one, count in zip(printed, reached, strict=True) if not count]
    if never:
        figures = "; ".join(f"{one.printed.text} ({one.cells[0]})" for one in never)
        return Text(f"No reading prints: {figures}.")
    if not printed:
        return Text("No cost is printed of the networks that are left open.")
    count, place = min((count, place) for place, count in enumerate(reached))
    least = f"{printed[place].printed.text} ({printed[place].cells[0]})"
    return Text(
        f"Each of the {counted(len(printed), 'figure')} is printed by some reading, {least} by the "
        f"fewest: {count:,}."
    )


def warning(tried: int) -> str:
    """What a maximum over so many readings is worth."""
    return (
        f"The most that any of {tried:,} readings prints is a maximum over free choices: it proves "
        "nothing about what was built."
    )


def _grid(readings: Readings, found: Sequence[ReadingOutcome], names: Sequence[str]) -> Grid:
    cells = sum(len(one.figure.cells) for one in found[0].figures) if found else 0
    distinct = len(found[0].figures) if found else 0
    grid = new_grid()
    grid.add_column("reading", overflow="fold", ratio=3)
    if cells:
        grid.add_column("counter")
        for heading in (f"cells of {cells}", f"distinct of {distinct}", "mean error"):
            grid.add_column(heading, justify="right")
    grid.add_column("breaks", overflow="fold", ratio=2 if cells else 9)
    for one, name in zip(found, names, strict=True):
        breaks = ", ".join(readings.sentences[key].says for key in one.breaks) or "nothing"
        printing = (
            one.reading.convention or "as its columns",
            str(one.cells),
            str(one.distinct),
            "–" if one.mean_error is None else f"{100 * one.mean_error:.1f} %",
        )
        grid.add_row(name, *(printing if cells else ()), breaks)
    return grid


def _choices(readings: Readings, one: ReadingOutcome) -> str:
    """What a reading has otherwise than the first value of each dimension."""
    parts = [
        f"{dimension.option} {shown(one.choices[dimension.option])}"
        for dimension in readings.dimensions
        if one.choices[dimension.option] != dimension.values[0]
    ]
    return ", ".join(parts) or "the first value of all"


def _shares(readings: Readings, named: Sequence[ReadingOutcome]) -> RenderableType:
    """What each reading's cost makes of the sentences that speak of it."""
    grid = new_grid()
    grid.add_column("reading")
    lines = []
    for place, bound in enumerate(readings.bounds, 1):
        grid.add_column(f"[{place}]", justify="right")
        (height, width), (of_height, of_width) = bound.input, bound.of_input
        lines.append(
            f"[{place}] the {bound.metric} of {bound.model} at {height}x{width} as a share of "
            f"{bound.of}'s at {of_height}x{of_width}: "
            f"“{readings.sentences[bound.sentence].printed}”"
        )
    for one in named:
        shares = [
            f"{100 * float(bound.share):.0f} % {'✓' if bound.holds else '✗'}"
            for bound in one.bounds
        ]
        grid.add_row(one.reading.name, *shares)
    return Group(Text(), grid, *map(Text, ["", *lines]))


def _notes(readings: Readings) -> list[Text]:
    return [Text(f"note  {note}", style="dim") for note in readings.notes]
