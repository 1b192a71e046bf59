"""The chain of reasoning behind one cell."""

from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from repro import study
from repro.conventions import CONVENTIONS, GIGA
from repro.judge import Cell
from repro.report import text
from repro.store import Record
from repro.study import ThirdParty


def described(cell: Cell, record: Record | None) -> dict[str, object]:
    """What `chain` says beyond the cell itself, as plain data."""
    third = [
        {"metric": one.metric, "value": one.value, "source": one.source} for one in _others(cell)
    ]
    found: dict[str, object] = {
        "where": cell.wanted.table.where,
        "note": cell.wanted.row.notes.get(cell.wanted.column.key),
        "third_party": third,
    }
    if record is not None:
        found["spec"] = dict(record.spec)
        found["conventions"] = {
            one.convention: one.value for one in record.measurements if one.convention
        }
        found["parts"] = [asdict(part) for part in record.parts]
        found["env"] = dict(record.env)
    return found


def chain(cell: Cell, record: Record | None) -> RenderableType:
    """Printed text and interval, convention, sums, other conventions, verdict, provenance."""
    wanted = cell.wanted
    table, row, column = wanted.table, wanted.row, wanted.column
    title = f"{table.study} Table {table.number} · {row.label} · {column.heading}"
    lines: list[RenderableType] = [Text(title, style="bold"), Text(f"  {table.where}", "dim")]
    scale = study.scale(row, column)
    decimals = len(cell.published.text.partition(".")[2].rstrip("MG")) + 1
    low, high = (float(edge / scale) for edge in (cell.published.low, cell.published.high))
    lines.append(
        _line("printed", f"{cell.published.text}: {low:.{decimals}f} up to {high:.{decimals}f}")
    )
    if column.metric == "macs":
        rules = CONVENTIONS[study.convention(row, column)]
        lines.append(_line("counted", f"{rules.name} ({rules.tool}), {GIGA[scale]}"))
        lines.append(_line("", rules.rules))
        if row.counted:
            lines.append(_line("", row.counted.why))
    if record is not None and cell.measured is not None:
        lines += _measured(cell, record, scale)
    verdict = cell.verdict
    lines.append(_line("verdict", f"{text.SIGNS[verdict.kind]} {verdict.kind}: {verdict.reason}"))
    note = row.notes.get(column.key)
    if note:
        lines.append(_line("note", note))
    for one in _others(cell):
        lines.append(_line("elsewhere", f"{one.metric} {one.value} ({one.source})"))
    if record is not None:
        lines.append(_line("record", record.key[:12]))
        lines.append(_line("", _provenance(record)))
    return Group(*lines)


def _others(cell: Cell) -> list[ThirdParty]:
    """What somebody else published for the row's model."""
    paper = study.load_study(cell.wanted.table.study)
    return [one for one in paper.third_party if one.model == cell.wanted.row.model]


def _measured(cell: Cell, record: Record, scale: int) -> list[RenderableType]:
    if cell.measured is None:
        return []
    convention = cell.measured.convention
    value = int(cell.measured.value)
    shown = f"{value:,} {cell.measured.unit} = {value / scale:.5f}"
    lines: list[RenderableType] = [_line("ours", f"{shown} {cell.wanted.column.unit or ''}")]
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(width=9)
    for part in record.parts:
        own = part.macs.get(convention, 0) if convention else part.params
        if not own:
            continue
        grid.add_row("", part.name, Text(part.kind, style="dim"), Text(f"{own:,}", justify="right"))
    lines.append(grid)
    if convention:
        others = (
            f"{one.convention} {one.value / scale:.4f}"
            for one in record.measurements
            if one.convention not in (None, convention)
        )
        lines.append(_line("also", f"{', '.join(others)} in the same G"))
    return lines


def _provenance(record: Record) -> str:
    env = record.env
    libraries = env.get("libraries")
    named = libraries if isinstance(libraries, dict) else {}
    versions = ", ".join(f"{name} {number}" for name, number in named.items())
    return f"python {env.get('python')}, {versions}, commit {env.get('commit', 'unknown')}"


def _line(name: str, value: str) -> Grid:
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    grid.add_column(width=9, style="dim")
    grid.add_column(overflow="fold")
    grid.add_row(name, Text(value))
    return grid
