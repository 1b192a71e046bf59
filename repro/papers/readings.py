"""The readings of a network that a paper under-specifies, as NAME/readings.toml lists them.

A dimension is one thing that the paper leaves open: an option of the builder in `zoo`, and the
values that it may have. A reading has a value of each. A value may break a sentence of the paper;
so may what the reading costs.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import zoo
from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders
from repro.papers.conventions import CONVENTIONS
from repro.papers.metrics import COST
from repro.papers.study import load_study
from repro.papers.values import Options, Scalar, Size

FILE = "readings.toml"

Value = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a paper says that a reading may break."""

    where: str
    printed: str
    """word for word"""
    says: str
    """what breaking it means, in a few words"""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that the paper leaves open."""

    option: str
    """of the builder"""
    says: str
    """what is open"""
    values: tuple[Value, ...]
    """that it may have; the first where a reading does not say"""
    breaks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """value, as `shown` -> sentences that it breaks"""
    at: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    """value, as `shown` -> by input size, `384x288`, what the builder gets for it there"""

    def __post_init__(self) -> None:
        known = [shown(value) for value in self.values]
        if not known or len(set(known)) < len(known):
            raise ReproError(f"The values of `{self.option}` are none, or one of them is twice.")
        for value in (*self.breaks, *self.at):
            if value not in known:
                raise unknown(f"value of `{self.option}`", value, known)

    def built(self, value: Value, size: Size) -> Value:
        """What the builder gets for a value at an input size."""
        return self.at.get(shown(value), {}).get(f"{size[0]}x{size[1]}", value)


@dataclass(frozen=True, slots=True)
class Bound:
    """A sentence that what a reading costs may break: its share of another network's cost."""

    sentence: str
    model: str
    """a printed network, as tables name it"""
    input: Size
    of: str
    """the other network, of the zoo"""
    of_input: Size
    keypoints: int
    metric: str = "params"
    above: float = 0.0
    below: float = 1.0
    """the share must lie between, neither end of it included"""

    def __post_init__(self) -> None:
        if self.metric not in COST:
            raise unknown("cost", self.metric, COST)
        if not 0 <= self.above < self.below:
            raise ReproError(f"No share is above {self.above:g} and below {self.below:g}.")


@dataclass(frozen=True, slots=True)
class NamedReading:
    """A reading that has a name: a value of each dimension, and a way of counting."""

    name: str
    says: str
    """what is chosen, in plain words"""
    choices: Mapping[str, Value] = field(default_factory=dict)
    """option -> value, where it is not the first"""
    convention: str | None = None
    """by which MACs are counted; that of each column where it is not said"""


@dataclass(frozen=True, slots=True)
class Readings:
    """The file readings.toml of a paper."""

    networks: Mapping[str, str]
    """printed network, as tables name it -> the network of the zoo that takes the options"""
    dimensions: tuple[Dimension, ...]
    named: tuple[NamedReading, ...]
    sentences: Mapping[str, Sentence] = field(default_factory=dict)
    bounds: tuple[Bound, ...] = ()
    conventions: tuple[str, ...] = ()
    """by which a search counts MACs; the columns' own where there are none"""
    notes: tuple[str, ...] = ()
    study: str = field(init=False, default="")

    def choices(self, reading: NamedReading) -> dict[str, Value]:
        """The value of every dimension in a reading."""
        return {
            dimension.option: reading.choices.get(dimension.option, dimension.values[0])
            for dimension in self.dimensions
        }

    def options(self, choices: Mapping[str, Value], size: Size) -> dict[str, Value]:
        """What the builder gets for a reading at an input size."""
        return {
            dimension.option: dimension.built(choices[dimension.option], size)
            for dimension in self.dimensions
        }

    def broken(self, choices: Mapping[str, Value]) -> list[str]:
        """The sentences that the values of a reading break, as the file lists them."""
        names = {
            name
            for dimension in self.dimensions
            for name in dimension.breaks.get(shown(choices[dimension.option]), ())
        }
        return [name for name in self.sentences if name in names]

    def reading(self, name: str) -> NamedReading:
        """The reading of exactly that name; ReproError if there is none."""
        found = next((one for one in self.named if one.name == name), None)
        if found is None:
            raise unknown("reading", name, (one.name for one in self.named))
        return found


def shown(value: Value) -> str:
    """A value as `breaks` and `at` name it: `7`, `true`, `32+24+32`."""
    if isinstance(value, tuple):
        return "+".join(map(shown, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def has_readings(study: str) -> bool:
    """Whether a paper has a file of readings."""
    return (folders.study_folder(study) / FILE).is_file()


@functools.cache
def load_readings(study: str) -> Readings:
    """The readings of the paper of exactly that name."""
    path = folders.study_folder(study) / FILE
    file = folders.shown(path)
    if not path.is_file():
        raise ReproError(
            f"`{study}` has no {FILE}: nothing says what it leaves open.",
            "docs/adding.md tells how to write one.",
        )
    readings = schema.read(Readings, schema.toml(path, file), file)
    object.__setattr__(readings, "study", study)
    load_study(study)  # from then on its own networks are known
    for error in problems(readings):
        raise ReproError(f"{file}: {error}", error.hint)
    return readings


def problems(readings: Readings) -> Iterator[ReproError]:
    """What is wrong between the parts of a file."""
    for what, names in (
        ("dimension", [one.option for one in readings.dimensions]),
        ("reading", [one.name for one in readings.named]),
    ):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            yield ReproError(f"the {what} `{twice}` is twice.")
    said = (
        *(name for one in readings.dimensions for broken in one.breaks.values() for name in broken),
        *(one.sentence for one in readings.bounds),
    )
    for name in said:
        if name not in readings.sentences:
            yield unknown("sentence", name, readings.sentences)
    for model in (*readings.networks.values(), *(bound.of for bound in readings.bounds)):
        if model not in zoo.MODELS:
            yield unknown("model", model, zoo.MODELS)
    for bound in readings.bounds:
        if bound.model not in readings.networks:
            yield unknown("printed network", bound.model, readings.networks)
    for rules in (*readings.conventions, *(one.convention for one in readings.named)):
        if rules is not None and rules not in CONVENTIONS:
            yield unknown("convention", rules, CONVENTIONS)
    for reading in readings.named:
        for error in unfit(readings, reading.choices):
            yield ReproError(f"`{reading.name}`: {error}", error.hint)


def unfit(readings: Readings, choices: Options) -> Iterator[ReproError]:
    """What some choices name that no dimension has."""
    values = {one.option: one.values for one in readings.dimensions}
    for option, value in choices.items():
        if option not in values:
            yield unknown("dimension", option, values)
        elif value not in values[option]:
            yield unknown(f"value of `{option}`", shown(value), map(shown, values[option]))
