"""How a network is trained: a paper's recipe as data, each field with its source.

A study writes recipes down as far as they are known: what the paper prints, what the official code
does. `resolve` completes one by the recipe it names under `otherwise`, and by the cases that apply
to a data set, an input size or a network; it says of every field where it is from.
"""

import dataclasses
import fnmatch
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from repro import schema
from repro.errors import ReproError, unknown

Setting = str | bool | int | float
OPTIMIZERS = ("Adam", "AdamW", "SGD")
INITS = ("network", "normal 0.001", "torch")
UNSAID = "no source gives it; as it is where nothing is said"


@dataclass(frozen=True, slots=True)
class Loss:
    """What is made small: a name among `repro.pose.losses`, and its settings."""

    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def __str__(self) -> str:
        settings = ", ".join(f"{key} {value}" for key, value in self.settings.items())
        return f"{self.name} ({settings})" if settings else self.name


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training, complete; a chance is a probability, an angle in degrees."""

    optimizer: str
    """one of OPTIMIZERS; what is not said here is as in PyTorch"""
    lr: float
    epochs: int
    batch: int
    """persons, or whole images, of one step of the optimizer on all devices together"""
    loss: Loss
    whole: bool = False
    """whether the network looks at whole images, not at one person"""
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = None
    """largest norm of all gradients together; not limited by default"""
    decay: float = 0.1
    """what the learning rate is multiplied by at each milestone"""
    milestones: tuple[int, ...] = ()
    """epochs, counted from 0, which the decayed rate begins with"""
    warmup_iterations: int = 0
    """steps over which the learning rate rises to its value, in a straight line"""
    warmup_ratio: float = 1.0
    """the share of the learning rate that the warm-up begins with"""
    stages: int = 1
    """rounds of training, each after the first from the best weights of the one before"""
    restart_epoch: int = 0
    """the epoch that those stages begin with; milestones and epochs stay absolute"""
    average: float = 0.0
    """decay of the moving average of the weights that is evaluated and kept; 0: none"""
    evaluate_every: int = 10
    """epochs; also after the last of a stage"""
    init: str = "network"
    """`network`: as the network's official code; `normal 0.001`: the weights of all convolutions;
    `torch`: as PyTorch leaves its layers"""
    pretraining: str = ""
    """the data whose weights the training begins with"""
    sigma: float = 2.0
    """of the Gaussian targets, in heatmap pixels"""
    centre: str = "nearest"
    """`nearest` heatmap pixel to the joint, or the `exact` place"""
    cut: float = 3.0
    """sigmas beyond which a target is 0; inf: nowhere"""
    flip: float = 0.0
    """chance"""
    half_body: float = 0.0
    """chance, where more than 8 joints are labelled"""
    scale_factor: float = 0.0
    """boxes are scaled by 1 + factor · N(0, 1), at most by 1 ± factor"""
    rotation_factor: float = 0.0
    """rotation by factor · N(0, 1), at most by twice the factor"""
    rotation_chance: float = 0.6
    centre_shift: float = 0.0
    """largest shift of the box, as a share of its sides"""
    centre_chance: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    """whole images: least and largest, of the short side"""
    rotation: float = 0.0
    """whole images: largest, evenly to both sides"""
    translation: float = 0.0
    """whole images: largest, in 200ths of the scaled short side"""

    def __post_init__(self) -> None:
        """Raise ReproError for a value that no training can have."""
        if self.optimizer not in OPTIMIZERS:
            raise unknown("optimizer", self.optimizer, OPTIMIZERS)
        if self.init not in INITS:
            raise unknown("initialisation", self.init, INITS)
        if self.centre not in ("nearest", "exact"):
            raise unknown("centre of targets", self.centre, ("nearest", "exact"))
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,):
                if one is not None and not least <= one <= most:
                    raise ReproError(
                        f"`{name}` of a recipe is {one:g}.",
                        f"It is {least:g} to {most:g}." if most < HUGE else f"{least:g} or more.",
                    )
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ReproError(f"The milestones {self.milestones} do not rise.", "Put them in order.")
        if self.restart_epoch >= self.epochs:
            raise ReproError(
                f"A stage cannot restart at epoch {self.restart_epoch} of {self.epochs}.",
                "Restart before the last epoch.",
            )
        if self.scale[0] > self.scale[1]:
            raise ReproError(f"No scale is within {self.scale}.", "Put the least first.")

    def described(self) -> dict[str, object]:
        """As plain data."""
        return {**dataclasses.asdict(self), "loss": str(self.loss)}


HUGE = 1e9
BOUNDS: Mapping[str, tuple[float, float]] = {
    "lr": (1e-12, 1e3),
    "epochs": (1, 100_000),
    "batch": (1, 2**20),
    "momentum": (0, 1),
    "weight_decay": (0, 1),
    "clip": (1e-9, HUGE),
    "decay": (0, 1),
    "milestones": (1, HUGE),
    "warmup_iterations": (0, HUGE),
    "warmup_ratio": (0, 1),
    "stages": (1, 100),
    "restart_epoch": (0, HUGE),
    "average": (0, 0.99999),
    "evaluate_every": (1, HUGE),
    "sigma": (0.1, 100),
    "cut": (0.1, float("inf")),
    "flip": (0, 1),
    "half_body": (0, 1),
    "scale_factor": (0, 0.99),
    "rotation_factor": (0, 180),
    "rotation_chance": (0, 1),
    "centre_shift": (0, 10),
    "centre_chance": (0, 1),
    "scale": (0.01, 100),
    "rotation": (0, 180),
    "translation": (0, 1000),
}
"""least and largest value of the fields that are numbers"""


@dataclass(frozen=True, slots=True)
class Case:
    """What differs for a data set, an input size or some networks."""

    when: str
    """words that must all hold: `mpii`, `384x288`, `coco 384x288`, a network's name or pattern"""
    fields: Mapping[str, object]
    source: str


@dataclass(frozen=True, slots=True)
class Written:
    """A recipe as far as somebody wrote it down."""

    fields: Mapping[str, object]
    """some of a Recipe"""
    sources: Mapping[str, tuple[str, ...]]
    """where -> the fields that are from there"""
    otherwise: str | None = None
    """the recipe of the same study that gives what this one does not"""
    cases: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise ReproError where a field has no source, two, or an impossible value."""
        named = [name for names in self.sources.values() for name in names]
        for name in {*self.fields, *named}:
            if name not in FIELDS:
                raise unknown("field of a recipe", name, FIELDS)
            if named.count(name) != 1 or name not in self.fields:
                raise ReproError(
                    f"`{name}` of a recipe has {named.count(name)} sources"
                    f"{'' if name in self.fields else ', but no value'}.",
                    "Every field that is set needs one.",
                )
        for given in (self.fields, *(case.fields for case in self.cases)):
            for name in given:
                if name not in FIELDS:
                    raise unknown("field of a recipe", name, FIELDS)
            schema.read(Recipe, {**SAMPLE, **given}, "recipe")


FIELDS = {one.name: one for one in dataclasses.fields(Recipe)}
SAMPLE: Mapping[str, object] = {
    "optimizer": "Adam",
    "lr": 1.0,
    "epochs": 10**5,
    "batch": 1,
    "loss": {"name": ""},
}
"""stands for what a part of a recipe leaves out when the rest is checked"""


def parsed(given: Mapping[str, object]) -> dict[str, object]:
    """Fields as a user types them, checked; ReproError for what is no field or no such value."""
    for name in given:
        if name not in FIELDS:
            raise unknown("field of a recipe", name, FIELDS)
    one = {
        name: (value,) if name == "milestones" and not isinstance(value, tuple) else value
        for name, value in given.items()
    }
    found = schema.read(Recipe, {**SAMPLE, **one}, "recipe")
    return {name: getattr(found, name) for name in given}


@dataclass(frozen=True, slots=True)
class Deviation:
    """A field that a user set otherwise than the recipe has it."""

    field: str
    was: object
    now: object

    def __str__(self) -> str:
        return f"{self.field} {shown(self.now)} (the recipe: {shown(self.was)})"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipe made complete."""

    name: str
    """`paper1/paper`"""
    recipe: Recipe
    sources: Mapping[str, str]
    """for every field where its value is from"""
    deviations: tuple[Deviation, ...] = ()

    def changed(self, source: str, **given: object) -> "Resolved":
        """With other values, each a deviation; None leaves a field as it is."""
        new = {
            name: value
            for name, value in given.items()
            if value is not None and value != getattr(self.recipe, name)
        }
        return dataclasses.replace(
            self,
            recipe=dataclasses.replace(self.recipe, **new),  # type: ignore[arg-type]
            sources={**self.sources, **dict.fromkeys(new, source)},
            deviations=(
                *(one for one in self.deviations if one.field not in new),
                *(
                    Deviation(name, self._original(name), value)
                    for name, value in new.items()
                    if value != self._original(name)
                ),
            ),
        )

    def _original(self, name: str) -> object:
        known = {one.field: one.was for one in self.deviations}
        return known.get(name, getattr(self.recipe, name))

    def described(self) -> dict[str, object]:
        """For a run's record and --json."""
        return {
            "name": self.name,
            "fields": self.recipe.described(),
            "sources": dict(self.sources),
            "deviations": [str(one) for one in self.deviations],
        }


def resolve(
    study: str, written: Mapping[str, Written], name: str, words: Sequence[str] = ()
) -> Resolved:
    """The recipe of that name, completed.

    `words` are what cases are about: the data set, the input size as `256x192`, the network.
    """
    if name not in written:
        raise unknown(f"recipe of {study}", name, written)
    given: dict[str, object] = {}
    sources: dict[str, str] = {}
    for one in reversed(_chain(study, written, name)):
        from_another = "" if one == name else f"{one}: "
        given |= written[one].fields
        for where, names in written[one].sources.items():
            sources |= dict.fromkeys(names, f"{from_another}{where}")
        for case in written[one].cases:
            if _holds(case.when, words):
                given |= case.fields
                sources |= dict.fromkeys(case.fields, f"{from_another}{case.source}")
    recipe = schema.read(Recipe, given, f"recipe {name} of {study}")
    return Resolved(f"{study}/{name}", recipe, {**dict.fromkeys(FIELDS, UNSAID), **sources})


def differing(one: Recipe, other: Recipe) -> dict[str, tuple[object, object]]:
    """The fields in which two recipes differ, with both values."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in FIELDS}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _chain(study: str, written: Mapping[str, Written], name: str) -> list[str]:
    """The recipe and those that complete it, each only once."""
    chain = [name]
    while (following := written[chain[-1]].otherwise) is not None:
        if following not in written or following in chain:
            raise ReproError(f"{study}: recipe `{chain[-1]}` cannot be completed by `{following}`.")
        chain.append(following)
    return chain


def _holds(when: str, words: Sequence[str]) -> bool:
    return all(any(map(functools.partial(_same, one), words)) for one in when.split())


def _same(pattern: str, word: str) -> bool:
    return fnmatch.fnmatchcase(word, pattern)


def shown(value: object) -> str:
    """A field's value as a person writes it."""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
