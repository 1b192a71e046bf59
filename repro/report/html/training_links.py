"""The trainings that the report leads to, as rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from repro.papers.metrics import MAIN
from repro.report.contents import TrainingLink


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A training as words."""

    name: str
    address: str
    recipe: str
    data: str
    steps: str
    best: str
    """the main figure, in per cent"""
    faithful: str
    """whether its recipe was followed"""


def rows(links: Sequence[TrainingLink]) -> Iterator[TrainingRow]:
    """A row for each training."""
    for link in links:
        record, spec = link.record, link.record.spec
        recipe, data, deviations = (spec.get(name) for name in ("recipe", "data", "deviations"))
        metric = next((name for name in MAIN if record.measurement(name)), None)
        value = None if metric is None else record.value(metric)
        steps = record.value("steps")
        changed = len(deviations) if isinstance(deviations, list | tuple) else 0
        yield TrainingRow(
            str(spec.get("name", "training")),
            link.address,
            str(recipe.get("name", "")) if isinstance(recipe, dict) else "",
            str(data.get("name", "")) if isinstance(data, dict) else "",
            "" if steps is None else f"{steps:,}",
            "–" if value is None else f"{metric} {value:.1f}",
            f"{changed} deviations" if changed else "yes",
        )
