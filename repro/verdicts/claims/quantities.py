"""Numbers with a unit and the interval that their printed digits allow. Exact throughout."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from repro.errors import ReproError
from repro.papers.published import Published

LARGEST = 1000
"""bits of a numerator or denominator, so that every number can be written as a float"""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number; the ends of its interval are excluded unless it is exact."""

    value: Fraction
    low: Fraction
    high: Fraction
    unit: str = ""
    """G, M, ms, FPS, points, ratio; none fits all of them"""
    step: Fraction | None = None
    """one unit of the last printed digit; None for what was computed"""

    def __post_init__(self) -> None:
        for end in (self.value, self.low, self.high):
            if max(end.numerator.bit_length(), end.denominator.bit_length()) > LARGEST:
                raise ReproError("A number grows too long here.")


def exact(value: Fraction, unit: str = "", step: Fraction | None = None) -> Quantity:
    """A number that stands for itself alone."""
    return Quantity(value, value, value, unit, step)


def add(left: Quantity, right: Quantity) -> Quantity:
    """The sum of two numbers in one unit."""
    unit = common_unit((left, right))
    return Quantity(left.value + right.value, left.low + right.low, left.high + right.high, unit)


def subtract(left: Quantity, right: Quantity) -> Quantity:
    """The difference of two numbers in one unit."""
    unit = common_unit((left, right))
    return Quantity(left.value - right.value, left.low - right.high, left.high - right.low, unit)


def multiply(left: Quantity, right: Quantity) -> Quantity:
    """The product of two numbers, one of them without a unit."""
    plain = ("", "ratio")
    if left.unit not in plain and right.unit not in plain:
        raise ReproError(f"{left.unit} times {right.unit} has no meaning here.")
    unit = right.unit if left.unit in plain and right.unit else left.unit
    ends = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    return Quantity(left.value * right.value, min(ends), max(ends), unit)


def divide(left: Quantity, right: Quantity) -> Quantity:
    """The quotient of two numbers in one unit, or of a number and a plain one."""
    if right.value == 0 or right.low < 0 < right.high:
        raise ReproError("This divides by zero, or by a number whose digits allow zero.")
    if left.unit != right.unit and right.unit not in ("", "ratio"):
        raise ReproError(f"{left.unit or 'a number'} by {right.unit} has no meaning here.")
    same = left.unit == right.unit and left.unit != ""
    ends = [a / b for a in (left.low, left.high) for b in (right.low, right.high) if b]
    unit = "ratio" if same else left.unit
    return Quantity(left.value / right.value, min(ends), max(ends), unit)


def power(base: Quantity, exponent: int) -> Quantity:
    """A whole power of a number without a unit."""
    if base.unit not in ("", "ratio"):
        raise ReproError(f"A power of {base.unit} has no meaning here.")
    product = exact(Fraction(1))
    for _ in range(abs(exponent)):
        product = multiply(product, base)
    return product if exponent >= 0 else divide(exact(Fraction(1)), product)


def highest(values: Sequence[Quantity]) -> Quantity:
    """The highest of some numbers in one unit."""
    unit = common_unit(values)
    first = max(values, key=lambda one: one.value)
    ends = max(one.low for one in values), max(one.high for one in values)
    return Quantity(first.value, *ends, unit, first.step)


def lowest(values: Sequence[Quantity]) -> Quantity:
    """The lowest of some numbers in one unit."""
    unit = common_unit(values)
    first = min(values, key=lambda one: one.value)
    ends = min(one.low for one in values), min(one.high for one in values)
    return Quantity(first.value, *ends, unit, first.step)


def total(values: Sequence[Quantity]) -> Quantity:
    """The sum of some numbers in one unit."""
    summed = values[0]
    for value in values[1:]:
        summed = add(summed, value)
    return summed


def mean(values: Sequence[Quantity]) -> Quantity:
    """The mean of some numbers in one unit."""
    return divide(total(values), exact(Fraction(len(values))))


def rank(of: Quantity, others: Sequence[Quantity], lower: bool) -> Quantity:
    """One more than the number of others that are better."""
    common_unit((of, *others))
    better = sum(one.value < of.value if lower else one.value > of.value for one in others)
    return exact(Fraction(1 + better))


def compare(left: Quantity, sign: str, right: Quantity, within: Quantity | None) -> str:
    """`holds` by the printed digits, `rounding` if only their intervals allow it, or `fails`.

    `~` takes `right` as printed, unless a tolerance is given (`within`).
    """
    common_unit((left, right, *([within] if within else [])))
    if sign == "~" and within is not None:
        low, high = right.low - within.value, right.high + within.value
        holds = abs(left.value - right.value) <= within.value
    elif sign == "~":
        if right.step is None:
            raise ReproError("The right side of `~` was computed and has no digits of its own.")
        printed = Published("", right.value, right.step)
        literal = right.low == right.high
        low, high = (printed.low, printed.high) if literal else (right.low, right.high)
        holds = printed.prints(left.value) is not None
    elif sign == "=":
        return "holds" if left.value == right.value else "fails"
    elif sign in (">", ">="):
        return compare(right, "<" if sign == ">" else "<=", left, None)
    else:
        holds = left.value < right.value or (sign == "<=" and left.value == right.value)
        inexact = left.low != left.high or right.low != right.high
        return "holds" if holds else "rounding" if inexact and left.low < right.high else "fails"
    if holds:
        return "holds"
    return "rounding" if left.low != left.high and left.low < high and low < left.high else "fails"


def common_unit(values: Sequence[Quantity]) -> str:
    """The unit that some numbers share; raise ReproError if they do not."""
    units = {one.unit for one in values} - {""}
    if len(units) > 1:
        names = " and ".join(sorted(units))
        hint = "35% is 0.35; points of AP and PCKh are written without a sign."
        raise ReproError(f"{names} do not go together.", hint if "points" in units else "")
    return units.pop() if units else ""
