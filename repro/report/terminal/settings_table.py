"""What many settings of one evaluation score, as a table and as plain data."""

from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from repro.comparing.targets import TargetFit
from repro.records.record import Record
from repro.records.setting_rows import SettingRow, SettingRows
from repro.report import text
from repro.report.printed_table import new_grid


def described(tried: SettingRows, fit: TargetFit | None) -> dict[str, object]:
    """The settings as plain data; figures in per cent, changes in points."""
    target = fit and {
        "text": fit.text,
        "hits": fit.hits,
        "chance": fit.chance,
        "nearest": [row.key for row in fit.nearest],
    }
    return {
        "metric": tried.metric,
        "tried": len(tried.rows),
        "settings": [asdict(row) for row in tried.rows],
        "target": target,
    }


def shown(tried: SettingRows, fit: TargetFit | None, record: Record) -> RenderableType:
    """The settings that are told one by one, what all of them span, and what a target is worth."""
    target = None if fit is None else fit.value
    rows = tried.told(target)
    single = [row for row in rows if len(row.deviation) <= 1]
    parts: list[RenderableType] = [_grid(tried, single)]
    ranked = sorted(tried.rows, key=tried.value)
    if len(rows) > len(single):
        ends = list({row.key: row for row in (ranked[-1], ranked[0])}.values())
        parts += [Text("highest and lowest", style="dim"), _grid(tried, ends)]
    lines = [span(tried)]
    if fit is not None:
        parts += [Text(f"nearest to {fit.text}", style="dim"), _grid(tried, fit.nearest)]
        lines += _worth(tried, fit, record)
    lines.append(f"record {record.key[:12]}, of the base; --json has every setting")
    return Group(*parts, *map(Text, lines))


def span(tried: SettingRows) -> str:
    """How many settings were tried, and what they score."""
    values = [tried.value(row) for row in tried.rows]
    bounds = f"{min(values):.2f} to {max(values):.2f}"
    return f"{text.counted(len(values), 'setting')} tried, {tried.metric} from {bounds}"


def kept(tried: SettingRows) -> Grid:
    """The rows beside a record, those that are told one by one."""
    return _grid(tried, tried.told())


def _grid(tried: SettingRows, rows: Iterable[SettingRow]) -> Grid:
    grid = new_grid()
    grid.add_column("setting", overflow="fold")
    for heading in (tried.metric, "change", "95 % interval", "p"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        cells = ["", "", ""]
        if row.deviation:
            cells[0] = f"{row.change:+.2f}"
            if row.low is not None and row.high is not None and row.chance is not None:
                cells[1:] = [f"{row.low:+.2f} to {row.high:+.2f}", f"{row.chance:.3f}"]
        grid.add_row(row.told, f"{tried.value(row):.2f}", *cells)
    return grid


def _worth(tried: SettingRows, fit: TargetFit, record: Record) -> list[str]:
    """What it says that settings print a target, or that none does."""
    count = len(tried.rows)
    lines = [f"{fit.hits or 'none'} of {count:,} print {fit.text}"]
    if fit.chance is not None:
        lines[0] += (
            f"; some setting prints {fit.chance:.0%} of all figures in that span: "
            "the more are tried, the less a hit proves"
        )
    measured = record.measurement(tried.metric)
    if measured is not None and measured.low is not None and measured.high is not None:
        bounds = f"{measured.low:.2f} to {measured.high:.2f}"
        within = "within" if measured.low <= fit.value <= measured.high else "outside"
        lines.append(f"{fit.text} lies {within} the base's own 95 % interval over images, {bounds}")
    return lines
