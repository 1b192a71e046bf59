"""The order of the subjects: against published columns, against cost, and on several machines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.speed.measure.subjects import Way
from repro.speed.results import recording
from repro.speed.results.analysis import Analysis

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correlation:
    """How two orders agree: 1 is the same, -1 reversed."""

    value: float
    low: float
    high: float
    """95 % of the orders that this measurement may have given; other models are no part of it"""
    subjects: int


@dataclass(frozen=True)
class TimedOrder:
    """The networks that one run timed in the same way."""

    way: Way
    """how all of them were run"""
    seconds: Mapping[str, float]
    """of a call of each network, the fastest first"""
    faster: tuple[tuple[str, str], ...]
    """pairs of which the first is surely the faster one"""


@dataclass(frozen=True, slots=True)
class NetworkPair:
    """Two networks, and on how many machines the one is surely faster than the other."""

    one: str
    other: str
    faster: int
    """machines on which the one is"""
    slower: int
    unsure: int

    @property
    def swaps(self) -> bool:
        """Whether machines that can tell say the opposite."""
        return bool(self.faster and self.slower)


@dataclass(frozen=True, slots=True)
class OrderStability:
    """How stable the order of networks is over machines."""

    machines: tuple[str, ...]
    order: tuple[str, ...]
    """the networks by their mean rank, fastest first"""
    ranks: Mapping[str, tuple[float, ...]]
    """rank of each network on each machine, 1 is the fastest"""
    pairs: tuple[NetworkPair, ...]
    concordance: float
    """Kendall's W: 1 if all orders are the same, near 0 if they have nothing in common"""
    taus: Mapping[tuple[str, str], float]
    """Kendall's tau of each two machines"""


def orders(analysis: Analysis) -> list[TimedOrder]:
    """The networks of each way of running them, in the order of their speed by the basis."""
    subjects, centre = analysis.run.subjects, analysis.centre()
    ways: dict[Way, list[int]] = {}
    for place in analysis.subjects:
        if not subjects[place].alias:
            ways.setdefault(subjects[place].way, []).append(place)
    ordered = []
    for way, places in ways.items():
        seconds = {place: float(np.exp(centre[analysis.subjects.index(place)])) for place in places}
        ranked = sorted(places, key=lambda place: seconds[place])
        names = {place: recording.name(subjects[place]) for place in ranked}
        sure = tuple(
            (names[one], names[other])
            for one, other in combinations(ranked, 2)
            if analysis.ratio(one, other).verdict == "faster"
        )
        ordered.append(TimedOrder(way, {names[place]: seconds[place] for place in ranked}, sure))
    return ordered


def kendall(analysis: Analysis, published: Mapping[int, float], fps: bool) -> Correlation:
    """Kendall's tau-b of our times against a published column, a value for each subject.

    `fps` says whether the larger value is the faster one. Raise ReproError below two subjects.
    """
    sign = -1 if fps else 1
    slowness = {subject: sign * value for subject, value in published.items()}
    return _correlation(analysis, slowness, kendall_taus)


def spearman(analysis: Analysis, costs: Mapping[int, float]) -> Correlation:
    """Spearman's rho of our times against a cost of each subject, as multiply-accumulates.

    Raise ReproError below two subjects.
    """
    return _correlation(analysis, costs, spearman_rhos)


def _correlation(
    analysis: Analysis, values: Mapping[int, float], measure: Callable[[Floats, Floats], Floats]
) -> Correlation:
    """A rank correlation of the timed subjects that have a value, and of their times drawn anew."""
    places = [place for place, subject in enumerate(analysis.subjects) if subject in values]
    if len(places) < 2:
        raise ReproError(
            f"An order needs two subjects; {len(places)} of {len(values)} were timed.",
            "The run says why the others were not.",
        )
    theirs = np.array([values[analysis.subjects[place]] for place in places])
    value = float(measure(analysis.centre()[None, places], theirs)[0])
    low, high = np.quantile(measure(analysis.draws()[:, places], theirs), (0.025, 0.975))
    return Correlation(value, float(low), float(high), len(places))


def merged(machines: Mapping[str, TimedOrder]) -> OrderStability:
    """The orders on several machines as one picture, of the networks that all of them timed.

    Raise ReproError if these are fewer than two, or if there is only one machine.
    """
    if len(machines) < 2:
        raise ReproError("One machine says nothing of others.", "Give the results of two or more.")
    known = list(machines.values())
    common = [name for name in known[0].seconds if all(name in order.seconds for order in known)]
    if len(common) < 2:
        raise ReproError(
            f"{len(common)} networks are common to the {len(machines)} machines.",
            "Time the same networks with the same options on each.",
        )
    times = np.array([[order.seconds[name] for name in common] for order in known])
    ranks = np.array([_ranked(row) for row in times])
    mean = ranks.mean(axis=0)
    taus = {
        (order, other): float(kendall_taus(times[[first]], times[second])[0])
        for (first, order), (second, other) in combinations(enumerate(machines), 2)
    }
    order = tuple(common[place] for place in np.argsort(mean, kind="stable"))
    return OrderStability(
        machines=tuple(machines),
        order=order,
        ranks={name: tuple(ranks[:, place].tolist()) for place, name in enumerate(common)},
        pairs=tuple(_pair(order, other, known) for order, other in combinations(order, 2)),
        concordance=_concordance(ranks),
        taus=taus,
    )


def _pair(one: str, other: str, known: Sequence[TimedOrder]) -> NetworkPair:
    faster = sum((one, other) in order.faster for order in known)
    slower = sum((other, one) in order.faster for order in known)
    return NetworkPair(one, other, faster, slower, len(known) - faster - slower)


def kendall_taus(times: Floats, other: Floats) -> Floats:
    """Kendall's tau-b (B,) of each row of times (B, S) with other values (S,)."""
    first, second = np.triu_indices(len(other), 1)
    ours = np.sign(times[:, first] - times[:, second])
    theirs = np.sign(other[first] - other[second])
    untied = np.abs(ours).sum(axis=1) * np.abs(theirs).sum()
    values: Floats = (ours @ theirs) / np.sqrt(np.maximum(untied, 1))
    return values


def spearman_rhos(times: Floats, other: Floats) -> Floats:
    """Spearman's rho (B,) of each row of times (B, S) with other values (S,)."""
    theirs = _ranked(other) - (len(other) + 1) / 2
    ours = np.array([_ranked(row) for row in times]) - (len(other) + 1) / 2
    size = np.sqrt((ours**2).sum(axis=1) * (theirs**2).sum())
    values: Floats = (ours @ theirs) / np.maximum(size, 1e-12)
    return values


def _ranked(values: Floats) -> Floats:
    """Ranks from 1, those of equal values being their mean."""
    below = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    ranks: Floats = below + (equal + 1) / 2
    return ranks


def _concordance(ranks: Floats) -> float:
    """Kendall's W of the ranks (M, S), without a correction for ties."""
    machines, subjects = ranks.shape
    sums = ranks.sum(axis=0)
    spread = ((sums - sums.mean()) ** 2).sum()
    return float(12 * spread / (machines**2 * (subjects**3 - subjects)))
