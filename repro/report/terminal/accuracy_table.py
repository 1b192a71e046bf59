"""Figures of accuracy with their intervals, as a table and as plain data."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from rich.console import Group, RenderableType
from rich.text import Text

from repro.records.record import Record
from repro.report.printed_table import new_grid

if TYPE_CHECKING:
    from repro.scoring.score import Score

Line = tuple[str, float | None, float | None, float | None]
"""metric, value, low, high; all in per cent"""


def described(record: Record, protocol: str) -> dict[str, object]:
    """An evaluation as plain data; figures in per cent."""
    intervals = {
        one.metric: [one.low, one.high] for one in record.measurements if one.low is not None
    }
    spec = {key: value for key, value in record.spec.items() if key != "kind"}
    return {
        "metrics": {one.metric: one.value for one in record.measurements},
        "unit": "%",
        "intervals": intervals,
        "protocol_name": protocol,
        **spec,
        "notes": dict(record.notes),
        "record": record.key,
    }


def shown(record: Record) -> RenderableType:
    """An evaluation for a reader."""
    data = cast(Mapping[str, object], record.spec["data"])
    lines = [(one.metric, float(one.value), one.low, one.high) for one in record.measurements]
    counts = f"{data['images']:,} images, {data['people']:,} persons"
    facts = f"{data['name']} · {counts} · {record.spec['evaluator']}"
    weights = cast(Mapping[str, object], record.spec["weights"])
    notes = ["the checkpoint was loaded in part"] if weights.get("partial") else []
    if weights.get("faithful", True) is not True:
        notes.append("trained here, not by the recipe in everything or not on the official data")
    if "outside" in record.notes:
        notes.append(
            f"outside of the inputs, where no network can find them: {record.notes['outside']}"
        )
    return Group(_grid(lines), *map(Text, [facts, *notes, f"record {record.key[:12]}"]))


def scored(score: "Score") -> RenderableType:
    """A scored file for a reader; fractions become per cent."""
    scale = score.scale
    lines: list[Line] = []
    for name, value in score.metrics.items():
        bounds = score.intervals.get(name)
        low, high = (bounds.low * scale, bounds.high * scale) if bounds else (None, None)
        lines.append((name, None if value is None else value * scale, low, high))
    images = "" if score.images is None else f"{score.images:,} images, "
    facts = f"{images}{score.people:,} persons, {score.poses:,} poses · {score.evaluator}"
    absent = [f"{name}: {why}" for name, why in score.absent.items()]
    remarked = {remark.text for remark in score.remarks}
    notes = [note for note in score.notes if note not in remarked]
    return Group(_grid(lines), *map(Text, [facts, *absent, *notes]))


def _grid(lines: Iterable[Line]) -> RenderableType:
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    grid.add_column("%", justify="right")
    grid.add_column("95 % interval", justify="right", style="dim")
    for name, value, low, high in lines:
        bounds = "" if low is None or high is None else f"{low:.2f} to {high:.2f}"
        grid.add_row(name, "–" if value is None else f"{value:.2f}", bounds)
    return grid
