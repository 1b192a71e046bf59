"""How far a training is, as a checkpoint keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import cast

Row = dict[str, object]
"""one epoch: where it was, mean losses, and what an evaluation after it found"""


@dataclass(frozen=True, slots=True)
class Best:
    """The best weights so far, of a stage or of all."""

    file: str
    sha256: str
    step: int
    metric: str
    """by which they are the best; empty where nothing is evaluated"""
    value: float


@dataclass
class Sums:
    """Losses added up over the steps of an epoch."""

    steps: int = 0
    values: dict[str, float] = field(default_factory=dict)

    def add(self, values: Mapping[str, float]) -> None:
        """One more step."""
        self.steps += 1
        for name, value in values.items():
            self.values[name] = self.values.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """Of the steps so far."""
        return {name: value / self.steps for name, value in self.values.items()}


@dataclass
class TrainState:
    """How far a training is."""

    step: int = 0
    sums: Sums = field(default_factory=Sums)
    """of the epoch that is under way"""
    stage_best: Best | None = None
    best: Best | None = None
    history: list[Row] = field(default_factory=list)

    def described(self) -> dict[str, object]:
        """As a checkpoint can hold it."""
        return asdict(self)

    @staticmethod
    def read(kept: Mapping[str, object]) -> "TrainState":
        """What `described` gave."""
        sums = cast(dict[str, object], kept["sums"])
        return TrainState(
            cast(int, kept["step"]),
            Sums(cast(int, sums["steps"]), cast(dict[str, float], sums["values"])),
            _best(kept["stage_best"]),
            _best(kept["best"]),
            cast(list[Row], kept["history"]),
        )


def _best(kept: object) -> Best | None:
    return None if kept is None else Best(**cast(dict[str, object], kept))  # type: ignore[arg-type]
