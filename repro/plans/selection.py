"""Which printed numbers a user means, and what each asks of a run."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import zoo
from repro.errors import ReproError, unknown
from repro.papers import lookup, protocol_choice, study
from repro.papers.datasets import with_joints
from repro.papers.metrics import COST, METRICS, SPEED, SYNONYMS
from repro.papers.protocol import SERVER, Protocol, changed
from repro.papers.study import Column, Row, Table
from repro.papers.values import Options, Size
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted
from repro.records.runs import NO_OPTIONS, CountRun, count_run, network_name, weights_name
from repro.records.store import Store

"""an evaluator that nobody can run at home"""


def tables(paper: str = "all", table: str | None = None) -> list[Table]:
    """The tables that a user means: one, those of a paper, or those of `all` papers."""
    if paper == "all":
        if table is not None:
            raise ReproError(f"`all` takes no table, and `{table}` is one.", "Name a paper first.")
        names = study.study_names()
    else:
        chosen = lookup.find_study(paper)
        if table is not None:
            return [lookup.find_table(chosen, table)]
        names = [chosen.name]
    return [study.load_table(name, file) for name in names for file in study.table_names(name)]


def models(words: Sequence[str]) -> list[str]:
    """The models that names and patterns such as `lpn_*` mean."""
    names: dict[str, None] = {}
    for word in words:
        matching = zoo.list_models(word)
        if not matching:
            raise unknown("model", word, zoo.list_models())
        names |= dict.fromkeys(matching)
    return list(names)


def count_of(
    model: str,
    size: Size | None = None,
    keypoints: int | None = None,
    options: Options = NO_OPTIONS,
) -> CountRun:
    """The count of a network; what is not given is as the first row has it that prints it.

    A network that no row prints is taken as it is evaluated on the data set of its joints.
    """
    if size is not None and keypoints is not None:
        return count_run(model, size, keypoints, options)
    own = zoo.MODELS[model].keypoints
    try:
        printed = _first_printed(model)
    except ReproError:  # with a size, tables that cannot be read are not needed
        if size is None:
            raise
        printed = None
    usual, joints = printed or (None, own)
    size = size or usual or protocol_choice.size_of(model, with_joints(own).name)
    return count_run(model, size, joints if keypoints is None else keypoints, options)


def _first_printed(model: str) -> tuple[Size, int] | None:
    """Input and keypoints of the first printed row of a network, if there is one."""
    for table in tables():
        for row in table.rows:
            for column in table.columns:
                size = row.input or column.input
                if model == (row.model or column.model) and size is not None:
                    return size, protocol(table, row, column).keypoints
    return None


def select(
    chosen: Sequence[Table], row: str | None = None, metrics: Sequence[str] = ()
) -> list[Wanted]:
    """The printed numbers of some tables, restricted to rows and metrics."""
    kinds = _metrics(chosen, metrics)
    return [
        _wanted(table, selected, column)
        for table, rows in _rows(chosen, row)
        for selected in rows
        for column in table.columns
        if column.metric in kinds and column.key in selected.cells
    ]


def _rows(chosen: Sequence[Table], pattern: str | None) -> list[tuple[Table, list[Row]]]:
    """The rows of each table that match; raise only if none of any table does."""
    matching, errors = [], []
    for table in chosen:
        try:
            matching.append((table, lookup.find_rows(table, pattern)))
        except ReproError as error:
            errors.append(error)
    if errors and not matching:
        raise errors[0]
    return matching


def cell(table: Table, row: Row, column: Column) -> Wanted:
    """One printed number; raise ReproError where none is printed."""
    if column.metric is None or column.key not in row.cells:
        what = "holds no number" if column.metric is None else "is blank"
        keys = ", ".join(c.key for c in table.columns if c.metric and c.key in row.cells)
        raise ReproError(
            f"`{column.key}` of `{row.label}` {what} in the paper.", f"Numbers there: {keys}."
        )
    return _wanted(table, row, column)


def accuracies(wanted: Iterable[Wanted]) -> list[AccuracyRequirement]:
    """The distinct evaluations that the cells need, in order."""
    distinct: list[AccuracyRequirement] = []
    for cell in wanted:
        spec = cell.spec
        if isinstance(spec, AccuracyRequirement) and not any(map(spec.same_evaluation, distinct)):
            distinct.append(spec)
    return distinct


def speeds(wanted: Iterable[Wanted]) -> list[SpeedRequirement]:
    """One timing for each set of networks that the cells need timed together."""
    distinct: list[SpeedRequirement] = []
    for cell in wanted:
        spec = cell.spec
        if isinstance(spec, SpeedRequirement) and not any(map(spec.same_timing, distinct)):
            distinct.append(spec)
    return distinct


def specs(wanted: Iterable[Wanted]) -> list[CountRun]:
    """The distinct runs that the cells need, in order."""
    return list({spec.key: spec for cell in wanted for spec in cell.specs}.values())


def tally(wanted: Iterable[Wanted], store: Store) -> dict[str, int]:
    """How many numbers are measured, run at once, need data and weights, or are not re-run."""
    counts = {"measured": 0, "runnable": 0, "needs_data": 0, "not_rerun": 0}
    for cell in wanted:
        if cell.spec is None:
            state = "not_rerun"
        elif store.current(cell.spec) is not None:
            state = "measured"
        else:
            state = "needs_data" if isinstance(cell.spec, AccuracyRequirement) else "runnable"
        counts[state] += 1
    return counts


def _metrics(chosen: Sequence[Table], names: Sequence[str]) -> set[str]:
    present = {column.metric for table in chosen for column in table.columns if column.metric}
    if not names:
        return present
    by_lower = {metric.lower(): metric for metric in METRICS} | SYNONYMS
    kinds = set()
    for name in names:
        metric = by_lower.get(name.lower())
        if metric is None:
            raise unknown("metric", name, METRICS)
        kinds.add(metric)
    if not kinds & present:
        where = ", ".join(f"{table.study} {table.name}" for table in chosen[:3])
        raise ReproError(
            f"No column of {where} holds {', '.join(f'`{name}`' for name in names)}.",
            f"Metrics there: {', '.join(metric for metric in METRICS if metric in present)}.",
        )
    return kinds


def names_speed(names: Sequence[str]) -> bool:
    """Whether a speed is among the metrics that were named."""
    return any(name.lower() in (metric.lower() for metric in SPEED) for name in names)


def protocol(table: Table, row: Row, column: Column) -> Protocol:
    """The rules by which a cell's accuracy is measured."""
    paper = study.load_study(table.study)
    return changed(paper.protocols[row.protocol or table.protocol], decode=column.decode)


def _wanted(table: Table, row: Row, column: Column) -> Wanted:
    model, size = row.model or column.model, row.input or column.input
    if row.cited is not None or model is None or size is None:
        return Wanted(table, row, column, None)
    lacking = _lacking(table, row, column, model)
    if lacking:
        return Wanted(table, row, column, None, lacking=lacking)
    if column.metric in SPEED:
        where = f"`repro run {table.study} {table.name} --metric {column.metric}`"
        timing = speed(table, row, column)
        return Wanted(table, row, column, timing, lacking=f"Not timed yet: {where} does it.")
    if column.metric not in COST:
        accuracy = _accuracy(table, row, column, model, size)
        return Wanted(table, row, column, accuracy, lacking=_supply(table, row, column))
    keypoints = protocol(table, row, column).keypoints
    try:
        spec = count_run(model, size, keypoints, row.options)
        other = count_run(
            model, row.also_input or size, row.also_keypoints or keypoints, row.options
        )
    except ReproError as error:
        where = f"{table.study} {table.name}, row `{row.label}`"
        raise ReproError(f"{where}: {error}", error.hint) from error
    return Wanted(table, row, column, spec, None if other == spec else other)


def timed_networks(table: Table, column: Column) -> dict[str, CountRun]:
    """Label of a row -> its network, of the rows that print a speed in a column."""
    return {
        row.label: count_run(
            row.model, row.input, protocol(table, row, column).keypoints, row.options
        )
        for row in table.rows
        if row.model is not None
        and row.model in zoo.MODELS
        and row.input is not None
        and column.key in row.cells
    }


def speed(table: Table, row: Row, column: Column) -> SpeedRequirement:
    """All networks of a column, to be timed together."""
    timing = study.load_study(table.study).timings[table.timing or ""]
    networks = timed_networks(table, column)
    distinct = {network_name(spec): spec for spec in networks.values()}
    names = {label: network_name(spec) for label, spec in networks.items()}
    network = names.pop(row.label)
    return SpeedRequirement(tuple(distinct.values()), network, names, timing.batch)


def _accuracy(
    table: Table, row: Row, column: Column, model: str, size: Size
) -> AccuracyRequirement:
    rules = protocol(table, row, column)
    name = weights_name(model, size, rules.dataset, row.options, row.variant)
    return AccuracyRequirement(model, size, rules.keypoints, row.options, name, rules)


def _supply(table: Table, row: Row, column: Column) -> str:
    """What it takes to measure an accuracy."""
    return f"Not evaluated here; it takes {protocol(table, row, column).supply}."


def _lacking(table: Table, row: Row, column: Column, model: str) -> str:
    """Why no run of this version gives a column for a model; empty if one does."""
    if model not in zoo.MODELS:
        near = get_close_matches(model, zoo.MODELS, n=1)
        meant = f" Did you mean `{near[0]}`?" if near else ""
        shown = "`repro list --models` shows what it has."
        return f"The zoo of this version has no `{model}`; {shown}{meant}"
    if column.metric in SPEED:
        against = f"`repro speed --device cuda --against {table.study}`"
        cuda = f"Not timed: it takes a CUDA device, where {against} holds it against the column."
        return cuda if column.device == "gpu" else ""
    if column.metric in COST:
        return ""
    if METRICS[column.metric or ""].difference:
        return "A difference of two AP cells of this table; it follows from those."
    rules = protocol(table, row, column)
    return _supply(table, row, column) if rules.evaluator == SERVER else ""
