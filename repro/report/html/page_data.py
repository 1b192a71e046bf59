"""The data that the page carries: what its script counts with, and the provenance of each cell."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence

from repro.papers import study
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import ACCURACY
from repro.records.record import Record
from repro.report import inert
from repro.report.contents import ReportContents
from repro.report.html import views
from repro.report.html.views import Keep
from repro.report.overview import field
from repro.verdicts import digits
from repro.verdicts.claims.judging import Judged
from repro.verdicts.claims.outcome import ClaimOutcome
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS

MOST = 12
"""sentences and findings that are told of one cell"""
UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def script_json(data: object) -> str:
    """JSON that cannot end or escape the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return inert.script(text).translate(UNSAFE)


def data(report: ReportContents) -> dict[str, object]:
    """All that the page's script needs, as plain data; long texts stand once, in `texts`."""
    order = {key: number for number, key in enumerate(report.records)}
    mentions = _mentions(report)
    texts: dict[str, int] = {}

    def keep(text: str) -> int:
        return texts.setdefault(text, len(texts))

    known = views.views(report)
    cells = [
        _cell(cell, order, mentions(cell), keep) | views.described(cell, known, keep)
        for cell in report.cells
    ]
    return {
        "texts": list(texts),
        "conventions": {one.name: one.tool for one in CONVENTIONS.values()},
        "giga": {str(value): words for value, words in GIGA.items()},
        "signs": {name: kind.sign for name, kind in KINDS.items()},
        "cells": cells,
        "records": [_record(one) for one in report.records.values()],
        "claims": [_claim(one) for one in report.claims],
    }


def _cell(
    cell: Cell, order: Mapping[str, int], mentions: Sequence[str], keep: Keep
) -> dict[str, object]:
    wanted, published = cell.wanted, cell.published
    row, column = wanted.row, wanted.column
    scale = study.scale(row, column)
    carried: dict[str, object] = {
        "study": wanted.table.study,
        "table": f"{wanted.table.study} Table {wanted.table.number}",
        "where": keep(wanted.table.where),
        "row": row.label,
        "column": column.heading,
        "metric": column.metric,
        "unit": column.unit,
        "field": field(column),
        "text": published.text,
        "span": [float(published.low / scale), float(published.high / scale)],
        "kind": cell.verdict.kind,
        "reason": keep(cell.verdict.reason),
        "commands": commands(cell),
    }
    if column.metric == "macs":
        carried |= {"convention": study.convention(row, column), "giga": scale}
    if row.counted is not None and column.metric == "macs":
        carried["counted"] = keep(row.counted.why)
    if cell.measured is not None:
        measured = cell.measured
        carried |= {
            "ours": digits.ours(cell),
            "delta": digits.delta(cell),
            "value": float(measured.value / scale),
            "record": order[measured.record],
        }
        if measured.low is not None:
            carried["interval"] = [measured.low, measured.high]
    note = row.notes.get(column.key)
    elsewhere = [
        f"{one.value} ({one.source})"
        for one in study.load_study(wanted.table.study).third_party
        if (one.model, one.metric) == (row.model, column.metric)
    ]
    optional = {"note": [note] if note else [], "elsewhere": elsewhere, "mentions": mentions}
    return carried | {
        name: [keep(one) for one in lines] for name, lines in optional.items() if lines
    }


def commands(cell: Cell) -> list[str]:
    """What measures the cell again, and what explains its verdict."""
    wanted = cell.wanted
    table, metric = wanted.table, wanted.column.metric or ""
    label = shlex.quote("".join(sign if sign.isprintable() else "?" for sign in wanted.row.label))
    place = f"{shlex.quote(table.study)} {shlex.quote(table.name)}"
    if wanted.rehearsal is not None:
        return [f"repro rehearse {place} --row {label} --share {wanted.rehearsal:g}"]
    explain = f"repro explain {place} {label} {wanted.column.key}"
    if wanted.spec is None:
        return [explain]
    needs = " --data DIR" if metric in ACCURACY else ""
    return [f"repro run {place} --row {label} --metric {metric} --fresh{needs}", explain]


def _record(record: Record) -> dict[str, object]:
    rules = list(CONVENTIONS)
    return {
        "key": record.key,
        "spec": dict(record.spec),
        "env": dict(record.env),
        "params": record.value("params"),
        "macs": {
            name: record.value("macs", name)
            for name in rules
            if record.value("macs", name) is not None and not record.uncounted.get(name)
        },
        "uncounted": {name: list(found) for name, found in record.uncounted.items()},
        "parts": [
            [one.name, one.kind, one.params, [one.macs.get(name, 0) for name in rules]]
            for one in record.parts
        ],
        "notes": dict(record.notes),
    }


def _claim(claim: Judged) -> dict[str, object]:
    """What a claim comes to by ours, under the cells' conventions and under each other one."""
    return {
        "own": outcome(claim.own),
        "others": {name: outcome(one) for name, one in claim.others.items()},
    }


def outcome(claimed: ClaimOutcome | None) -> str:
    """`11.2% ✓`; a dash where nothing was measured."""
    if claimed is None or claimed.holds is None:
        return "–"
    sign = "≈" if claimed.rounding else "✓" if claimed.holds else "✗"
    return f"{claimed.brief} {sign}".strip()


def _mentions(report: ReportContents) -> Callable[[Cell], list[str]]:
    """What gives the sentences and findings that use a cell."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for claim in report.claims:
        line = f"{claim.verdict}: “{claim.claim.printed}” ({claim.claim.where})"
        for name in claim.cells:
            lines.setdefault((name,), []).append(line)
    for check in report.checks:
        for quote in check.quotes if check.finding else ():
            place = (quote.paper, quote.table, quote.row, quote.column)
            lines.setdefault(place, []).append(f"{check.severity}: {check.finding}")

    def of(cell: Cell) -> list[str]:
        table, row, column = cell.wanted.table, cell.wanted.row.label, cell.wanted.column
        claimed = lines.get((f"{table.study} {table.name}[{row}].{column.key}",), [])
        audited = lines.get((table.study, table.name, row, column.heading), [])
        return list(dict.fromkeys(audited + claimed))[:MOST]

    return of
