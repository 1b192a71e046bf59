"""Imported times, for a reader and as plain data."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.text import Text

from repro.comparing.imported_speeds import ImportedBeside
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import ImportedTiming
from repro.report.printed_table import new_grid

TAILS = ("latency_min", "latency_p50", "latency_p90", "latency_p99", "latency_max")
MEBI = 2**20


def described(record: Record, beside: Sequence[ImportedBeside]) -> dict[str, object]:
    """The times as plain data."""
    run = ImportedTiming.read(record.spec)
    return {
        "timing": {key: value for key, value in record.spec.items() if key != "kind"},
        "origin": run.origin,
        "beside": [asdict(one) | {"ratio": one.ratio} for one in beside],
        "record": record.key,
    }


def table(record: Record, beside: Sequence[ImportedBeside]) -> RenderableType:
    """The times as a table, and beside print."""
    run = ImportedTiming.read(record.spec)
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    shown = [name for name in TAILS if any(one.metric == name for one in record.measurements)]
    headings = [run.statistic, *(name.removeprefix("latency_") for name in shown)]
    for heading in (*(f"{name} ms" for name in headings), "calls", "MiB"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for name in run.networks:
        figures = [record.measurement(metric, of=name) for metric in ("latency", *shown)]
        calls, memory = (record.measurement(one, of=name) for one in ("calls", "peak_memory"))
        mebi = "" if memory is None else f"{memory.value / MEBI:.0f}"
        count = "" if calls is None else f"{calls.value:,}"
        grid.add_row(Text(name), *map(_ms, figures), count, mebi)
    facts = ", ".join(f"{name} {value}" for name, value in run.facts.items())
    head = Text(f"{run.device} · {run.tool}" + (f" · {facts}" if facts else ""))
    told = Text(f"{run.origin}: not measured here, and held against nothing", style="yellow")
    parts: list[RenderableType] = [head, told, grid]
    if beside:
        parts.append(_beside(beside))
    return Group(*parts, Text(f"record {record.key[:12]}"))


def _beside(beside: Sequence[ImportedBeside]) -> RenderableType:
    grid = new_grid()
    for heading in ("printed", "row", "network"):
        grid.add_column(heading, no_wrap=True)
    for heading in ("printed ms", "imported ms", "times as long"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for one in beside:
        numbers = f"{one.ms:.4g}", f"{one.imported_ms:.4g}", f"{one.ratio:.2f}"
        grid.add_row(Text(one.column), Text(one.row), Text(one.network), *numbers)
    return grid


def _ms(figure: Measurement | None) -> str:
    return "–" if figure is None else f"{float(figure.value):.4g}"
