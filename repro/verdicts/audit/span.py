"""Arithmetic on printed numbers: all values that a result can have, given what is printed."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from repro.papers.published import Published

Terms = Iterable[tuple[int | Fraction, Published]]


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` up to `high`."""

    low: Fraction
    high: Fraction

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: int | Fraction) -> "Span":
        """The span of the multiples."""
        ends = self.low * factor, self.high * factor
        return Span(min(ends), max(ends))


ZERO = Span(Fraction(0), Fraction(0))


def span(printed: Published, way: str = "either") -> Span:
    """The values that print so: `rounded`, `cut`, or `either`."""
    if way == "rounded":
        return Span(printed.value - printed.step / 2, printed.value + printed.step / 2)
    if way == "cut":
        step = printed.step if printed.value >= 0 else -printed.step
        return Span(
            min(printed.value, printed.value + step), max(printed.value, printed.value + step)
        )
    return Span(printed.low, printed.high)


def total(terms: Terms, way: str = "either") -> Span:
    """The sum of multiples of printed numbers."""
    summed = ZERO
    for factor, printed in terms:
        summed += span(printed, way).times(factor)
    return summed


def balance(terms: Terms) -> str:
    """Whether multiples of printed numbers can add up to 0: `yes`, `mixed` or `no`.

    `mixed`: only if some of the numbers are rounded and others cut. Some factors must be positive
    and some negative; then neither end of the span is reached, since no number reaches its `high`.
    """
    terms = list(terms)
    either = total(terms)
    if not either.low < 0 < either.high:
        return "no"
    rounded, cut = total(terms, "rounded"), total(terms, "cut")
    uniform = rounded.low <= 0 <= rounded.high or cut.low < 0 < cut.high
    return "yes" if uniform else "mixed"


def overlap(printed: Iterable[Published]) -> bool:
    """Whether one value can stand behind all of the printed numbers."""
    numbers = list(printed)
    negative = any(one.value < 0 for one in numbers)
    low, high = max(one.low for one in numbers), min(one.high for one in numbers)
    return low <= high if negative else low < high


def short(value: Fraction | int) -> str:
    """A number to two decimals, three below 10, without idle zeros."""
    number = float(value)
    text = f"{number:.3f}" if abs(number) < 10 else f"{number:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: Fraction, printed: Published, scale: int) -> str:
    """A value in the unit of a printed number, with its suffix."""
    suffix = printed.text[-1] if printed.text[-1] in "MG" else ""
    unit = (
        printed.step * 10 ** len(printed.text.rstrip("MG").partition(".")[2]) if suffix else scale
    )
    return f"{short(value / unit)}{suffix}"


def between(ends: Span, scale: int = 1) -> str:
    """`2.95 to 3.1`, in units of `scale`."""
    return f"{short(ends.low / scale)} to {short(ends.high / scale)}"
