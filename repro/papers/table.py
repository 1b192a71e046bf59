"""A published table as data: its columns, its rows, and what each printed cell means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from repro.errors import ReproError
from repro.papers import published
from repro.papers.metrics import METRICS
from repro.papers.published import Published
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
        return None if text is None else self.number_of(row, column, text)

    @staticmethod
    def number_of(row: Row, column: Column, text: str) -> Published | None:
        """The number that a text would be in a cell, in base units; None if it is none."""
        return published.parse(text, scale(row, column))


def scale(row: Row, column: Column) -> int:
    """How many base units one printed unit of this cell is."""
    if column.metric == "macs" and row.counted is not None:
        return row.counted.giga
    return column.scale


def convention(row: Row, column: Column) -> str:
    """The counting convention of this cell."""
    return row.counted.convention if row.counted else column.convention or ""
