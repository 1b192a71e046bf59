"""A recipe, and what became of a training, for a terminal."""

import time
from collections import deque
from collections.abc import Mapping, Sequence

from rich.table import Table

from repro.report.progress import INTERVAL, Steps
from repro.resolved import UNSAID, Resolved, differing, shown
from repro.telling import say

PERSONS = (
    "half_body",
    "scale_factor",
    "rotation_factor",
    "rotation_chance",
    "centre_shift",
    "centre_chance",
    "centre",
    "cut",
)
IMAGES = ("scale", "rotation", "translation")


def recipe(resolved: Resolved) -> Table:
    """Field, value and source of all that is at work."""
    table = Table(title=f"recipe {resolved.name}", title_justify="left", box=None)
    table.add_column("field")
    table.add_column("value")
    table.add_column("from")
    idle = (*(PERSONS if resolved.recipe.whole else IMAGES), "whole")
    for name in resolved.sources:
        value, source = getattr(resolved.recipe, name), resolved.sources[name]
        if name not in idle and not (source == UNSAID and not value):
            table.add_row(name, shown(value), source)
    return table


class Course(Steps):
    """Steps of a training: loss, learning rate, samples a second, remaining time."""

    def __init__(self, total: int, show: bool) -> None:
        super().__init__(total, "steps", show)
        self.first = 0
        """steps that were done before"""
        self.speeds: deque[float] = deque(maxlen=20)

    def tell(self, done: int, epoch: int, loss: float, rate: float, speed: float) -> None:
        """So many steps are done, the last in an epoch counted from 0."""
        if not self.speeds:
            self.first = self.done = done - 1
        self.speeds.append(speed)
        mean = sum(self.speeds) / len(self.speeds)
        now = f"epoch {epoch + 1} · loss {loss:.4g} · lr {rate:.3g} · {mean:.1f} samples/s"
        if self.bar is not None:
            self(done - self.done, now)
            return
        self.done = done
        if self.show and time.monotonic() - self.last > INTERVAL:
            self.last = time.monotonic()
            one = (self.last - self.start) / (done - self.first)
            left = duration(one * (self.total - done))
            say(f"step {done:,} of {self.total:,} · {now} · {left} left")

    def ending(self) -> str:
        """The last line."""
        steps = self.done - self.first
        return f"{steps:,} steps in {duration(time.monotonic() - self.start)}"


def duration(seconds: float) -> str:
    """`50 s`, `12 min`, `7.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def differences(own: Resolved, official: Resolved) -> list[str]:
    """Where the official configuration is another than what the paper prints, in a line."""
    found = differing(own.recipe, official.recipe)
    fields = ", ".join(f"{name} {shown(value)}" for name, (_, value) in found.items())
    return [f"the official configuration differs: {fields}"] if found else []


def deviations(resolved: Resolved) -> list[str]:
    """What is not as the recipe has it, a line each."""
    if not resolved.deviations:
        return ["no deviations from the recipe"]
    return [f"deviation: {one}, by {resolved.sources[one.field]}" for one in resolved.deviations]


def outcome(found: Mapping[str, object]) -> list[str]:
    """What became of a training, in lines."""
    best, smoke, loss = found["best"], found.get("smoke"), found["loss"]
    lines = [f"{found['step']:,} of {found['steps']:,} steps are done"]
    if isinstance(loss, float):
        lines[0] += f", the last epoch's loss is {loss:.4g}"
    if isinstance(smoke, dict):
        lines.append(
            f"smoke: the loss of one batch fell from {smoke['before']:.4g} to {smoke['after']:.4g}"
        )
    elif isinstance(best, dict) and best["metric"]:
        lines.append(f"best {best['metric']} {best['value']:.1f} % after step {best['step']:,}")
    lines.append(f"{found['weights']} has the weights for `repro eval --weights`")
    return lines


def ablation(rows: Sequence[Mapping[str, object]]) -> Table:
    """Rows trained on generated figures: AP by seed, and the difference to the first row."""
    title = "AP on generated figures, not the data set of the paper"
    table = Table(title=title, title_justify="left", box=None)
    for name in ("row", "printed AP", "generated AP", "printed Δ", "generated Δ", "the ranking"):
        table.add_column(name, justify="left" if name in ("row", "the ranking") else "right")
    for row in rows:
        values, change = row["trained"], row.get("difference")
        assert isinstance(values, list)
        cells = [str(row["label"]), _figure(row["printed"]), " ".join(map(_figure, values))]
        if isinstance(change, float):
            ends = row["interval"]
            interval = f" ({ends[0]:+.1f} to {ends[1]:+.1f})" if isinstance(ends, list) else ""
            printed = row["printed_difference"]
            cells += [
                f"{printed:+.2f}" if isinstance(printed, float) else "-",
                f"{change:+.1f}{interval}",
                str(row["verdict"]),
            ]
        table.add_row(*cells)
    return table


def _figure(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else "-"
