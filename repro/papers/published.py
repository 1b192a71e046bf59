"""A number as a paper printed it, and the interval of values that print so."""

import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_NUMBER = re.compile(r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?)([MG]?)")


@dataclass(frozen=True, slots=True)
class Published:
    """A printed number: `1.0079G` with G = 2^30 is every count from 1.00785 G up to 1.0080 G.

    Papers round or cut. `low` (inclusive) is the smallest value that rounds to the text, `high`
    (exclusive) the smallest that no longer cuts to it; for negative numbers the mirror image.
    """

    text: str
    """as printed"""
    value: Fraction
    """the printed digits, in base units (parameters, multiply-accumulates, per cent ...)"""
    step: Fraction
    """one unit of the last printed digit, in base units"""

    @property
    def low(self) -> Fraction:
        return self.value - (self.step / 2 if self.value >= 0 else self.step)

    @property
    def high(self) -> Fraction:
        return self.value + (self.step if self.value >= 0 else self.step / 2)

    def prints(self, value: Fraction | int) -> str | None:
        """How `value` gives the printed text: `rounded`, `cut`, or None if it does not."""
        distance = Fraction(value) - self.value
        if abs(distance) <= self.step / 2:
            return "rounded"
        toward_zero = distance if self.value >= 0 else -distance
        return "cut" if 0 <= toward_zero < self.step else None


@functools.cache
def parse(text: str, scale: int = 1) -> Published | None:
    """The number in `text`, times `scale`; None if it is no number.

    The suffix M or G names the unit that `scale` already stands for.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = Decimal(match[1])
    exponent = digits.as_tuple().exponent
    if not isinstance(exponent, int):
        return None
    return Published(text, Fraction(digits) * scale, Fraction(10) ** exponent * scale)
