"""What the commands write with --json, as far as a comparison reads it."""

from collections.abc import Mapping
from dataclasses import dataclass

from repro.papers.values import Options, Scalar, Size

Bounds = tuple[float, float]
"""of a 95 % interval"""


@dataclass(frozen=True)
class Counted:
    """A network of `repro count`."""

    model: str
    input: Size
    keypoints: int
    params: int
    macs: Mapping[str, int]
    uncounted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Equal:
    """A network of `repro parity`."""

    model: str
    ok: bool


@dataclass(frozen=True)
class Evaluated:
    """What `repro eval` gave."""

    model: str
    input: Size
    keypoints: int
    options: Options
    weights: Mapping[str, Scalar]
    data: Mapping[str, Scalar]
    protocol: Mapping[str, object]
    execution: Mapping[str, Scalar]
    evaluator: str
    metrics: Mapping[str, float]
    intervals: Mapping[str, Bounds]
    record: str


@dataclass(frozen=True)
class Scored:
    """What `repro score` gave."""

    dataset: str
    metrics: Mapping[str, float | None]
    intervals: Mapping[str, Bounds]
    evaluator: str
    people: int
    images: int | None = None


@dataclass(frozen=True)
class Seconds:
    """Of a call."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Timed:
    """A network of `repro speed`."""

    name: str
    seconds: Seconds | None = None


@dataclass(frozen=True)
class Ratio:
    """How many times as long one takes as another."""

    of: str
    against: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Timing:
    """What `repro speed` gave."""

    timing: Mapping[str, object]
    basis: str
    record: str
    noise_floor: float | None = None
    unstable: str | None = None


@dataclass(frozen=True)
class Figure:
    """A measured figure of a cell."""

    value: float
    unit: str
    convention: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Cell:
    """A cell of `repro run`."""

    study: str
    table: str
    row: str
    column: str
    measured: Figure | None = None
    record: str | None = None
