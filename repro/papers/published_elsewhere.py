"""Figures that others have published, as `tables/published_elsewhere.toml` lists them.

They are of networks which a paper sets beside its own, and tell where a printed figure may be from.
"""

import fnmatch
from dataclasses import dataclass
from pathlib import Path

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders, published
from repro.papers.catalogues import gathered
from repro.papers.metrics import ACCURACY, SPEED
from repro.papers.published import Published
from repro.papers.values import Size

FILE = "published_elsewhere.toml"


@dataclass(frozen=True, slots=True)
class ElsewhereFigure:
    """One accuracy or speed."""

    network: str
    """the zoo's name, or a pattern where the source means a network whatever its head"""
    metric: str
    value: str
    """as printed, in the usual unit: per cent, ms, FPS"""
    input: Size | None = None
    """where the source says it"""

    def __post_init__(self) -> None:
        if self.metric not in (*ACCURACY, *SPEED):
            raise unknown("accuracy or speed", self.metric, (*ACCURACY, *SPEED))
        if published.parse(self.value) is None:
            raise ReproError(f"`{self.value}` is no {self.metric}.", "Write the digits alone.")

    @property
    def printed(self) -> Published:
        """The number that `value` is."""
        number = published.parse(self.value)
        assert number is not None
        return number

    def fits(self, network: str, metric: str) -> bool:
        """Whether it is the metric of a network of the zoo."""
        return metric == self.metric and fnmatch.fnmatchcase(network, self.network)


@dataclass(frozen=True, slots=True)
class ElsewhereSource:
    """Where some figures stand, and what they are of."""

    source: str
    figures: tuple[ElsewhereFigure, ...]
    on: str | None = None
    """data set and split, as in `COCO val2017`"""
    device: str | None = None

    def __post_init__(self) -> None:
        for one in self.figures:
            if (self.on if one.metric in ACCURACY else self.device) is None:
                lacking = "`on`" if one.metric in ACCURACY else "`device`"
                raise ReproError(
                    f"`{self.source}` has {one.metric} {one.value} and no {lacking}.",
                    "Say the images of accuracies, and the machine of speeds.",
                )


@dataclass(frozen=True, slots=True)
class ElsewhereCatalogue:
    """The file, or that of a user, which adds to it."""

    sources: tuple[ElsewhereSource, ...] = ()


def sources() -> list[ElsewhereSource]:
    """Those of all folders of papers; ReproError where ours are wrong.

    A file of a user that is wrong is left out.
    """
    paths = (folder / FILE for folder in folders.study_folders())
    return gathered((path for path in paths if path.is_file()), [], _added)


def _added(before: list[ElsewhereSource], path: Path) -> list[ElsewhereSource]:
    file = folders.shown(path)
    return [*before, *schema.read(ElsewhereCatalogue, schema.toml(path, file), file).sources]
