"""What becomes of one comparison with its cells' values: whether it holds, the numbers to show."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from repro.papers.metrics import SPEED
from repro.verdicts.claims import cell_values, quantities
from repro.verdicts.claims.cell_values import CellValues, Missing
from repro.verdicts.claims.evaluate import ExpressionReader
from repro.verdicts.claims.places import CellPlace, PaperNames
from repro.verdicts.claims.quantities import Quantity, exact
from repro.verdicts.claims.syntax import Cells, Node, Number, Relation, inside

LIKE = Fraction(1, 4)
"""a ratio of speeds measured on another machine holds within a quarter"""
LEAST = Fraction(1, 10**6)
"""the finest digits written out; what is finer is written with an exponent"""
_DIGITS = r"[0-9]+(?:\.[0-9]+)?"
SUFFIXES = {"G": "G", "M": "M", "ms": " ms", "FPS": " FPS"}


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """What an expression comes to, given what its cells hold."""

    holds: bool | None
    """None where nothing of it was measured"""
    rounding: bool = False
    """whether it holds only because the printed digits allow it"""
    shown: tuple[str, ...] = ()
    """the numbers that it comes to, those that fail alone if any does"""
    missing: tuple[tuple[str, str], ...] = ()
    """cells without a value, and why"""

    @property
    def brief(self) -> str:
        """The first few of the numbers."""
        return ", ".join(self.shown[:3]) + (" …" if len(self.shown) > 3 else "")


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison with the cells that it uses."""

    relation: Relation
    book: PaperNames
    used: tuple[CellPlace, ...]
    absolute: str
    """the unit in which it compares cells with a plain number; none if it compares no such"""

    @property
    def moves(self) -> bool:
        """Whether the counting convention can change the answer.

        A ratio or an order of costs should survive it; a number of operations is by its convention.
        """
        return self.absolute != "G" and any(one.column.metric == "macs" for one in self.used)

    @property
    def grounds(self) -> tuple[str, ...]:
        """What it is held against, see `repro.verdicts.claims.facts`."""
        return self.book.facts.grounds(self.relation)


def question(relation: Relation, book: PaperNames) -> Question:
    """A comparison as it will be asked; raise ReproError if it cannot be."""
    used, absolute = book.used(relation), ""
    reading = ExpressionReader(book, cell_values.printed)
    if not all(map(_has_cells, (relation.left, relation.right))) and not reading.texts(relation):
        pairs = reading.sides(relation)
        absolute = quantities.common_unit([value for pair in pairs for value in pair])
    return Question(relation, book, used, absolute)


def of_question(asked: Question, cells: CellValues, measured: bool) -> ClaimOutcome:
    """Whether one comparison holds with these values of its cells."""
    relation, reading = asked.relation, ExpressionReader(asked.book, cells)
    texts = reading.texts(relation)
    if measured and (texts or not any(place.column.metric for place in asked.used)):
        return ClaimOutcome(None, missing=(("", "There is nothing to measure in it."),))
    if texts:
        return ClaimOutcome(texts[0] == texts[1], shown=texts[:1])
    if measured and asked.absolute in ("ms", "FPS"):
        why = "An absolute speed belongs to the authors' machine."
        return ClaimOutcome(None, missing=(("", why),))
    values = ((place, cells(place)) for place in asked.used)
    missing = tuple((str(place), one.why) for place, one in values if isinstance(one, Missing))
    if missing and measured:
        return ClaimOutcome(None, missing=missing)
    loose = measured and any(place.column.metric in SPEED for place in asked.used)
    pairs = reading.sides(relation)
    calls = [
        quantities.compare(left, relation.sign, right, _tolerance(relation, right, loose))
        for left, right in pairs
    ]
    failed = [pair for pair, call in zip(pairs, calls, strict=True) if call == "fails"]
    numbers = _shown(relation, failed or pairs)
    return ClaimOutcome(not failed, "rounding" in calls and not failed, numbers)


def together(outcomes: Sequence[ClaimOutcome]) -> ClaimOutcome:
    """What several comparisons that must all hold come to."""
    telling = [one for one in outcomes if one.holds is False]
    telling = telling or [one for one in outcomes if one.rounding]
    known = [one for one in outcomes if one.holds is not None]
    missing = tuple(dict.fromkeys(gap for one in outcomes for gap in one.missing))
    if not known:
        return ClaimOutcome(None, missing=missing)
    numbers = tuple(dict.fromkeys(text for one in telling or known for text in one.shown))
    holds = all(one.holds for one in known)
    return ClaimOutcome(holds, holds and any(one.rounding for one in known), numbers, missing)


def claimed(relations: Iterable[Relation], printed: str) -> tuple[str, ...]:
    """The numbers of an expression that stand in the words as printed."""
    numbers = (
        part.text
        for one in relations
        for side in (one.left, one.right)
        for part in inside(side)
        if isinstance(part, Number)
    )
    words = set(re.findall(_DIGITS, printed))
    return tuple(dict.fromkeys(text for text in numbers if re.findall(_DIGITS, text)[0] in words))


def _has_cells(node: Node) -> bool:
    return any(isinstance(part, Cells) for part in inside(node))


def _tolerance(relation: Relation, right: Quantity, loose: bool) -> Quantity | None:
    written = relation.tolerance
    if loose and relation.sign == "~":
        return exact(max(abs(right.value) * LIKE, written.value if written else Fraction(0)))
    return exact(written.value, written.unit) if written else None


def _shown(relation: Relation, pairs: Sequence[tuple[Quantity, Quantity]]) -> tuple[str, ...]:
    sides = (relation.left, relation.right)
    percent = any(isinstance(side, Number) and side.text.endswith("%") for side in sides)
    texts = []
    for left, right in pairs:
        if relation.sign in ("~", "="):
            texts.append(_written(left, right.step, percent))
        else:
            first, second = (_written(side, side.step, percent) for side in (left, right))
            texts.append(f"{first} {_turned(relation.sign, left, right)} {second}")
    return tuple(dict.fromkeys(texts))


def _turned(sign: str, left: Quantity, right: Quantity) -> str:
    """The sign that is true of two numbers."""
    if left.value == right.value:
        return sign if "=" in sign else "="
    return "<" if left.value < right.value else ">"


def _written(value: Quantity, step: Fraction | None, percent: bool) -> str:
    """A number with one digit more than `step` has, where it needs it."""
    ratio = percent and value.unit in ("", "ratio")
    number = value.value * (100 if ratio else 1)
    suffix = "%" if ratio else SUFFIXES.get(value.unit, "")
    if step is None and number.denominator == 1:
        return f"{number}{suffix}"
    if step is None or step < LEAST:
        return f"{float(number):.4g}{suffix}"
    step *= 100 if ratio else 1
    decimals = max(0, len(str(step.denominator)) - 1)
    more = 0 if step > 1 or (number / step).denominator == 1 else 1
    return f"{float(number):.{decimals + more}f}{suffix}"
