"""The chain of reasoning behind one cell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from repro.papers import study
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import COST, SPEED
from repro.papers.study import ThirdParty
from repro.plans import selection
from repro.records.record import BY_BEHAVIOUR, STALE, Record
from repro.records.requirements import SpeedRequirement
from repro.records.setting_rows import SettingRows
from repro.report.html.speed_plots import conditions
from repro.report.terminal import settings_table
from repro.verdicts import gains
from repro.verdicts.audit.copied import copied_cells
from repro.verdicts.elsewhere import ElsewhereTime
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS

STANDINGS = {
    STALE: "not judged: made by other code than the present, of commit {}",
    BY_BEHAVIOUR: "made by other code, of commit {}, whose probe gives the present one's bits",
}
"""how a record stands to the present code, where it is not made by it"""


def described(
    cell: Cell,
    record: Record | None,
    tried: SettingRows | None = None,
    elsewhere: Sequence[ElsewhereTime] = (),
) -> dict[str, object]:
    """What `chain` says beyond the cell itself, as plain data."""
    third = [
        {"metric": one.metric, "value": one.value, "source": one.source} for one in _others(cell)
    ]
    data: dict[str, object] = {
        "where": cell.wanted.table.where,
        "note": cell.wanted.row.notes.get(cell.wanted.column.key),
        "third_party": third,
        "elsewhere": [asdict(one) for one in elsewhere],
        "copied": _copied(cell),
        "noise": _noise(cell),
    }
    if record is not None:
        data["spec"] = dict(record.spec)
        data["conventions"] = {
            one.convention: one.value for one in record.measurements if one.convention
        }
        data["parts"] = [asdict(part) for part in record.parts]
        data["env"] = dict(record.env)
        bounds = _interval(cell, record)
        data |= {} if bounds is None else {"interval": list(bounds)}
        data |= {} if tried is None else {"settings": [asdict(row) for row in tried.rows]}
    return data


def chain(
    cell: Cell,
    record: Record | None,
    tried: SettingRows | None = None,
    elsewhere: Sequence[ElsewhereTime] = (),
) -> RenderableType:
    """Printed text and interval, convention, sums, other conventions, verdict, provenance.

    `tried` are the settings that the record's network was scored by, `elsewhere` times of the row's
    network that were not measured here.
    """
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
    if record is not None and cell.shown is not None:
        cost = column.metric in COST
        lines += _counted(cell, record, scale) if cost else _estimated(cell, record)
    if record is not None and record.standing in STANDINGS:
        standing = STANDINGS[record.standing].format(record.commit)
        lines.append(_line("standing", f"{record.standing}, {standing}"))
    if tried is not None:
        lines.append(_line("settings", settings_table.span(tried)))
        lines.append(settings_table.kept(tried))
    verdict = cell.verdict
    sign = KINDS[verdict.kind].sign
    lines.append(_line("verdict", f"{sign} {verdict.kind}: {verdict.reason}"))
    note = row.notes.get(column.key)
    if note:
        lines.append(_line("note", note))
    for third in _others(cell):
        lines.append(_line("elsewhere", f"{third.metric} {third.value} ({third.source})"))
    lines += [_line("elsewhere", f"{one}, not measured here") for one in elsewhere]
    cautions = {"copied": _copied(cell), "noise": _noise(cell)}
    lines += [_line(name, said) for name, said in cautions.items() if said]
    if record is not None:
        lines.append(_line("record", record.key[:12]))
        lines.append(_line("", _provenance(record)))
    return Group(*lines)


def _others(cell: Cell) -> list[ThirdParty]:
    """What somebody else published for the row's model."""
    paper = study.load_study(cell.wanted.table.study)
    return [one for one in paper.third_party if one.model == cell.wanted.row.model]


def _copied(cell: Cell) -> str | None:
    """Where a figure that looks copied stands, and what it is of there."""
    wanted = cell.wanted
    place = (wanted.table.study, wanted.table.name, wanted.row.label, wanted.column.key)
    source = copied_cells(selection.tables()).get(place)
    return None if source is None else f"It looks copied from {source}."


def _noise(cell: Cell) -> str | None:
    """How far the choice of images moves an accuracy, and what that makes of a difference."""
    wanted = cell.wanted
    return gains.of_cell(wanted.table, wanted.row, wanted.column) or None


def _counted(cell: Cell, record: Record, scale: int) -> list[RenderableType]:
    """A cost: exact, by module, and by other conventions."""
    ours = cell.shown
    if ours is None:
        return []
    convention, value = ours.convention, int(ours.value)
    text = f"{value:,} {ours.unit} = {value / scale:.5f}"
    lines: list[RenderableType] = [_line("ours", f"{text} {cell.wanted.column.unit or ''}")]
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(width=9)
    for part in record.parts:
        cost = part.macs.get(convention, 0) if convention else part.params
        if not cost:
            continue
        grid.add_row(
            "", part.name, Text(part.kind, style="dim"), Text(f"{cost:,}", justify="right")
        )
    lines.append(grid)
    if convention:
        others = (
            f"{one.convention} {one.value / scale:.4f}"
            for one in record.measurements
            if one.convention not in (None, convention)
        )
        lines.append(_line("also", f"{', '.join(others)} in the same G"))
    return lines


def _estimated(cell: Cell, record: Record) -> list[RenderableType]:
    """An accuracy or a speed: the value, how sure it is, and what it was measured on."""
    if cell.shown is None:
        return []
    text = f"{float(cell.shown.value):,.2f} {cell.shown.unit}"
    bounds = _interval(cell, record)
    if bounds is not None:
        text += f", 95 % interval {bounds[0]:,.2f} to {bounds[1]:,.2f}"
    timed = cell.wanted.column.metric in SPEED
    return [
        _line("ours", text),
        _line("on", conditions(record) if timed else _evaluated_on(record)),
    ]


def _interval(cell: Cell, record: Record) -> tuple[float, float] | None:
    """The 95 % interval of an accuracy or a speed, in the printed unit; None if it has none."""
    measured, wanted = cell.shown, cell.wanted.spec
    if measured is None:
        return None
    if not isinstance(wanted, SpeedRequirement):
        if measured.low is None or measured.high is None:
            return None
        return measured.low, measured.high
    time = record.measurement("latency", of=wanted.network)
    if time is None or not time.low or not time.high:
        return None
    fps = cell.wanted.column.metric == "fps"
    return (1000 / time.high, 1000 / time.low) if fps else (time.low, time.high)


def _evaluated_on(record: Record) -> str:
    """`AMD EPYC · cpu, batch 32 · COCO val2017, 5,000 images · pycocotools 2.0.11`."""
    execution, data = (_mapping(record.spec.get(key)) for key in ("execution", "data"))
    rest = {name: value for name, value in execution.items() if name != "device"}
    run = [execution.get("device"), *(f"{name} {value}" for name, value in rest.items())]
    images = data.get("images")
    seen = [data.get("name"), f"{images:,} images" if isinstance(images, int) else ""]
    parts = [record.env.get("processor"), _listed(run), _listed(seen), record.spec.get("evaluator")]
    return " · ".join(str(part) for part in parts if part)


def _listed(parts: Iterable[object]) -> str:
    return ", ".join(str(one) for one in parts if one)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


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
