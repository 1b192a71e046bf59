"""Compare two sets of results, each kind of figure by its own rules."""

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from repro.comparing import accuracies, against_print, exact, speeds
from repro.comparing.accuracies import Truths
from repro.comparing.change import KINDS, Change, Comparison, ordered
from repro.comparing.side import PUBLISHED, Side, side
from repro.errors import ReproError
from repro.scoring.confidence import RESAMPLES

if TYPE_CHECKING:
    from repro.comparing.paired import PairedComparison

NOWHERE = Truths()


def silent(name: str) -> None:
    """Tell nobody."""


def compare(
    a: str,
    b: str,
    kinds: Collection[str] = tuple(KINDS),
    truths: Truths = NOWHERE,
    least: float = speeds.EFFECT,
    resamples: int = RESAMPLES,
    tell: Callable[[str], None] = silent,
    paper: str = "all",
) -> Comparison:
    """Hold what two words mean (see `side`) against each other; ReproError for a word of no use.

    `least` is the smallest effect of a speed, in per cent; `tell` hears of each evaluation; what
    is published is that of one paper, or of `all`.
    """
    if a == b == PUBLISHED:
        raise ReproError("Both are what the papers print.", "Name your own results as one of them.")
    sides = side(a), side(b)
    if any(one.published for one in sides):
        changes = against_print.changes(*sides, paper)
    else:
        changes = _measured(*sides, kinds, truths, least, resamples, tell)
    return Comparison(a, b, ordered(change for change in changes if change.kind in kinds))


def deciding(pair: "PairedComparison", kinds: Collection[str]) -> Comparison:
    """The deciding figure of two evaluations; nothing where there is none."""
    name = pair.main
    if name is None or "accuracy" not in kinds:
        return Comparison(*pair.names, ())
    difference = pair.differences[name]
    a, b = (metrics[name] for metrics in pair.metrics)
    interval = difference.value, difference.low, difference.high
    call, reason = pair.calls()[name], "paired over images"
    change = Change("accuracy", name, call, a, b, *interval, reason=reason)
    return Comparison(*pair.names, (change,))


def _measured(
    a: Side,
    b: Side,
    kinds: Collection[str],
    truths: Truths,
    least: float,
    resamples: int,
    tell: Callable[[str], None],
) -> Iterator[Change]:
    if "exact" in kinds:
        yield from exact.changes(a, b)
    if "accuracy" in kinds:
        yield from accuracies.changes(a, b, truths, resamples, tell)
    if "speed" in kinds:
        yield from speeds.changes(a, b, least)
