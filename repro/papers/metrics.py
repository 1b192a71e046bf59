"""The metrics that a printed column can hold, and everything in which they differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    family: Literal["cost", "speed", "accuracy"]
    unit: str
    noun: str = ""
    """what its numbers are called, if not by the family"""
    scale: int = 1
    """how many base units one printed unit is; for MACs a column may say otherwise"""
    lower: bool = False
    """whether less is better"""
    synonyms: tuple[str, ...] = ()
    """what users call it"""
    main: bool = False
    """whether it is the figure by which networks are told apart"""
    difference: bool = False
    """whether it is of two values of another metric"""

    @property
    def field(self) -> str:
        """What its numbers are numbers of, one of FIELDS."""
        return self.noun or self.family


FIELDS = ("parameters", "MACs", "accuracy", "speed")
METRICS: Mapping[str, Metric] = {
    "params": Metric("cost", "M", "parameters", scale=10**6, lower=True),
    "macs": Metric("cost", "G", "MACs", scale=10**9, lower=True, synonyms=("flops", "gflops")),
    "latency": Metric("speed", "ms", lower=True),
    "fps": Metric("speed", "FPS"),
    "AP": Metric("accuracy", "%", main=True),
    "AP50": Metric("accuracy", "%"),
    "AP75": Metric("accuracy", "%"),
    "APM": Metric("accuracy", "%"),
    "APL": Metric("accuracy", "%"),
    "AR": Metric("accuracy", "%"),
    "AP_gain": Metric("accuracy", "points", difference=True),
    "Head": Metric("accuracy", "%"),
    "Shoulder": Metric("accuracy", "%"),
    "Elbow": Metric("accuracy", "%"),
    "Wrist": Metric("accuracy", "%"),
    "Hip": Metric("accuracy", "%"),
    "Knee": Metric("accuracy", "%"),
    "Ankle": Metric("accuracy", "%"),
    "Mean": Metric("accuracy", "%", main=True, synonyms=("pckh",)),
}
"""Head ... Mean are PCKh@0.5."""
COST = tuple(name for name, metric in METRICS.items() if metric.family == "cost")
SPEED = tuple(name for name, metric in METRICS.items() if metric.family == "speed")
ACCURACY = tuple(
    name
    for name, metric in METRICS.items()
    if metric.family == "accuracy" and not metric.difference
)
"""what one evaluation gives"""
MAIN = tuple(name for name, metric in METRICS.items() if metric.main)
LOWER = tuple(name for name, metric in METRICS.items() if metric.lower)
SYNONYMS = {synonym: name for name, metric in METRICS.items() for synonym in metric.synonyms}
