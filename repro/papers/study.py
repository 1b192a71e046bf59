"""The papers as data: tables/paperN/*.toml as frozen dataclasses, checked whole when read."""

import fnmatch
import functools
import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from repro import env, schema
from repro.errors import ReproError, unknown
from repro.papers import published
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.metrics import COST, METRICS, SPEED, SYNONYMS
from repro.papers.protocol import Protocol
from repro.papers.published import Published
from repro.papers.recipe_sources import WrittenRecipe
from repro.papers.values import Options, Size


@dataclass(frozen=True, slots=True)
class Column:
    """One printed column: a label column if it has no metric."""

    key: str
    label: str
    metric: str | None = None
    unit: str | None = None
    convention: str | None = None
    """the rules the column's MACs were counted by"""
    giga: int = 10**9
    """what G stands for"""
    device: str | None = None
    decode: str | None = None
    model: str | None = None
    input: Size | None = None

    @property
    def heading(self) -> str:
        """The printed label, or a stand-in for a blank one."""
        return self.label or self.key.replace("_", " ")

    def seconds(self, speed: Published) -> Fraction:
        """The time of an image, of a printed speed."""
        return 1 / speed.value if self.metric == "fps" else speed.value / 1000

    @property
    def scale(self) -> int:
        """How many base units one printed unit is."""
        if self.metric == "macs":
            return self.giga
        return METRICS[self.metric].scale if self.metric else 1


@dataclass(frozen=True, slots=True)
class RowConvention:
    """The rules that one row's MACs follow instead of its column's."""

    convention: str
    giga: int
    why: str


@dataclass(frozen=True, slots=True)
class AddedPart:
    """What is known of the difference between a row's network and another row's."""

    to: str
    """the other row"""
    why: str
    """where that is known from"""
    table: str | None = None
    """the other row's table, if it is not this one"""
    stride: int | None = None
    """each weight that is added meets every stride-th pixel of the input, or more"""
    saved: int = 0
    """MACs that leaving out what is replaced may save at most"""
    most: int | None = None
    """MACs that the difference can be at most; negative if it must save"""

    def __post_init__(self) -> None:
        if (self.stride is None) == (self.most is None) or (self.stride or 1) < 1:
            raise ReproError(f"What is added to `{self.to}` needs either a `stride` or `most`.")


@dataclass(frozen=True, slots=True)
class Row:
    """One printed row and the model that can re-run it."""

    label: str
    cells: Mapping[str, str]
    """column key -> text as printed; absent where a dash or nothing is printed"""
    cites: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    input: Size | None = None
    options: Options = field(default_factory=dict)
    cited: str | None = None
    """whose number it is, for rows that nothing here re-runs"""
    protocol: str | None = None
    """the row's own protocol, where it is not the table's"""
    variant: str = ""
    """how the row's training differs from the usual one of its network, if it does"""
    group: str | None = None
    after: str | None = None
    """the row of an ablation that is one switch before this one"""
    parts: tuple[str, ...] = ()
    """the rows, all `after` one, that switch on one by one what this row does together"""
    adds: AddedPart | None = None
    counted: RowConvention | None = None
    also_input: Size | None = None
    """another input size that the printed cost may belong to"""
    also_keypoints: int | None = None
    """another data set's number of keypoints that the printed cost may belong to"""
    unreproducible: Mapping[str, str] = field(default_factory=dict)
    cause: Mapping[str, str] = field(default_factory=dict)
    """column key -> why the printed cost is known not to be the row's own"""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """One published table: what is printed, and what each part of it means."""

    number: str
    caption: str
    where: str
    protocol: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    timing: str | None = None
    notes: tuple[str, ...] = ()
    study: str = field(init=False, default="")
    name: str = field(init=False, default="")

    def column(self, key: str) -> Column:
        """The column of that key."""
        return next(column for column in self.columns if column.key == key)

    def published(self, row: Row, column: Column) -> Published | None:
        """The number printed in a cell, in base units; None where none is printed."""
        text = row.cells.get(column.key)
        return None if text is None else published.parse(text, scale(row, column))


@dataclass(frozen=True, slots=True)
class TimingProcedure:
    """How speed was measured."""

    hardware: str
    procedure: str
    batch: int
    supply: str
    source: str
    input: Size | None = None


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A figure somebody else published for one of the models."""

    model: str
    metric: str
    value: str
    source: str
    input: Size | None = None
    on: str | None = None
    """data set and split, as in `COCO val2017`"""
    decode: str | None = None
    """the decoding, where it is not the usual one of the network"""
    convention: str | None = None
    """the rules that MACs were counted by"""
    giga: int = 10**9

    def __post_init__(self) -> None:
        _check_name(self.source, "metric", self.metric, METRICS)
        _check_giga(self.source, self.giga)
        if self.published is None or (self.metric in COST and self.published.value <= 0):
            raise ReproError(f"`{self.value}` is no {self.metric}.")

    @property
    def published(self) -> Published | None:
        """The number in base units; None where `value` is none. M and G name the unit of MACs."""
        scale = METRICS[self.metric].scale
        if self.metric == "macs":
            mega = 10**6 if self.giga == 10**9 else self.giga // 2**10
            scale = mega if self.value.endswith("M") else self.giga
        return published.parse(self.value, scale)


@dataclass(frozen=True, slots=True)
class Study:
    """One paper."""

    name: str
    title: str
    authors: tuple[str, ...]
    year: int
    hardware: str
    protocols: Mapping[str, Protocol]
    slugs: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """the networks that the paper proposes, as in `lpn_*`"""
    venue: str | None = None
    code: str | None = None
    notes: tuple[str, ...] = ()
    timings: Mapping[str, TimingProcedure] = field(default_factory=dict)
    recipes: Mapping[str, WrittenRecipe] = field(default_factory=dict)
    third_party: tuple[ThirdParty, ...] = ()
    ablations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """tables whose rows can be trained against each other -> by row the loss, where that differs"""
    variants: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """how a row's training differs from the usual one -> fields of its recipe"""

    def proposes(self, model: str | None) -> bool:
        """Whether a network is one of the paper's own."""
        return any(fnmatch.fnmatchcase(model or "", pattern) for pattern in self.own)


def scale(row: Row, column: Column) -> int:
    """How many base units one printed unit of this cell is."""
    if column.metric == "macs" and row.counted is not None:
        return row.counted.giga
    return column.scale


def convention(row: Row, column: Column) -> str:
    """The counting convention of this cell."""
    return row.counted.convention if row.counted else column.convention or ""


def tables_dir() -> Path:
    """Where the studies lie: `$REPRO_TABLES`, else the packaged copy, else the checkout's."""
    chosen = env.variable("REPRO_TABLES")
    if chosen:
        if not Path(chosen).is_dir():
            raise ReproError(f"REPRO_TABLES is `{chosen}`, which is not a directory.")
        return Path(chosen)
    packaged = Path(str(importlib.resources.files("repro"))) / "_tables"
    return packaged if packaged.is_dir() else packaged.parent.parent / "tables"


def study_names() -> list[str]:
    """The names of all studies, in order."""
    names = sorted(path.parent.name for path in tables_dir().glob("*/study.toml"))
    if not names:
        raise ReproError(f"No studies under `{tables_dir()}`.", "Set REPRO_TABLES or reinstall.")
    return names


def table_names(study: str) -> list[str]:
    """The names of a study's tables, in printed order."""
    paths = (tables_dir() / study).glob("table*.toml")
    names = [path.stem for path in paths if path.stem.removeprefix("table").isdecimal()]
    return sorted(names, key=lambda name: (len(name), name))


@functools.cache
def load_study(name: str) -> Study:
    """The study of exactly that name."""
    path = tables_dir() / name / "study.toml"
    study = schema.read(Study, schema.toml(path, _shown(path)), _shown(path))
    if study.name != name:
        raise ReproError(f"{_shown(path)}: `name` is `{study.name}`, the folder is `{name}`.")
    return study


@functools.cache
def load_table(study: str, name: str) -> Table:
    """The table of exactly that name."""
    path = tables_dir() / study / f"{name}.toml"
    table = schema.read(Table, schema.toml(path, _shown(path)), _shown(path))
    object.__setattr__(table, "study", study)
    object.__setattr__(table, "name", name)
    _check(table, load_study(study), _shown(path))
    return table


def _shown(path: Path) -> str:
    return str(path) if env.variable("REPRO_TABLES") else "/".join(("tables", *path.parts[-2:]))


def _check(table: Table, study: Study, file: str) -> None:
    """Raise for whatever the annotations cannot say about a table."""
    keys = [column.key for column in table.columns]
    labels = [row.label for row in table.rows]
    if not keys or not labels or "" in labels:
        raise ReproError(f"{file}: a table needs columns, and rows with labels.")
    for what, names in (("columns", keys), ("rows", labels)):
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ReproError(f"{file}: two {what} are called `{min(twice)}`.")
    _check_name(file, "protocol", table.protocol, study.protocols)
    if table.timing is not None:
        _check_name(file, "timing", table.timing, study.timings)
    for column in table.columns:
        _check_column(column, table, file)
    for row in table.rows:
        _check_row(row, table, study, file)


def _check_column(column: Column, table: Table, file: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", column.key):
        raise ReproError(f"{file}: column key `{column.key}` is not lower_snake_case.")
    if column.metric is None:
        return
    if column.metric in SYNONYMS:
        raise ReproError(
            f"{file}: the metric of column `{column.key}` is `{column.metric}`.",
            f"Here it is called `{SYNONYMS[column.metric]}`.",
        )
    _check_name(file, f"metric (column `{column.key}`)", column.metric, METRICS)
    unit = METRICS[column.metric].unit
    if column.unit != unit:
        given = f"is in `{column.unit}`" if column.unit else "has no `unit`"
        raise ReproError(
            f"{file}: column `{column.key}` {given}, but {column.metric} is in `{unit}`."
        )
    if column.metric == "macs" and not column.convention:
        raise ReproError(
            f"{file}: column `{column.key}` needs a `convention`.",
            f"There are: {', '.join(CONVENTIONS)}.",
        )
    if column.metric == "macs":
        _check_name(
            file, f"convention (column `{column.key}`)", column.convention or "", CONVENTIONS
        )
        _check_giga(file, column.giga)
    if column.metric in SPEED and table.timing is None:
        raise ReproError(f"{file}: column `{column.key}` needs the table to name a `timing`.")


def _check_row(row: Row, table: Table, study: Study, file: str) -> None:
    keys = [column.key for column in table.columns]
    for what in ("cells", "cites", "unreproducible", "cause", "notes"):
        for key in getattr(row, what):
            _check_name(file, f"column (`{what}` of row `{row.label}`)", key, keys)
    named = row.model is not None or any(column.model for column in table.columns)
    if named == (row.cited is not None):
        both = ", not both" if named else ""
        raise ReproError(f"{file}: row `{row.label}` needs either `model` or `cited`{both}.")
    if row.variant and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+^-]*", row.variant):
        raise ReproError(f"{file}: `variant` of row `{row.label}` is no plain word.")
    for column in table.columns:
        if (row.model or column.model) and not (row.input or column.input):
            raise ReproError(f"{file}: row `{row.label}` names a model, but no `input`.")
    if row.protocol is not None:
        _check_name(file, f"protocol (row `{row.label}`)", row.protocol, study.protocols)
    others = [other.label for other in table.rows if other.label != row.label]
    if row.after is not None:
        _check_name(file, f"row (`after` of row `{row.label}`)", row.after, others)
    afters = {other.after for other in table.rows if other.label in row.parts}
    for part in row.parts:
        _check_name(file, f"row (`parts` of row `{row.label}`)", part, others)
    if row.parts and (len(afters) > 1 or None in afters):
        raise ReproError(f"{file}: the `parts` of row `{row.label}` are not all `after` one row.")
    if row.adds is not None and row.adds.table is None:
        _check_name(file, f"row (`adds` of row `{row.label}`)", row.adds.to, others)
    if row.counted is not None:
        _check_name(file, f"convention (row `{row.label}`)", row.counted.convention, CONVENTIONS)
        _check_giga(file, row.counted.giga)
    for column in table.columns:
        text = row.cells.get(column.key)
        if text == "":
            raise ReproError(
                f"{file}: cell `{column.key}` of row `{row.label}` is empty.",
                "Leave the key out where nothing is printed.",
            )
        if text is not None and column.metric:
            _check_number(file, table, row, column, text)


def _check_number(file: str, table: Table, row: Row, column: Column, text: str) -> None:
    number = table.published(row, column)
    cell = f"{file}: cell `{column.key}` of row `{row.label}`"
    if number is None:
        raise ReproError(f"{cell} is no number: `{text}`.")
    if text[-1] in "MG" and text[-1] != column.unit:
        raise ReproError(f"{cell} is `{text}`, the column is in {column.unit}.")
    if column.metric in COST and number.value <= 0:
        raise ReproError(f"{cell} is `{text}`; a cost is more than 0.")


def _check_giga(file: str, giga: int) -> None:
    if giga not in GIGA:
        raise ReproError(f"{file}: `giga` is {giga}; it can be {' or '.join(map(str, GIGA))}.")


def _check_name(file: str, what: str, name: str, valid: Mapping[str, object] | list[str]) -> None:
    if name not in valid:
        raise ReproError(f"{file}: `{name}` is no {what}.", unknown(what, name, valid).hint)
