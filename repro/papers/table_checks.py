"""What can be wrong with a table beyond the form of its values, each with its place in the file."""

import re
from collections.abc import Collection, Iterator

import zoo
from repro.errors import ReproError, unknown
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import COST, METRICS, SPEED, SYNONYMS
from repro.papers.table import Column, Row, Table

Problem = tuple[str, ReproError]
"""the place in the file, such as `rows[2].cells.ap`, and what is wrong there"""


def problems(
    table: Table, protocols: Collection[str], timings: Collection[str]
) -> Iterator[Problem]:
    """Everything that is wrong with a table of a study with those protocols and timings."""
    keys = [column.key for column in table.columns]
    labels = [row.label for row in table.rows]
    if not keys or not labels or "" in labels:
        yield "", ReproError("a table needs columns, and rows with labels.")
    for what, names in (("columns", keys), ("rows", labels)):
        for name in sorted({name for name in names if names.count(name) > 1}):
            place = f"{what}[{len(names) - 1 - names[::-1].index(name)}]"
            yield place, ReproError(f"two {what} are called `{name}`.")
    yield from _misnamed("protocol", "protocol", table.protocol, protocols)
    if table.timing is not None:
        yield from _misnamed("timing", "timing", table.timing, timings)
    for number, column in enumerate(table.columns):
        for place, error in _column(column, table):
            yield f"columns[{number}].{place}", error
    for number, row in enumerate(table.rows):
        for place, error in _row(row, table, protocols):
            yield f"rows[{number}]{f'.{place}' if place else ''}", error


def _column(column: Column, table: Table) -> Iterator[Problem]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", column.key):
        yield "key", ReproError(f"column key `{column.key}` is not lower_snake_case.")
    if column.metric is None:
        return
    if column.metric in SYNONYMS:
        said = f"the metric of column `{column.key}` is `{column.metric}`."
        yield "metric", ReproError(said, f"Here it is called `{SYNONYMS[column.metric]}`.")
        return
    wrong = list(_misnamed("metric", f"metric (column `{column.key}`)", column.metric, METRICS))
    if wrong:
        yield from wrong
        return
    unit = METRICS[column.metric].unit
    if column.unit != unit:
        given = f"is in `{column.unit}`" if column.unit else "has no `unit`"
        said = f"column `{column.key}` {given}, but {column.metric} is in `{unit}`."
        yield "unit", ReproError(said)
    if column.metric == "macs":
        yield from _counted(column)
    if column.metric in SPEED and table.timing is None:
        yield "metric", ReproError(f"column `{column.key}` needs the table to name a `timing`.")


def _counted(column: Column) -> Iterator[Problem]:
    if not column.convention:
        said = f"column `{column.key}` needs a `convention`."
        yield "convention", ReproError(said, f"There are: {', '.join(CONVENTIONS)}.")
    else:
        what = f"convention (column `{column.key}`)"
        yield from _misnamed("convention", what, column.convention, CONVENTIONS)
    if column.giga not in GIGA:
        yield "giga", wrong_giga(column.giga)


def _row(row: Row, table: Table, protocols: Collection[str]) -> Iterator[Problem]:
    keys = [column.key for column in table.columns]
    for what in ("cells", "cites", "unreproducible", "cause", "notes"):
        for key in getattr(row, what):
            said = f"column (`{what}` of row `{row.label}`)"
            yield from _misnamed(f"{what}.{key}", said, key, keys)
    named = row.model is not None or any(column.model for column in table.columns)
    if named == (row.cited is not None):
        both = ", not both" if named else ""
        yield "", ReproError(f"row `{row.label}` needs either `model` or `cited`{both}.")
    if row.variant and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+^-]*", row.variant):
        yield "variant", ReproError(f"`variant` of row `{row.label}` is no plain word.")
    if any((row.model or one.model) and not (row.input or one.input) for one in table.columns):
        yield "", ReproError(f"row `{row.label}` names a model, but no `input`.")
    if row.protocol is not None:
        what = f"protocol (row `{row.label}`)"
        yield from _misnamed("protocol", what, row.protocol, protocols)
    yield from _around(row, table)
    if row.counted is not None:
        what, name = f"convention (row `{row.label}`)", row.counted.convention
        yield from _misnamed("counted.convention", what, name, CONVENTIONS)
        if row.counted.giga not in GIGA:
            yield "counted.giga", wrong_giga(row.counted.giga)
    for column in table.columns:
        text = row.cells.get(column.key)
        place = f"cells.{column.key}"
        if text == "":
            said = f"cell `{column.key}` of row `{row.label}` is empty."
            yield place, ReproError(said, "Leave the key out where nothing is printed.")
        elif text is not None and column.metric in METRICS and column.giga in GIGA:
            for error in wrong_numbers(row, column, text):
                cell = f"cell `{column.key}` of row `{row.label}`"
                yield place, ReproError(f"{cell} {error}", error.hint)


def _around(row: Row, table: Table) -> Iterator[Problem]:
    """What is wrong with the other rows that a row names."""
    others = [other.label for other in table.rows if other.label != row.label]
    if row.after is not None:
        yield from _misnamed("after", f"row (`after` of row `{row.label}`)", row.after, others)
    afters = {other.after for other in table.rows if other.label in row.parts}
    for part in row.parts:
        yield from _misnamed("parts", f"row (`parts` of row `{row.label}`)", part, others)
    if row.parts and (len(afters) > 1 or None in afters):
        yield "parts", ReproError(f"the `parts` of row `{row.label}` are not all `after` one row.")
    if row.adds is not None and row.adds.table is None:
        yield from _misnamed("adds", f"row (`adds` of row `{row.label}`)", row.adds.to, others)


def wrong_numbers(row: Row, column: Column, text: str) -> Iterator[ReproError]:
    """What is wrong with the text of a cell in a column of numbers."""
    number = Table.number_of(row, column, text)
    if number is None:
        yield ReproError(f"is no number: `{text}`.")
    elif text[-1] in "MG" and text[-1] != column.unit:
        yield ReproError(f"is `{text}`, the column is in {column.unit}.")
    elif column.metric in COST and number.value <= 0:
        yield ReproError(f"is `{text}`; a cost is more than 0.")


def unfit_inputs(table: Table) -> Iterator[Problem]:
    """The rows whose model cannot take their input, of the models that are known."""
    for number, row in enumerate(table.rows):
        for column in table.columns:
            entry = zoo.MODELS.get(row.model or column.model or "")
            size = row.input or column.input
            if entry is None or size is None:
                continue
            fixed = entry.size is not None and size != entry.size
            if fixed or any(not 0 < side <= 2048 or side % entry.stride for side in size):
                said = f"`{row.model or column.model}` of row `{row.label}` cannot take an input of"
                cure = f"Both sides are multiples of {entry.stride}, at most 2048."
                if entry.size is not None:
                    cure = f"It is built for {entry.size[0]}x{entry.size[1]}."
                place = f"rows[{number}].input"
                yield place, ReproError(f"{said} {size[0]}x{size[1]}.", cure)
                break


def wrong_giga(giga: int) -> ReproError:
    """The error for a number that no G stands for."""
    return ReproError(f"`giga` is {giga}; it can be {' or '.join(map(str, GIGA))}.")


def _misnamed(place: str, what: str, name: str, valid: Collection[str]) -> Iterator[Problem]:
    if name not in valid:
        yield place, ReproError(f"`{name}` is no {what}.", unknown(what, name, valid).hint)
