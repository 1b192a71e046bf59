"""What a column's heading says against its cells: units, suffixes, counting rules, input sizes."""

import re
from collections import Counter
from collections.abc import Iterator

from repro.papers.conventions import GIGA
from repro.papers.metrics import ACCURACY, COST, METRICS
from repro.papers.study import Column, Table
from repro.verdicts.audit.check import AuditCheck, Quote
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quote, quotes

_UNIT = re.compile(r"[/( ]\s*(M|G|K|T|ms|s|%)\)?\s*$|^(G|M|T)(?:FLOPs|MACs)", re.IGNORECASE)
_SIZE = re.compile(r"(\d{2,5})\s*[x×]\s*(\d{2,5})")


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """Each column of numbers, each row's printed input size, speeds printed in two ways."""
    for table in evidence.tables:
        for column in table.columns:
            if column.metric is not None:
                yield from _column(table, column)
    for line in evidence.lines:
        yield from _size(line)
        yield from _speeds(line)
    yield from _rules(evidence)


def _column(table: Table, column: Column) -> Iterator[AuditCheck]:
    cells = [(row, quote(table, row, column)) for row in table.rows if column.key in row.cells]
    if not cells or column.metric is None:
        return
    if column.metric in COST:
        suffixed = [one for _, one in cells if one.text[-1:] in "MG"]
        named = _UNIT.search(column.label)
        unit = (named[1] or named[2]) if named else None
        yield _suffix(table, column, [one for _, one in cells], suffixed, unit)
    if column.metric in ACCURACY:
        values = [table.published(row, column) for row, _ in cells]
        shares = [one for one in values if one is not None and one.high <= 1]
        wrong = bool(shares) and len(shares) == len([one for one in values if one is not None])
        yield AuditCheck(
            "headings",
            "contradiction",
            tuple(one for _, one in cells),
            f"{column.heading} in {column.unit}",
            "Every figure is below 1, so the column is of fractions, not per cent."
            if wrong
            else "",
        )


def _suffix(
    table: Table, column: Column, cells: list[Quote], suffixed: list[Quote], unit: str | None
) -> AuditCheck:
    expected = METRICS[column.metric or ""].unit
    if unit is not None and unit.upper() != expected:
        why = f"The heading is in {unit}, the figures are in {expected}."
        severity = "contradiction"
    elif suffixed and len(suffixed) < len(cells):
        rest = len(cells) - len(suffixed)
        why = f"{len(suffixed)} cells carry their unit, {rest} carry none."
        severity = "note"
    elif not suffixed and unit is None:
        why, severity = "Neither the heading nor the cells name a unit.", "note"
    else:
        why, severity = "", "note"
    compared = f"heading {column.heading}, {len(suffixed)} of {len(cells)} cells with a suffix"
    return AuditCheck("headings", severity, tuple(cells), compared, why)


def _size(line: PrintedLine) -> Iterator[AuditCheck]:
    """The printed input size against the one that the row is bound to."""
    for column in line.table.columns:
        text = line.row.cells.get(column.key, "")
        size = _SIZE.fullmatch(text.strip()) if column.metric is None else None
        if size and line.input is not None:
            printed = int(size[1]), int(size[2])
            wrong = printed != line.input
            yield AuditCheck(
                "headings",
                "contradiction",
                (quote(line.table, line.row, column),),
                f"{text} printed, {line.size} meant",
                f"The row prints {text} and its figures are taken to be of {line.size}."
                if wrong
                else "",
            )


def _speeds(line: PrintedLine) -> Iterator[AuditCheck]:
    """Images a second times seconds an image, where both are printed for one device."""
    for name, fps in line.figures.items():
        kind, _, device = name.partition(" ")
        latency = line.figures.get(f"latency {device}".strip()) if kind == "fps" else None
        if latency is not None:
            low = fps.printed.low * latency.printed.low
            high = fps.printed.high * latency.printed.high
            wrong = not low < 1000 < high
            yield AuditCheck(
                "headings",
                "contradiction",
                quotes((fps, latency)),
                f"{fps.printed.text} FPS times {latency.printed.text} ms",
                "One image at a time, frames a second times milliseconds a frame are 1000."
                if wrong
                else "",
            )


def _rules(evidence: Evidence) -> Iterator[AuditCheck]:
    """Columns of MACs whose rows were not counted alike."""
    columns: dict[tuple[tuple[str, str], str], list[PrintedFigure]] = {}
    for line in evidence.lines:
        for figure in line.figures.values():
            if figure.convention is not None:
                columns.setdefault((line.source, figure.quote.column), []).append(figure)
    for figures in columns.values():
        counts = Counter(_counted(figure) for figure in figures)
        usual = counts.most_common(1)[0][0]
        others = [figure for figure in figures if _counted(figure) != usual]
        names = ", ".join(f"{figure.quote.row} by {_counted(figure)}" for figure in others)
        yield AuditCheck(
            "headings",
            "note",
            quotes(others or figures),
            f"{figures[0].quote.column}: {len(counts)} ways of counting",
            f"The column mixes ways of counting: {names}; the rest by {usual}." if others else "",
        )


def _counted(figure: PrintedFigure) -> str:
    return f"the {figure.convention} rules ({GIGA[figure.scale]})"
