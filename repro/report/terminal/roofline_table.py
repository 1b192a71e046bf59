"""A machine's limits, and how far networks are from them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.orders import threads
from repro.report.printed_table import new_grid

if TYPE_CHECKING:
    from repro.speed.roofline.model import MachineLimits
    from repro.speed.roofline.placement import Placed


def described(
    machine: "MachineLimits", rows: "Sequence[Placed]", sentences: Sequence[str]
) -> dict[str, object]:
    """Limits and networks as plain data; multiply-adds and bytes a second, seconds, shares."""
    placed = [
        {"way": asdict(one.way)}
        | asdict(one.row)
        | {"rate": one.row.rate, "intensity": one.row.intensity, "share": one.row.share}
        | {"rest": one.row.rest, "bound": one.row.bound}
        for one in rows
    ]
    peaks = {"peak_one": machine.one.peak, "peak_all": machine.all.peak}
    return {"machine": asdict(machine) | peaks, "rows": placed, "explained": list(sentences)}


def table(
    machine: "MachineLimits", rows: "Sequence[Placed]", sentences: Sequence[str]
) -> RenderableType:
    """Limits, networks, and what their time goes to."""
    heads = ("", "peak", "matmul", "conv 3x3", "memory GB/s", "cache GB/s")
    limits = new_grid()
    for heading in heads:
        limits.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for limit in {limit.threads: limit for limit in (machine.one, machine.all)}.values():
        rates = (limit.peak, limit.matmul, limit.convolution)
        limits.add_row(
            threads(limit.threads),
            *(f"{rate / 1e9:.0f}" for rate in rates),
            f"{limit.memory / 1e9:.0f}",
            f"{limit.cache / 1e9:.0f}",
        )
    head = f"Roofline, G multiply-adds a second, measured in {machine.seconds:.1f} s"
    load = Text(f"load then {machine.load:.1f}", "dim")
    lines = [Text(line) for line in sentences]
    return Group(Text(), Text(head, "bold"), limits, load, Text(), _placed(rows), *lines)


def _placed(rows: "Sequence[Placed]") -> RenderableType:
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    for heading in ("ms", "GMACs", "MB", "MACs/byte", "G/s", "of peak", "of limit", "bound by"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for placed in rows:
        row = placed.row
        grid.add_row(
            Text(f"{row.model} {placed.way}"),
            f"{1e3 * row.seconds:.2f}",
            f"{row.macs / 1e9:.3f}",
            f"{row.moved / 1e6:.0f}",
            f"{row.intensity:.1f}",
            f"{row.rate / 1e9:.1f}",
            f"{row.rate / row.peak:.0%}",
            f"{row.share:.0%}",
            row.bound,
        )
    return grid
