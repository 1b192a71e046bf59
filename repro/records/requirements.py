"""What a printed number asks of a run, so that it can be held against what the run gave."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol as Typed

from repro.papers.protocol import Protocol
from repro.papers.study import Column, Row, Table
from repro.papers.values import Options, Size
from repro.records.record import plain
from repro.records.runs import CountRun, network_name


class Requirement(Typed):
    """What a record must be of. Every run is one: it asks for itself."""

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec satisfies it."""
        ...


@dataclass(frozen=True)
class AccuracyRequirement:
    """What an evaluation must be to fill a printed cell, whatever machine made it."""

    model: str
    input: Size
    keypoints: int
    options: Options
    weights: str
    """the name of the weights, see `weights_name`"""
    protocol: Protocol
    rehearsal: float | None = None
    """share of a rehearsal: then just its figures count, which count for nothing else"""

    @functools.cached_property
    def plain(self) -> object:
        """What a record's spec says of its network and its rules, as it comes back from JSON."""
        return plain(
            {
                "model": self.model,
                "input": self.input,
                "keypoints": self.keypoints,
                "options": dict(self.options),
                "protocol": self.protocol.described(),
            }
        )

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is such an evaluation, on the official data and all weights.

        In a rehearsal: on its stand-ins, of weights that were trained on them. Of several trainings
        alike the one of seed 0 counts, whatever the others reach.
        """
        weights, data = spec.get("weights"), spec.get("data")
        if spec.get("kind") != "evaluate" or not isinstance(weights, dict):
            return False
        rules = ("model", "input", "keypoints", "options", "protocol")
        return (
            isinstance(data, dict)
            and data.get("rehearsal") == weights.get("rehearsal") == self.rehearsal
            and weights.get("name") == self.weights
            and weights.get("partial") is not True
            and (self.rehearsal is not None or _genuine(weights, data))
            and not weights.get("seed")
            and {key: spec.get(key) for key in rules} == self.plain
        )

    def same_evaluation(self, other: "AccuracyRequirement") -> bool:
        """Whether one evaluation satisfies both, by whatever source each paper has its rules."""
        return self.weights == other.weights and self.plain == other.plain

    def __str__(self) -> str:
        rehearsed = "" if self.rehearsal is None else ", rehearsed"
        return f"{self.weights} on {self.protocol.on}{rehearsed}"


def _genuine(weights: Mapping[str, object], data: Mapping[str, object]) -> bool:
    """Whether the data are the official ones, and the weights are by their recipe in everything."""
    return data.get("official") is True and weights.get("faithful", True) is True


@dataclass(frozen=True)
class SubsetRequirement:
    """What an evaluation on some images of an official set must be, whoever named the files."""

    model: str
    """of the zoo, or `onnx` for an exported file"""
    input: Size
    options: Options
    weights: Mapping[str, str]
    """what the record says of them, such as their digest"""
    annotations: str
    """sha256 of their file, which tells the images"""
    protocol: Protocol
    """its split is that of the official set, or any other name"""
    boxes: str | None = None
    """sha256 of a detector's file; None for any of the protocol's name"""

    @functools.cached_property
    def plain(self) -> dict[str, object]:
        """What a record's spec says of its network and its rules, as it comes back from JSON."""
        spec = plain(
            {
                "model": self.model,
                "input": self.input,
                "keypoints": self.protocol.keypoints,
                "options": dict(self.options),
                "protocol": _wherever(self.protocol.described()),
            }
        )
        assert isinstance(spec, dict)
        return spec

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is such an evaluation, of all weights and by their recipe."""
        weights, data, rules = (_part(spec, key) for key in ("weights", "data", "protocol"))
        return (
            spec.get("kind") == "evaluate"
            and all(weights.get(key) == value for key, value in self.weights.items())
            and weights.get("partial") is not True
            and weights.get("faithful", True) is True
            and not weights.get("seed")
            and data.get("annotations") == self.annotations
            and self.boxes in (None, data.get("boxes"))
            and {**{key: spec.get(key) for key in self.plain}, "protocol": _wherever(rules)}
            == self.plain
        )


def _part(spec: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A part of a spec that is a table; an empty one where it is none."""
    part = spec.get(key)
    return part if isinstance(part, Mapping) else {}


def _wherever(rules: Mapping[str, object]) -> dict[str, object]:
    """Rules without the name of the split, which files of any name have."""
    return {key: value for key, value in rules.items() if key != "split"}


@dataclass(frozen=True)
class SpeedRequirement:
    """What a timing must be to judge one printed speed: its network and the rivals, together."""

    networks: tuple[CountRun, ...]
    """those of the column, in the order of the rows; counts stand for the networks"""
    network: str
    """of the row, as `network_name` calls it"""
    rivals: Mapping[str, str]
    """label of every other row that prints a speed -> its network"""
    batch: int
    rehearsal: float | None = None
    """share of a rehearsal: then just its timings count, which count for nothing else"""

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is such a timing: the plain network, interleaved, eager, fp32.

        On the processor, and to its end.
        """
        timed, backends = spec.get("networks"), spec.get("backends")
        usual = {
            "kind": "speed",
            "batch": self.batch,
            "precision": "fp32",
            "stage": "net",
            "flip": False,
            "protocol": "repro",
            "rehearsal": self.rehearsal,
        }
        return (
            isinstance(timed, list)
            and isinstance(backends, list)
            and "eager" in backends
            and spec.get("device", "cpu") == "cpu"
            and not spec.get("interrupted")
            and set(timed) >= set(map(network_name, self.networks))
            and all(spec.get(key) == value for key, value in usual.items())
        )

    def same_timing(self, other: "SpeedRequirement") -> bool:
        """Whether one timing satisfies both: of the same networks, for any two rows."""
        mine, theirs = (set(map(network_name, speed.networks)) for speed in (self, other))
        return self.batch == other.batch and mine == theirs

    def __str__(self) -> str:
        rehearsed = "" if self.rehearsal is None else ", rehearsed"
        return f"{len(self.networks)} networks, batch {self.batch}{rehearsed}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One printed number that was selected, and what would measure it."""

    table: Table
    row: Row
    column: Column
    spec: CountRun | AccuracyRequirement | SpeedRequirement | None
    """what a record must be of to give it"""
    other: CountRun | None = None
    """a run at another input size or number of keypoints, whose figure the paper may print"""
    lacking: str = ""
    """why there is no run: what is missing and how to supply it"""

    @property
    def rehearsal(self) -> float | None:
        """Share of the rehearsal that its figure is of, if it is; a count is always a count."""
        return None if isinstance(self.spec, CountRun | None) else self.spec.rehearsal

    @property
    def specs(self) -> tuple[CountRun, ...]:
        """Every count that this cell can use."""
        return tuple(spec for spec in (self.spec, self.other) if isinstance(spec, CountRun))

    @property
    def of_other_joints(self) -> bool:
        """Whether the other run differs in nothing but the data set, by its number of joints."""
        first, *others = self.specs
        return any(first.input == other.input for other in others)

    @property
    def place(self) -> str:
        """`paper1 table1 Ours 256x192 params`."""
        return f"{self.table.study} {self.table.name} {self.row.label} {self.column.key}"
