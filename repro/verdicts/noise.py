"""Whether a difference of two accuracies can come from the choice of the images alone.

Half the 95 % interval of a figure falls as one over the root of the persons it is counted on, so
that those of `tables/sampling.toml`, of real evaluations of fewer persons, are scaled by

    half width on a split = half width there * sqrt(labelled persons there / labelled persons here).

It is a simulation for the split, not a measurement on it. Another training of the same network
moves a figure too, which comes on top and is not known here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from repro.errors import listed
from repro.papers import sampling
from repro.papers.datasets import DATASETS, OfficialFacts
from repro.papers.sampling import SamplingWidths

WITHIN, PERHAPS, BEYOND = "within noise", "perhaps noise", "more than the images make"
CALLS = WITHIN, PERHAPS, BEYOND
"""what a difference is, the least first"""


@dataclass(frozen=True, slots=True)
class SamplingNoise:
    """How far a metric moves on a split when other images are drawn; in points, to both sides."""

    metric: str
    on: str
    """data set and split, as in `COCO val2017`"""
    persons: int
    """labelled, on the split"""
    about: bool
    """whether they were taken to be as many an image as on another split, as nothing is known"""
    alone: float
    """one figure"""
    networks: float
    """the difference of two networks: no more than of two that have nothing in common"""
    paired: bool
    """whether it is from pairs, and not root 2 times that of one figure, the most it can be"""
    decodings: float | None
    """the difference of two ways to read one network's maps, where pairs are known"""
    widths: SamplingWidths

    @property
    def moves(self) -> tuple[str, ...]:
        """How far differences are moved, in words: of networks, then of decodings."""
        most = "" if self.paired else " at most"
        words = (f"a difference of two networks by ±{self.networks:.2f}{most}",)
        if self.decodings is None:
            return words
        return (*words, f"one of two decodings of a network by ±{self.decodings:.2f}")

    def call(self, points: float, one_network: bool = False) -> str:
        """WITHIN, PERHAPS or BEYOND noise, of a difference between trainings, or of decodings."""
        most = self.decodings if one_network and self.decodings is not None else self.networks
        if abs(points) > most:
            return BEYOND
        least = 0.0 if self.decodings is None else self.decodings
        return WITHIN if abs(points) <= least else PERHAPS


def on_split(metric: str, dataset: str, split: str) -> SamplingNoise | None:
    """The noise of a metric; None where nothing was resampled, or the split's size is unknown."""
    known, persons = sampling.widths(dataset), _persons(dataset, split)
    if known is None or persons is None or metric not in known.alone:
        return None
    count, about = persons
    scale = math.sqrt(known.labelled / count)
    pair = known.networks.get(metric)
    decodings = known.decodings.get(metric)
    return SamplingNoise(
        metric=metric,
        on=f"{DATASETS[dataset].title} {split}",
        persons=count,
        about=about,
        alone=scale * known.alone[metric],
        networks=scale * (math.sqrt(2) * known.alone[metric] if pair is None else pair),
        paired=pair is not None,
        decodings=None if decodings is None else scale * decodings,
        widths=known,
    )


def told(noise: SamplingNoise, points: Sequence[float], one_network: bool = False) -> str:
    """What some differences are, the least and the greatest of them named, in a sentence."""
    calls = {noise.call(one, one_network) for one in points}
    worst = max(calls, key=CALLS.index)
    sizes = sorted({round(abs(one), 2) for one in points})
    span = f"{sizes[0]:g}" + (f" to {sizes[-1]:g}" if len(sizes) > 1 else "")
    words = worst if len(calls) == 1 else f"{worst} or less"
    moves = noise.moves[1:] if one_network and noise.decodings is not None else noise.moves
    return (
        f"{span} points of {noise.metric} on {noise.on}: {words}, since the choice of images alone "
        f"moves {listed(moves)} (simulated)."
    )


def explained(noise: SamplingNoise) -> str:
    """How far the choice of images moves a figure and a difference."""
    persons = f"{'about ' if noise.about else ''}{noise.persons:,} labelled persons"
    figure = f"one {noise.metric} by ±{noise.alone:.2f}"
    return (
        f"On {noise.on}, {persons}, the choice of images alone moves "
        f"{listed((figure, *noise.moves))} (95 %, simulated)."
    )


def source(noise: SamplingNoise) -> str:
    """What the noise was simulated from, and what is not in it."""
    return (
        f"From the {noise.widths.source}. Half the interval is scaled by the root of the persons; "
        "another training of a network comes on top of it."
    )


def _persons(dataset: str, split: str) -> tuple[int, bool] | None:
    """The labelled persons of a split, and whether they are counted by its images alone."""
    entry = DATASETS.get(dataset)
    facts = entry.facts(split) if entry is not None else None
    if entry is None or facts is None:
        return None
    if facts.labelled is not None:
        return facts.labelled, False
    like = entry.facts(entry.compared_on) or OfficialFacts()
    if facts.images is None or like.images is None or like.labelled is None:
        return None
    return round(facts.images * like.labelled / like.images), True
