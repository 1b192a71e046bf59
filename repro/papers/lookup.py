"""What a user typed, as the study, table, row, column, size or options that are meant."""

import fnmatch
import math
import re
from collections.abc import Sequence

from repro.errors import ReproError, unknown
from repro.papers import folders
from repro.papers.metrics import SYNONYMS
from repro.papers.study import (
    Column,
    Row,
    Study,
    Table,
    load_study,
    load_table,
    study_names,
    table_names,
)
from repro.papers.values import Scalar, Size

MOST_DIGITS = 18
"""of a whole number that a user types"""


def find_study(text: str) -> Study:
    """The study a user means: a name, a slug, or an unambiguous beginning of one."""
    text = text.strip()
    if text in folders.all_names():
        return load_study(text)
    names = study_names()
    by_name = {alias: name for name in names for alias in (name, *load_study(name).slugs)}
    return load_study(by_name[_pick("study", text, list(by_name))])


def find_table(study: Study, text: str) -> Table:
    """The table a user means: `table3`, `3`, `III`."""
    text = text.strip()
    names = table_names(study.name)
    by_name = {
        alias: name for name in names for alias in (name, name.removeprefix("table"), _roman(name))
    }
    name = by_name.get(text) or by_name.get(text.upper())
    return load_table(study.name, name or _pick(f"table in {study.name},", text, names))


def find_rows(table: Table, pattern: str | None) -> list[Row]:
    """The rows whose label is, or matches, `pattern`; all of them for None."""
    if pattern is None:
        return list(table.rows)
    exact = [row for row in table.rows if row.label == pattern]
    if exact:
        return exact
    glob = pattern.lower()
    rows = [row for row in table.rows if fnmatch.fnmatchcase(row.label.lower(), glob)]
    if not rows:
        rows = [row for row in table.rows if row.label.lower().startswith(glob)]
    if not rows:
        what = f"row in {table.study} {table.name} like"
        raise unknown(what, pattern, (row.label for row in table.rows))
    return rows


def find_row(table: Table, text: str) -> Row:
    """The one row a user means."""
    rows = find_rows(table, text)
    if len(rows) > 1:
        raise ReproError(
            f"`{text}` means {len(rows)} rows of {table.study} {table.name}.",
            f"Name one: {', '.join(f'`{row.label}`' for row in rows)}.",
        )
    return rows[0]


def find_column(table: Table, text: str) -> Column:
    """The column a user means: its key, its printed label, or its metric."""
    meant = {text.lower(), SYNONYMS.get(text.lower(), text).lower()} - {""}
    for attribute in ("key", "label", "metric"):
        for column in table.columns:
            if (getattr(column, attribute) or "").lower() in meant:
                return column
    raise unknown(
        f"column in {table.study} {table.name},", text, (column.key for column in table.columns)
    )


def _pick(what: str, text: str, names: Sequence[str]) -> str:
    beginnings = [name for name in names if name.lower().startswith(text.lower())]
    exact = [name for name in beginnings if name.lower() == text.lower()]
    if len(exact or beginnings) == 1:
        return (exact or beginnings)[0]
    if beginnings and text:
        raise ReproError(f"`{text}` means several: {', '.join(beginnings)}.", "Name one in full.")
    raise unknown(what, text, names)


def _roman(name: str) -> str:
    number, text = int(name.removeprefix("table")), ""
    for value, letters in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text += letters * (number // value)
        number %= value
    return text


def parse_size(text: str) -> Size:
    """`256x192` (height x width) as numbers."""
    sides = re.fullmatch(r"([0-9]{1,5})[x×]([0-9]{1,5})", text.strip().lower())
    if sides is None:
        raise ReproError(f"`{text:.40}` is no size.", "Sizes are height x width, as in 256x192.")
    return int(sides[1]), int(sides[2])


def parse_options(words: Sequence[str]) -> dict[str, Scalar | tuple[Scalar, ...]]:
    """`["attention=se", "dfc=1+2"]` as options of a model; numbers and truth values as such."""
    options: dict[str, Scalar | tuple[Scalar, ...]] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name.isidentifier():
            raise ReproError(
                f"`{word:.80}` is no option.", "Options are NAME=VALUE, as attention=se."
            )
        parts = tuple(_scalar(part) for part in text.split("+"))
        options[name] = parts if len(parts) > 1 else parts[0]
    return options


def _scalar(text: str) -> Scalar:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    bare = text.strip().lstrip("+-")
    whole = bare.replace("_", "").isdecimal()
    if whole and len(bare) > MOST_DIGITS:
        raise ReproError(f"`{text:.40}…` is too large.", f"Give at most {MOST_DIGITS} digits.")
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return text
    if not math.isfinite(number) and bare.lower() not in ("inf", "infinity"):
        raise ReproError(f"`{text:.40}` is no number that can be used.", "Give a finite one.")
    return number
