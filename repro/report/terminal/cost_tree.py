"""What a count says: a tree of modules, and plain data."""

from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.text import Text

from repro.counting.counter import Count
from repro.counting.exported import ExportedCount
from repro.papers.conventions import CONVENTIONS
from repro.records.runs import CountRun
from repro.report.fitted_table import FittedTable
from repro.report.printed_table import new_grid


def described(spec: CountRun, count: Count, depth: int = 0) -> dict[str, object]:
    """A count as plain data, with the modules down to `depth` if there are to be any."""
    modules = [
        asdict(part) for path, part in count.modules.items() if path and path.count(".") < depth
    ]
    return {
        **({"modules": modules} if depth else {}),
        "model": spec.model,
        **({"options": dict(spec.options)} if spec.options else {}),
        "input": list(spec.input),
        "keypoints": spec.keypoints,
        "params": count.params,
        "macs": dict(count.macs),
        "by_operator": {name: dict(found) for name, found in count.operators.items()},
        "uncounted": sorted({name for names in count.uncounted.values() for name in names}),
    }


def tree(spec: CountRun, count: Count, depth: int = 0) -> RenderableType:
    """Totals by convention, and the modules down to `depth`."""
    grid = _grid(count.macs)
    for path, part in count.modules.items():
        level = path.count(".") + 1 if path else 0
        if level > depth or (path and not part.params and not any(part.macs.values())):
            continue
        name = path.rpartition(".")[2] if path else spec.model
        label = Text("  " * level + name).append(f"  {part.kind}", style="dim")
        grid.add_row(label, f"{part.params:,}", *(f"{macs:,}" for macs in part.macs.values()))
    lines: list[RenderableType] = [Text(str(spec), style="bold"), grid]
    lines += [Text(f"{name}: {CONVENTIONS[name].rules}", style="dim") for name in count.macs]
    for name, unknown in count.uncounted.items():
        line = f"{name} has no rule for {', '.join(unknown)}: its figure lacks their cost"
        lines.append(Text(line, style="bold"))
    if not count.uncounted:
        lines.append(Text("operators without a rule: none", style="dim"))
    return Group(*lines)


def _grid(conventions: Iterable[str]) -> FittedTable:
    """An empty grid of parameters, and of MACs by each convention."""
    grid = new_grid()
    grid.add_column("")
    grid.add_column("params", justify="right")
    for name in conventions:
        grid.add_column(f"{name} MACs", justify="right")
    return grid


def described_file(count: ExportedCount) -> dict[str, object]:
    """A count of an exported file as plain data."""
    return {
        "model": count.file,
        "sha256": count.sha256,
        "input": None if count.input is None else list(count.input),
        "keypoints": None,
        "params": count.params,
        "macs": dict(count.macs),
        "by_operator": {name: dict(found) for name, found in count.operators.items()},
        "uncounted": sorted(count.uncounted),
        "uncounted_calls": dict(count.uncounted),
        "remarks": list(count.remarks),
    }


def of_file(count: ExportedCount, depth: int = 0) -> RenderableType:
    """Totals of an exported file by convention, and by operator if there is to be any depth."""
    grid = _grid(count.macs)
    grid.add_row(count.file, f"{count.params:,}", *(f"{macs:,}" for macs in count.macs.values()))
    kinds = sorted({kind for found in count.operators.values() for kind in found})
    for kind in kinds if depth else ():
        costs = (f"{found.get(kind, 0):,}" for found in count.operators.values())
        grid.add_row(f"  {kind}", "", *costs)
    size = "" if count.input is None else f" {count.input[0]}x{count.input[1]}"
    lines: list[RenderableType] = [Text(f"{count.file}{size}", style="bold"), grid]
    lines += [Text(f"{name}: {CONVENTIONS[name].rules}", style="dim") for name in count.macs]
    parts = [f"{calls} {name}" for name, calls in count.uncounted.items()]
    lines.append(Text(f"operators without a rule: {', '.join(parts) or 'none'}", style="dim"))
    return Group(*lines)
