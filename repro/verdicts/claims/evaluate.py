"""What an expression comes to, given what its cells hold."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from repro.errors import ReproError
from repro.papers.metrics import LOWER
from repro.verdicts.claims import facts, quantities
from repro.verdicts.claims.cell_values import CellValues, Missing
from repro.verdicts.claims.places import CellPlace, PaperNames
from repro.verdicts.claims.quantities import Quantity, exact
from repro.verdicts.claims.syntax import (
    Cells,
    Fact,
    FunctionCall,
    Node,
    Number,
    Operation,
    Power,
    Relation,
    Text,
    mistake,
)

Values = tuple[Quantity, ...]

OPERATIONS: dict[str, Callable[[Quantity, Quantity], Quantity]] = {
    "+": quantities.add,
    "-": quantities.subtract,
    "*": quantities.multiply,
    "/": quantities.divide,
}
REDUCTIONS: dict[str, Callable[[Sequence[Quantity]], Quantity]] = {
    "max": quantities.highest,
    "min": quantities.lowest,
    "mean": quantities.mean,
    "sum": quantities.total,
    "count": lambda found: exact(Fraction(len(found))),
}


class ExpressionReader:
    """One paper's expressions, read with the values of its cells; none may be missing."""

    def __init__(self, book: PaperNames, cells: CellValues) -> None:
        self.book = book
        self.cells = cells

    def sides(self, relation: Relation) -> list[tuple[Quantity, Quantity]]:
        """The numbers that a comparison compares, row by row."""
        left, right = self.values(relation.left), self.values(relation.right)
        return _beside(left, right, relation.at)

    def texts(self, relation: Relation) -> tuple[str, str] | None:
        """The texts that a comparison compares; None if it compares numbers."""
        if not isinstance(relation.left, Text) and not isinstance(relation.right, Text):
            return None
        return self._text(relation.left), self._text(relation.right)

    def values(self, node: Node) -> Values:
        """The numbers that a part comes to: several where it names several cells."""
        if isinstance(node, Cells):
            return tuple(self._cell(place, node) for place in self.book.cells(node))
        try:
            return self._computed(node)
        except ReproError as error:
            if str(error).startswith("Column "):
                raise
            raise mistake(node.at, str(error), error.hint) from error

    def _computed(self, node: Node) -> Values:
        if isinstance(node, Number):
            return (exact(node.value, node.unit, node.step),)
        if isinstance(node, Fact):
            return (self._fact(node),)
        if isinstance(node, Operation):
            pairs = _beside(self.values(node.left), self.values(node.right), node.at)
            return tuple(OPERATIONS[node.sign](left, right) for left, right in pairs)
        if isinstance(node, Power):
            return tuple(quantities.power(base, node.exponent) for base in self.values(node.base))
        if isinstance(node, FunctionCall):
            return (self._called(node),)
        raise ReproError("Text is no number.")

    def _called(self, call: FunctionCall) -> Quantity:
        if call.name in REDUCTIONS:
            values = [value for one in call.arguments for value in self.values(one)]
            return REDUCTIONS[call.name](values)
        cells = [
            place
            for one in call.arguments
            if isinstance(one, Cells)
            for place in self.book.cells(one)
        ]
        metrics = {place.column.metric for place in cells}
        metric = metrics.pop()
        if metrics or metric is None:
            raise ReproError(f"`{call.name}` takes cells of one metric.")
        read = {place.key: self._cell(place, call) for place in cells}
        if call.name == "best":
            every = list(read.values())
            return quantities.lowest(every) if metric in LOWER else quantities.highest(every)
        first = read.pop(cells[0].key)
        return quantities.rank(first, list(read.values()), metric in LOWER)

    def _cell(self, place: CellPlace, node: Node) -> Quantity:
        value = self.cells(place)
        if isinstance(value, Missing):
            raise mistake(node.at, f"{place} holds {value.why}.")
        return value

    def _fact(self, node: Fact) -> Quantity:
        value = self.book.facts.value(node)
        name = ".".join(node.path)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ReproError(f"`{name}` is no number: it is {facts.written(value)}.")
        if not math.isfinite(value):
            raise ReproError(f"`{name}` is no finite number.")
        return exact(Fraction(str(value)) if isinstance(value, float) else Fraction(value))

    def _text(self, node: Node) -> str:
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Cells) and node.single:
            (place,) = self.book.cells(node)
            return place.row.cells[place.column.key]
        value = self.book.facts.value(node) if isinstance(node, Fact) else None
        if not isinstance(value, bool | str):
            raise mistake(node.at, "Text can only be compared with one cell or a text.")
        return str(value).lower() if isinstance(value, bool) else value


def _beside(left: Values, right: Values, at: int) -> list[tuple[Quantity, Quantity]]:
    """Two sides row by row; a single number goes with every row."""
    if len(left) != len(right) and 1 not in (len(left), len(right)):
        raise mistake(at, f"{len(left)} cells and {len(right)} cells do not go row by row.")
    rows = max(len(left), len(right))
    left, right = (side if len(side) > 1 else side * rows for side in (left, right))
    return list(zip(left, right, strict=True))
