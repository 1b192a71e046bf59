"""What is public of data sets and metrics: counts that the program has, and stated figures.

`tables/public_facts.toml` adds to `repro.papers.datasets` what publishers state, each figure with
its source. Nobody is held to a figure from here but a sentence that speaks of the same thing.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders
from repro.papers.datasets import DATASETS, REAL
from repro.papers.metrics import METRICS

FILE = "public_facts.toml"
WHOLE = "whole"
"""in the place of a split: the data set with all its splits"""
FLAG = "flag"
"""in the place of a split: what a joint's visibility says"""


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """A figure as somebody states it."""

    value: int | float
    source: str


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """The file: data set -> split -> what -> figure, and metric -> what -> figure."""

    datasets: Mapping[str, Mapping[str, Mapping[str, StatedFigure]]] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, StatedFigure]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, splits in self.datasets.items():
            if name not in REAL:
                raise unknown("data set", name, REAL)
            for split, figures in splits.items():
                twice = figures.keys() & _counted(name, split).keys()
                if twice:
                    raise ReproError(
                        f"`{min(twice)}` of {name} {split} is stated, and the program has it.",
                        "Leave it out of the file.",
                    )
        for name in self.metrics:
            if name not in METRICS:
                raise unknown("metric", name, METRICS)

    def dataset(self, name: str) -> Mapping[str, object]:
        """Everything known of a data set; ReproError if there is none of that name.

        Its joints, what it is trained and compared on, and for each split its figures.
        """
        if name not in REAL:
            raise unknown("data set", name, REAL)
        entry = DATASETS[name]
        stated = self.datasets.get(name, {})
        splits = {split: _counted(name, split) for split in (*entry.splits, *stated)}
        figures = {
            split: counts | {what: one.value for what, one in stated.get(split, {}).items()}
            for split, counts in splits.items()
        }
        return {
            "joints": len(entry.skeleton.joints),
            "measure": entry.measure,
            "trained_on": entry.trained_on,
            "compared_on": entry.compared_on,
            **figures,
        }

    def metric(self, name: str) -> Mapping[str, object]:
        """Everything stated of a metric; ReproError if nothing is."""
        if name not in self.metrics:
            raise unknown("stated metric", name, self.metrics)
        return {what: one.value for what, one in self.metrics[name].items()}

    def source(self, section: str, name: str, path: tuple[str, ...]) -> str:
        """Who states a figure; empty for one of the program's own."""
        if section == "metrics":
            stated = self.metrics.get(name, {}).get(path[0])
        else:
            split, what = (*path, "")[:2]
            stated = self.datasets.get(name, {}).get(split, {}).get(what)
        return stated.source if stated else ""


def load() -> PublicFacts:
    """The facts of our folder of tables; none stated where it has no such file."""
    path = folders.tables_dir() / FILE
    if not path.exists():
        return PublicFacts()
    return schema.read(PublicFacts, schema.toml(path, FILE), FILE)


def _counted(name: str, split: str) -> dict[str, object]:
    """What the program has of a split, or of something in a split's place."""
    facts = DATASETS[name].facts(split)
    values = dataclasses.asdict(facts) if facts else {}
    return {what: value for what, value in values.items() if isinstance(value, int)}
