"""Which settings give a printed figure, and how little that proves where many were tried."""

from dataclasses import dataclass
from fractions import Fraction

from repro.errors import ReproError
from repro.papers import published
from repro.records.setting_rows import SettingRow, SettingRows

SHOWN = 5


@dataclass(frozen=True, slots=True)
class TargetFit:
    """A printed figure beside what the settings score."""

    text: str
    """as printed"""
    value: float
    nearest: tuple[SettingRow, ...]
    """of those alike the one that deviates least comes first"""
    hits: int
    """how many settings print so, rounded or cut"""
    chance: float | None
    """the share of printed figures from the lowest to the highest score that some setting gives:
    how probably a hit means nothing; None where all settings score the same"""


def value_of(text: str) -> float:
    """The figure that is printed, per cent; ReproError where it is none."""
    return float(_read(text).value)


def fit(text: str, tried: SettingRows) -> TargetFit:
    """Hold the settings against a printed figure, per cent."""
    printed = _read(text)
    values = [tried.value(row) for row in tried.rows]
    hits = sum(printed.prints(Fraction(value)) is not None for value in values)
    places = sorted(value / float(printed.step) for value in values)
    texts = {round(place) for place in places}
    span = round(places[-1]) - round(places[0])
    chance = len(texts) / (span + 1) if span else None
    value = float(printed.value)
    return TargetFit(text, value, tuple(tried.nearest(value)[:SHOWN]), hits, chance)


def _read(text: str) -> published.Published:
    printed = published.parse(text)
    if printed is None or not 0 <= printed.value <= 100:
        raise ReproError(
            f"`{text:.40}` is no figure in per cent.", "Give it as it is printed: --target 68.8."
        )
    return printed
