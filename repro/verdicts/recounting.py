"""Judged costs seen otherwise: under another counting convention, and relative to another row."""

from dataclasses import replace
from fractions import Fraction

from repro.papers import study
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import METRICS
from repro.records.record import Record
from repro.verdicts import digits
from repro.verdicts.judge import Cell, Verdict, near_or_off, uncounted


def recounted(cell: Cell, record: Record, convention: str) -> Cell:
    """A measured cell of MACs as it would be judged under a convention, in that one's own G."""
    measured = cell.measured
    if measured is None or convention == measured.convention:
        return cell
    count = record.value("macs", convention)
    if count is None or record.uncounted.get(convention):
        return replace(
            cell, measured=None, verdict=Verdict("missing", uncounted(record, convention))
        )
    usual = study.scale(cell.wanted.row, cell.wanted.column)
    giga = CONVENTIONS[convention].unit(usual)
    value = Fraction(count) * usual / giga
    how, apart = cell.published.prints(value), value / cell.published.value - 1
    kind = "match" if how else near_or_off(apart)
    if not how and cell.verdict.kind == "unreproducible":
        kind = "unreproducible"
    distance = digits.signed(f"{float(100 * apart):.2f}")
    reason = (
        f"{int(count):,} MACs under `{convention}` ({GIGA[giga]}), "
        f"{how or f'{distance} % from the print'}. This cell is counted by `{measured.convention}`."
    )
    return replace(
        cell,
        measured=replace(measured, value=value, convention=convention),
        verdict=Verdict(kind, reason),
    )


def ratio_kind(cell: Cell, base: Cell | None) -> str:
    """The kind of verdict on a cell relative to another row's.

    A ratio of costs matches if the printed digits of both rows allow ours. Where there is none, and
    of speeds, which are judged by ratios anyway, the cell's own verdict stays.
    """
    kind = cell.verdict.kind
    if base is None or cell.measured is None or base.measured is None:
        return kind
    if "unreproducible" in (kind, base.verdict.kind):
        return "unreproducible"
    if METRICS[cell.wanted.column.metric or ""].family == "speed":
        return kind
    ours = cell.measured.value / base.measured.value
    low = cell.published.low / base.published.high
    high = cell.published.high / base.published.low
    if low <= ours <= high:
        return "match"
    return near_or_off(ours / (cell.published.value / base.published.value) - 1)
