"""Hold a measured value against the printed one. Runs nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from repro.papers import study
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import COST, METRICS, SPEED
from repro.papers.published import Published
from repro.records.record import CURRENT, Record
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted
from repro.records.runs import CountRun
from repro.records.store import Store
from repro.verdicts import speed_order
from repro.verdicts.kinds import KINDS, NEAR, NEAR_POINTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a published number, and why."""

    kind: str
    """one of KINDS"""
    reason: str
    noteworthy: bool = True
    """whether the reason says more than that the number is rounded as usual"""


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """Our value for a cell, in base units."""

    value: Fraction
    unit: str
    convention: str | None
    record: str
    low: float | None = None
    """of the 95 % interval, where there is one"""
    high: float | None = None
    standing: str = CURRENT
    """of its record to the present code, see `repro.records.record`"""
    number: int = 1
    """of its record among those of one key"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One judged cell."""

    wanted: Wanted
    published: Published
    measured: MeasuredValue | None
    verdict: Verdict
    stale: MeasuredValue | None = None
    """our value by older code: shown, never judged"""

    @property
    def shown(self) -> MeasuredValue | None:
        """Our value for a reader, current or stale."""
        return self.measured or self.stale

    @property
    def delta(self) -> Fraction | None:
        """Measured minus published, in base units; None where the two cannot be compared."""
        if self.wanted.column.metric in SPEED or self.verdict.kind == "rehearsal":
            return None
        return None if self.measured is None else self.measured.value - self.published.value


Find = Callable[[CountRun | AccuracyRequirement | SpeedRequirement], Record | None]


def judge(wanted: Wanted, find: Find) -> Cell:
    """The verdict on one cell, from the records at hand."""
    cell = _judged(wanted, find)
    if wanted.rehearsal is None or cell.measured is None:
        return cell
    return replace(cell, verdict=Verdict("rehearsal", _rehearsed(wanted)))


def _rehearsed(wanted: Wanted) -> str:
    """What a figure of a rehearsal is, instead of what it would be held against print."""
    if wanted.column.metric in SPEED:
        here = f"instead of {wanted.column.device or 'theirs'}, for some seconds"
        return f"Rehearsed: timed on this machine {here}; it says that the chain works."
    return (
        f"Rehearsed at a share of {wanted.rehearsal:g}: on generated pictures, by weights trained "
        "on such for a few steps; it says that the chain works, nothing about the paper."
    )


def _judged(wanted: Wanted, find: Find) -> Cell:
    table, row, column = wanted.table, wanted.row, wanted.column
    published = table.published(row, column)
    if published is None:
        raise ValueError(f"nothing is printed in {column.key} of {row.label}")
    if row.cited is not None:
        return Cell(wanted, published, None, Verdict("cited", row.cited))
    record = find(wanted.spec) if wanted.spec else None
    if record is not None and record.stale:
        return _of_older_code(wanted, published, record)
    if record is not None and isinstance(wanted.spec, SpeedRequirement):
        return _of_speed(wanted, published, wanted.spec, record)
    measured = _measured(wanted, record)
    evidence = row.unreproducible.get(column.key)
    if record is None or measured is None:
        if evidence:
            return Cell(wanted, published, None, Verdict("unreproducible", evidence))
        return Cell(wanted, published, None, _missing(wanted, record))
    return Cell(wanted, published, measured, _verdict(wanted, published, measured, record, find))


def _of_older_code(wanted: Wanted, published: Published, record: Record) -> Cell:
    """A cell whose record counts as missing, for every gate."""
    value = _measured(wanted, record)
    evidence = wanted.row.unreproducible.get(wanted.column.key)
    supply = wanted.lacking or (
        f"`repro run {wanted.table.study} {wanted.table.name}` measures it anew."
    )
    whole = value is not None and value.value.denominator == 1
    number = f"{float(value.value):,.{0 if whole else 2}f} {value.unit}" if value else ""
    was = f"{number} was " if number else ""
    reason = f"Stale: {was}measured by older code, of commit {record.commit}. {supply}"
    verdict = Verdict("unreproducible", evidence) if evidence else Verdict("missing", reason)
    return Cell(wanted, published, None, verdict, value)


def judge_all(wanted: Iterable[Wanted], find: Find) -> list[Cell]:
    """The verdicts on many cells."""
    return [judge(cell, find) for cell in wanted]


def filled(wanted: Iterable[Wanted], store: Store) -> dict[Path, list[str]]:
    """The file of a record -> the cells that it fills, or beside which it is shown as stale."""
    cells: dict[Path, list[str]] = {}
    for cell in wanted:
        stored = store.chosen(cell.spec) if cell.spec else None
        if stored is not None and judge(cell, store.find).shown is not None:
            cells.setdefault(stored.path, []).append(cell.place)
    return cells


def summary(cells: Iterable[Cell]) -> dict[str, int]:
    """How many cells got each verdict, in the order of KINDS."""
    counts = Counter(cell.verdict.kind for cell in cells)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def _of_speed(
    wanted: Wanted, published: Published, speed: SpeedRequirement, record: Record
) -> Cell:
    """A printed speed beside those of its rivals, against a timing of all of them."""
    table, column = wanted.table, wanted.column
    printed = {
        row.label: table.published(row, column) for row in table.rows if row.label in speed.rivals
    }
    beside = {
        label: (speed.rivals[label], column.seconds(one))
        for label, one in printed.items()
        if one is not None
    }
    network = speed.network, column.seconds(published)
    kind, reason = speed_order.verdict(speed_order.pairs(network, beside, record), record)
    if KINDS[kind].test == "failed":
        reason = " ".join(filter(None, (reason, wanted.row.cause.get(column.key))))
    time = record.measurement("latency", of=speed.network)
    if time is None:
        return Cell(wanted, published, None, Verdict(kind, reason))
    value = Fraction(time.value)
    speed_of = 1000 / value if column.metric == "fps" else value
    unit = METRICS[column.metric or ""].unit
    measured = MeasuredValue(speed_of, unit, None, record.key, number=record.number)
    return Cell(wanted, published, measured, Verdict(kind, reason))


def _measured(wanted: Wanted, record: Record | None) -> MeasuredValue | None:
    metric = wanted.column.metric or ""
    rules = study.convention(wanted.row, wanted.column) if metric == "macs" else None
    if record is None or record.uncounted.get(rules or ""):
        return None
    figure = record.measurement(metric, rules)
    if figure is None:
        return None
    value, bounds = Fraction(figure.value), (figure.low, figure.high)
    return MeasuredValue(
        value, figure.unit, rules, record.key, *bounds, record.standing, record.number
    )


def uncounted(record: Record, convention: str) -> str:
    """Why a record has no count by a convention."""
    names = ", ".join(f"`{name}`" for name in record.uncounted.get(convention, ()))
    if not names:
        return f"`{convention}` gives no count of it."
    return f"`{convention}` has no rule for {names}; calling it 0 would be wrong."


def _missing(wanted: Wanted, record: Record | None) -> Verdict:
    rules = study.convention(wanted.row, wanted.column)
    if record is not None and record.uncounted.get(rules):
        return Verdict("missing", uncounted(record, rules))
    if wanted.lacking:
        return Verdict("missing", wanted.lacking)
    table = wanted.table
    return Verdict("missing", f"Not counted yet: `repro run {table.study} {table.name}` does it.")


def _verdict(
    wanted: Wanted, published: Published, measured: MeasuredValue, record: Record, find: Find
) -> Verdict:
    row, key = wanted.row, wanted.column.key
    how = published.prints(measured.value)
    if wanted.column.metric not in COST:
        return _accuracy_verdict(published, measured, how)
    if how:
        counted = wanted.column.metric == "macs" and row.counted is not None
        reason = _match_reason(wanted, measured, how)
        return Verdict("match", reason, noteworthy=counted or how == "cut")
    if key in row.unreproducible:
        return Verdict("unreproducible", row.unreproducible[key])
    cause = row.cause.get(key, "")
    apart = measured.value / published.value - 1
    distance = f"Ours is {float(apart) * 100:+.2f} % from the published value."
    other = _other_setting(wanted, published, find)
    joints = other if wanted.of_other_joints else ""
    condition = joints or _printed_twice(wanted, published, measured)
    if condition:
        return Verdict("convention", " ".join(filter(None, (distance, cause, condition))))
    others = "" if cause else _other_conventions(wanted, published, record)
    if others:
        return Verdict("convention", f"Prints so only under {others}.")
    if not cause and not other and wanted.column.metric == "macs":
        cause = "No counting convention at this input size gives it."
    return Verdict(near_or_off(apart), " ".join(filter(None, (distance, cause, other))))


def near_or_off(apart: Fraction) -> str:
    """The kind of verdict on a cost that is so far from the print, as a share of it."""
    return "near" if abs(apart) <= NEAR else "off"


def _accuracy_verdict(published: Published, measured: MeasuredValue, how: str | None) -> Verdict:
    bounds = (
        ""
        if measured.low is None or measured.high is None
        else f", 95 % interval over images {measured.low:.1f} to {measured.high:.1f}"
    )
    apart = measured.value - published.value
    reason = f"{float(measured.value):.2f} {measured.unit}{bounds}; {float(apart):+.2f} points."
    if how:
        return Verdict("match", reason, noteworthy=how == "cut")
    return Verdict("near" if abs(apart) <= NEAR_POINTS else "off", reason)


def _match_reason(wanted: Wanted, measured: MeasuredValue, how: str) -> str:
    number = f"{int(measured.value):,} {measured.unit}"
    counted = wanted.row.counted
    if measured.convention is None:
        return f"{number}, {how}."
    giga = GIGA[study.scale(wanted.row, wanted.column)]
    reason = f"{number} under `{measured.convention}` ({giga}), {how}."
    return f"{reason} {counted.why}" if counted else reason


def _other_conventions(wanted: Wanted, published: Published, record: Record) -> str:
    """The conventions other than the cell's own, each in its own G, that print the same text."""
    if wanted.column.metric != "macs":
        return ""
    scale = study.scale(wanted.row, wanted.column)
    printing = []
    for rules in CONVENTIONS.values():
        value = None if record.uncounted.get(rules.name) else record.value("macs", rules.name)
        for giga in rules.giga:
            if value is not None and published.prints(Fraction(value) * scale / giga):
                printing.append(f"`{rules.name}` with {GIGA[giga]} ({float(value) / giga:.4f} G)")
    return ", ".join(printing)


def _other_setting(wanted: Wanted, published: Published, find: Find) -> str:
    """A sentence if the printed cost is that of the row's other input size or data set."""
    other = wanted.other
    if other is None:
        return ""
    record = find(other)
    measured = None if record is None or record.stale else _measured(wanted, record)
    if measured is None or not published.prints(measured.value):
        return ""
    return (
        f"At {other.input[0]}x{other.input[1]} with {other.keypoints} keypoints ours is "
        f"{int(measured.value):,} {measured.unit}, which prints as {published.text}: the "
        "published figure is for that."
    )


def _printed_twice(wanted: Wanted, published: Published, measured: MeasuredValue) -> str:
    """A sentence if the counting tool's own print, rounded once more, gives the printed text."""
    rules = CONVENTIONS.get(measured.convention or "")
    giga = study.scale(wanted.row, wanted.column)
    if rules is None or rules.decimals is None or giga not in rules.giga or measured.value < giga:
        return ""
    tool_print = f"{float(measured.value / giga):.{rules.decimals}f}"
    coarser = published.step > Fraction(giga, 10**rules.decimals)
    if not coarser or published.prints(Fraction(tool_print) * giga) != "rounded":
        return ""
    return (
        f"Rounded twice: `{rules.name}` prints {int(measured.value):,} {measured.unit} as "
        f"{tool_print} G, which rounds to {published.text}."
    )


def exit_code(cells: Sequence[Cell], gates: set[str], strict: bool) -> tuple[int, str]:
    """3 if a cell has a verdict of `gates`, 4 if what is required was not measured; and why."""
    caught = sum(cell.verdict.kind in gates for cell in cells)
    if caught:
        return 3, f"{caught} cells are {' or '.join(sorted(gates))}: exit 3"
    required = [cell for cell in cells if cell.wanted.row.cited is None]
    lacking = sum(cell.measured is None for cell in required)
    if not cells or ((gates or strict) and lacking == len(required)):
        return 4, "no selected cell was measured: exit 4"
    if strict and lacking:
        return 4, f"{lacking} required cells were not measured: exit 4"
    return 0, ""


def described(cell: Cell) -> dict[str, object]:
    """A cell as plain data; values in base units."""
    table, published, measured = cell.wanted.table, cell.published, cell.measured
    standing = cell.shown.standing if cell.shown else CURRENT
    return {
        "study": table.study,
        "table": table.name,
        "row": cell.wanted.row.label,
        "column": cell.wanted.column.key,
        "published": {
            "text": published.text,
            "value": _number(published.value),
            "low": _number(published.low),
            "high": _number(published.high),
        },
        "measured": measured
        and {
            "value": _number(measured.value),
            "unit": measured.unit,
            "convention": measured.convention,
            **({} if measured.low is None else {"low": measured.low, "high": measured.high}),
        },
        "delta": None if cell.delta is None else _number(cell.delta),
        "verdict": {"kind": cell.verdict.kind, "reason": cell.verdict.reason},
        "record": cell.shown and cell.shown.record,
        **({} if standing == CURRENT else {"standing": standing}),
        **({"stale": _stale(cell.stale)} if cell.stale else {}),
    }


def _stale(value: MeasuredValue) -> dict[str, object]:
    return {"value": _number(value.value), "unit": value.unit, "convention": value.convention}


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def by_table(cells: Iterable[Cell]) -> Mapping[tuple[str, str], list[Cell]]:
    """Cells grouped by (study, table), in order."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.wanted.table.study, cell.wanted.table.name), []).append(cell)
    return groups
