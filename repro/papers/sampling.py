"""How far accuracies move when other images are drawn, as `tables/sampling.toml` lists it.

Half widths of 95 % intervals, by resampling the images of real evaluations; no training is in them.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders
from repro.papers.datasets import REAL
from repro.papers.metrics import ACCURACY

FILE = "sampling.toml"


@dataclass(frozen=True, slots=True)
class SamplingWidths:
    """Half the 95 % interval of each metric, in points, on some images of a data set."""

    datasets: tuple[str, ...]
    """whose evaluations they stand for"""
    labelled: int
    """persons with joints on those images"""
    source: str
    """what was resampled, and how"""
    alone: Mapping[str, float]
    """metric -> of one network's figure"""
    networks: Mapping[str, float] = field(default_factory=dict)
    """metric -> of the difference of two networks on the same images"""
    decodings: Mapping[str, float] = field(default_factory=dict)
    """metric -> of the difference of one network's maps read in two ways, on the same images"""

    def __post_init__(self) -> None:
        for name in self.datasets:
            if name not in REAL:
                raise unknown("data set", name, REAL)
        if self.labelled < 1:
            raise ReproError(f"`{self.source}` has {self.labelled} persons.", "It takes some.")
        for widths in (self.alone, self.networks, self.decodings):
            for name, width in widths.items():
                if name not in ACCURACY:
                    raise unknown("accuracy", name, ACCURACY)
                if not 0 < width < 100:
                    raise ReproError(f"{name} has the width {width:g}.", "It is in points.")


@dataclass(frozen=True, slots=True)
class _SamplingFile:
    samples: tuple[SamplingWidths, ...]


def widths(dataset: str) -> SamplingWidths | None:
    """Those for the evaluations of a data set; None where there are none."""
    path = folders.tables_dir() / FILE
    samples = _read(path) if path.exists() else ()
    return next((one for one in samples if dataset in one.datasets), None)


@functools.cache
def _read(path: Path) -> tuple[SamplingWidths, ...]:
    return schema.read(_SamplingFile, schema.toml(path, FILE), FILE).samples
