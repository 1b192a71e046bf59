"""What an expression consists of. Every part knows at which column of the text it begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from repro.errors import ReproError


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, with the unit and one unit of its last digit."""

    text: str
    value: Fraction
    step: Fraction
    unit: str
    at: int


@dataclass(frozen=True, slots=True)
class Text:
    """Quoted text."""

    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Term:
    """One choice of rows."""

    kind: str
    """label, pattern, group or number"""
    text: str
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """One cell, or several of one column."""

    paper: str | None
    table: str
    rows: tuple[Term, ...]
    """none: all rows"""
    column: str
    at: int

    @property
    def single(self) -> bool:
        """Whether one row is addressed, not a choice of rows."""
        return len(self.rows) == 1 and not (
            self.rows[0].excluded or self.rows[0].kind in ("pattern", "group")
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """What a study, a network, a data set or a metric is known to have."""

    paper: str | None
    section: str
    """one of `repro.verdicts.claims.facts.SECTIONS`"""
    name: str
    case: str | None
    """of a recipe: the data set, the size or the network that it is for; of an equation: where"""
    path: tuple[str, ...]
    """the field, then keys or places within it"""
    at: int


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands and one of + - * /."""

    sign: str
    left: "Node"
    right: "Node"
    at: int


@dataclass(frozen=True, slots=True)
class Power:
    """A whole power."""

    base: "Node"
    exponent: int
    at: int


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function of cells and numbers."""

    name: str
    arguments: tuple["Node", ...]
    at: int


Node = Number | Text | Cells | Fact | Operation | Power | FunctionCall


@dataclass(frozen=True, slots=True)
class Relation:
    """One comparison."""

    left: Node
    sign: str
    right: Node
    tolerance: Number | None
    at: int


def inside(node: Node) -> Iterator[Node]:
    """A part and all parts of it."""
    yield node
    parts: tuple[Node, ...] = ()
    if isinstance(node, Operation):
        parts = node.left, node.right
    elif isinstance(node, Power):
        parts = (node.base,)
    elif isinstance(node, FunctionCall):
        parts = node.arguments
    for part in parts:
        yield from inside(part)


def mistake(at: int, what: str, hint: str = "") -> ReproError:
    """The error about the part of an expression that begins at a column, from 1."""
    return ReproError(f"Column {at}: {what}", hint)
