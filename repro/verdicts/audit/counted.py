"""Printed costs that are those of another data set or input size, by our own counts."""

from collections.abc import Iterator
from fractions import Fraction

from repro.errors import ReproError
from repro.papers.metrics import COST
from repro.records.runs import CountRun, count_run
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes
from repro.verdicts.audit.span import short


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """The rows that name another data set or input; where both counts are on record."""
    for line in evidence.lines:
        row, model = line.row, line.row.model
        if model is None or line.input is None or not (row.also_input or row.also_keypoints):
            continue
        try:
            printed_run = count_run(model, line.input, line.protocol.keypoints, row.options)
            other = count_run(
                model,
                row.also_input or line.input,
                row.also_keypoints or line.protocol.keypoints,
                row.options,
            )
        except ReproError:
            continue  # the zoo lacks it
        for name in COST:
            if name in line.figures:
                yield from _cost(evidence, line, line.figures[name], printed_run, other)


def _cost(
    evidence: Evidence,
    line: PrintedLine,
    figure: PrintedFigure,
    printed_run: CountRun,
    other: CountRun,
) -> Iterator[AuditCheck]:
    ours = _value(evidence, printed_run, figure)
    theirs = _value(evidence, other, figure)
    if ours is None or theirs is None:
        return
    printed = figure.printed
    wrong = printed.prints(ours) is None and printed.prints(theirs) is not None
    here, there = (_named(spec, printed_run, other) for spec in (printed_run, other))
    numbers = f"{_short(ours, figure)} {here}, {_short(theirs, figure)} {there}"
    yield AuditCheck(
        "counted",
        "contradiction",
        quotes((figure,)),
        f"{printed.text} printed; {numbers}",
        f"The row's network costs {_short(ours, figure)} {here}, which does not print as "
        f"{printed.text}; {there} it costs {_short(theirs, figure)}, which does."
        if wrong
        else "",
    )


def _value(evidence: Evidence, spec: CountRun, figure: PrintedFigure) -> Fraction | None:
    record = evidence.find(spec)
    if record is None or record.uncounted.get(figure.convention or ""):
        return None
    value = record.value(figure.metric, figure.convention)
    return None if value is None else Fraction(value)


def _named(spec: CountRun, first: CountRun, second: CountRun) -> str:
    """What distinguishes one of two runs from the other."""
    words = [f"at {spec.input[0]}x{spec.input[1]}"] if first.input != second.input else []
    words += [f"with {spec.keypoints} joints"] if first.keypoints != second.keypoints else []
    return " ".join(words)


def _short(value: Fraction, figure: PrintedFigure) -> str:
    return f"{short(value / figure.scale)}{'M' if figure.metric == 'params' else 'G'}"
