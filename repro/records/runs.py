"""The four kinds of run, each described so exactly that its key finds its result again.

A key is the digest of what a run is, as plain data, and of the code that it can reach. A timing
stays true of its machine whatever the code, so that its key covers none.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import ClassVar, Self

import zoo
from repro import schema
from repro.errors import ReproError, unknown
from repro.papers.datasets import DATASETS, REAL, joint_counts
from repro.papers.values import Options, Scalar, Size
from repro.records.fingerprint import digest, fingerprint
from repro.records.outside_code import code_of
from repro.records.record import SCHEMA, plain

EVALUATED_BY = "repro.evaluation.pipeline"
COUNTED_BY = "repro.counting.counter"
TRAINED_BY = "repro.training.trainer"
"""the modules from which the code of a run is followed, beside its network's"""
PROBED_BY = "repro.evaluation.probe"
"""the module that tells by generated data what the present code of an evaluation does"""

Facts = Mapping[str, Scalar]
NO_OPTIONS: Options = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run takes of a machine while it goes on."""

    cores: int = 1
    gpus: int = 0
    memory: int | None = None
    """bytes, roughly; None where nothing tells"""
    alone: bool = False
    """whether nothing else may run beside it"""


@dataclass(frozen=True)
class Run:
    """What the four kinds share: a value whose key names its result."""

    kind: ClassVar[str]
    root: ClassVar[str] = ""
    """the module that does it; empty where the code moves no result"""

    @property
    def network(self) -> str:
        """The name of the network among the zoo's; anything else has no code of its own."""
        return str(getattr(self, "model", ""))

    def described(self) -> dict[str, object]:
        """The run as plain data, as a record keeps it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "kind": self.kind}

    @functools.cached_property
    def plain(self) -> dict[str, object]:
        """What `described` gives, as it comes back from JSON."""
        spec = plain(self.described())
        assert isinstance(spec, dict)
        return spec

    @functools.cached_property
    def code(self) -> str:
        """The digest of the code that can change the result."""
        return self.code_of(self.network)

    @classmethod
    def code_of(cls, network: str) -> str:
        """The digest of the code that can change what a run of this kind gives of a network."""
        entry = zoo.MODELS.get(network)
        if not cls.root:
            return ""
        return code_of(entry.module, cls.root) if entry else fingerprint(cls.root)

    @functools.cached_property
    def key(self) -> str:
        """The sha256 of the run's canonical JSON and of the code it reaches."""
        return self.key_of(self.code)

    def key_of(self, code: str) -> str:
        """The key that the run has if that is its code."""
        entry = zoo.MODELS.get(self.network)
        built = [entry.builder, dict(entry.options)] if entry else []
        return digest({**self.described(), "built": built, "code": code, "schema": SCHEMA})

    @property
    def needs(self) -> tuple[str, ...]:
        """The keys of the runs whose results it takes."""
        return ()

    @property
    def resources(self) -> Resources:
        """What it takes of a machine."""
        return Resources()

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is this very run, by whatever code."""
        return spec == self.plain

    @classmethod
    def read(cls, spec: Mapping[str, object]) -> Self:
        """The run of a record's spec; ReproError where it is none of this kind."""
        rest = {key: value for key, value in spec.items() if key != "kind"}
        return schema.read(cls, rest, "record")


@dataclass(frozen=True)
class CountRun(Run):
    """One count of one model."""

    kind: ClassVar[str] = "count"
    root: ClassVar[str] = COUNTED_BY
    model: str
    input: Size
    keypoints: int
    options: Options = field(default_factory=dict)

    @property
    def resources(self) -> Resources:
        """fvcore traces a real model with zeros as weights."""
        return Resources(memory=2 * 2**30)

    def __str__(self) -> str:
        options = "".join(f" {name}={value}" for name, value in self.options.items())
        return f"{self.model} {self.input[0]}x{self.input[1]} {self.keypoints} keypoints{options}"


@dataclass(frozen=True)
class TrainingRun(Run):
    """One training of one network by one recipe."""

    kind: ClassVar[str] = "train"
    root: ClassVar[str] = TRAINED_BY
    model: str
    input: Size
    keypoints: int
    options: Options
    name: str
    """of the weights, see `weights_name`"""
    recipe: Mapping[str, object]
    """every field of it, and under `name` whose it is"""
    deviations: tuple[str, ...]
    """from the recipe as it is written down"""
    data: Facts
    """data set, split, digest of the annotations, number of samples, whether official"""
    evaluated: Mapping[str, object]
    """the protocol and the digest of the data by which the best weights are chosen; may be none"""
    start: Facts
    """the digest of the weights that it begins with; none for the recipe's own initial values"""
    seed: int
    execution: Facts
    """device, processes, precision: what moves the last digits; steps, where they are limited"""

    @property
    def faithful(self) -> bool:
        """Whether it is the recipe, on the official data."""
        return self.data.get("official") is True and not self.deviations

    @property
    def resources(self) -> Resources:
        """The machine to itself, or GPUs with a core for each and one that loads its images."""
        if self.execution.get("device") != "cuda":
            return Resources(alone=True)
        gpus = int(self.execution["devices"])
        return Resources(cores=2 * gpus, gpus=gpus)

    def __str__(self) -> str:
        seed = f", seed {self.seed}" if self.seed else ""
        return f"{self.name} by {self.recipe['name']} on {self.data['name']}{seed}"


@dataclass(frozen=True)
class EvaluationRun(Run):
    """One evaluation of one network on one data set."""

    kind: ClassVar[str] = "evaluate"
    root: ClassVar[str] = EVALUATED_BY
    model: str
    """a name of the zoo, `onnx` for an exported file, `truth` for the annotations themselves"""
    input: Size
    """of the network; the short side of the image and itself where persons need no boxes"""
    keypoints: int
    options: Options
    weights: Facts
    """name; the sha256 of the file or the key of the `training`; what of a file was loaded"""
    data: Facts
    """data set, split, number of images, digests of annotations and boxes, whether official"""
    protocol: Mapping[str, object]
    """see `repro.papers.protocol.Protocol.described`"""
    execution: Facts
    """device, batch and precision, which move the last digits"""
    evaluator: str
    """name and version"""

    @property
    def needs(self) -> tuple[str, ...]:
        """The training of its weights, if they are named by that."""
        training = self.weights.get("training")
        return () if training is None else (str(training),)

    @property
    def resources(self) -> Resources:
        """A core for the network and one that loads images."""
        return Resources(cores=2, gpus=int(self.execution.get("device") != "cpu"))

    def __str__(self) -> str:
        weights = f" {self.weights['name']}" if self.weights else ""
        return f"{self.model} {self.input[0]}x{self.input[1]}{weights} on {self.data['name']}"


@dataclass(frozen=True)
class TimingRun(Run):
    """One timing of networks against each other, on one machine.

    Two timings of one run are two events: each record has a key of its own, and `fits` tells that
    they are of this run.
    """

    kind: ClassVar[str] = "speed"
    networks: tuple[str, ...]
    """as `network_name` calls them, with what tells several ways of running one apart"""
    backends: tuple[str, ...]
    batch: object
    """images at a time; a list where several are timed"""
    precision: object
    """a list where several are timed"""
    stage: str
    flip: bool
    settings: Facts
    """protocol, threads, budget, processes ..."""
    device: str
    machine: str
    """what another must share with it for times to be comparable"""
    files: Mapping[str, str] = field(default_factory=dict)
    """network -> sha256, of those that are exported files"""

    def described(self) -> dict[str, object]:
        """Flat, the settings among the rest; without files where there are none."""
        spec = {field.name: getattr(self, field.name) for field in fields(self)}
        settings, files = spec.pop("settings"), spec.pop("files")
        return {**spec, **settings, **({"files": files} if files else {}), "kind": self.kind}

    @property
    def resources(self) -> Resources:
        """The machine to itself."""
        cores = int(self.settings.get("threads", 1))
        return Resources(cores=cores, gpus=int(self.device == "cuda"), alone=True)

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is such a timing; it also tells what became of it."""
        return all(spec.get(key) == value for key, value in self.plain.items())

    def __str__(self) -> str:
        return f"timing of {len(self.networks)} networks on {self.machine}"


@dataclass(frozen=True)
class ImportedTiming(Run):
    """Times that another tool has told in a file: of a named device, and no measurement of ours."""

    kind: ClassVar[str] = "imported"
    networks: tuple[str, ...]
    """as `network_name` calls ours; others as they are called"""
    device: str
    tool: str
    statistic: str
    """what `latency` is of the calls: mean, median ..."""
    file: str
    """its name"""
    sha256: str
    """of its content"""
    facts: Facts
    """what the tool tells of how it timed"""

    @property
    def origin(self) -> str:
        """`imported from bench.txt (sha256 12ab34cd)`."""
        return f"imported from {self.file} (sha256 {self.sha256[:8]})"

    def __str__(self) -> str:
        return f"times of {len(self.networks)} on {self.device} by {self.tool}, {self.origin}"


KINDS: Mapping[str, type[Run]] = {
    run.kind: run for run in (CountRun, TrainingRun, EvaluationRun, TimingRun, ImportedTiming)
}
"""in the order in which one can need another"""
QUANTISED = "quantise"
"""the kind of the records that hold a network in int8 against itself in floats: no run, but what
came of two evaluations and a timing, and of a look into both files"""
NO_VERDICT = "no verdict"
"""how their note on a speed begins that is not sure"""
EVENTS = (TimingRun.kind, QUANTISED)
"""kinds of records that stay true whatever the code"""


def run_of(spec: Mapping[str, object]) -> Run | None:
    """The run of a record's spec; None where this version knows no such run."""
    kind = KINDS.get(str(spec.get("kind")))
    if kind is None or kind is TimingRun:
        return None
    try:
        run = kind.read(spec)
    except ReproError:
        return None
    return None if isinstance(run, CountRun) and run.model not in zoo.MODELS else run


def count_run(
    model: str, size: Size, keypoints: int | None = None, options: Options = NO_OPTIONS
) -> CountRun:
    """The count of a network; ReproError for a model, size or number of joints that cannot be."""
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    entry = zoo.MODELS[model]
    _check_size(model, size)
    count = entry.keypoints if keypoints is None else keypoints
    if not 1 <= count <= 1000:
        raise ReproError(
            f"`{model}` cannot have {count} keypoints.",
            joint_counts(DATASETS[name] for name in REAL),
        )
    return CountRun(model, size, count, dict(options))


def _check_size(model: str, size: Size) -> None:
    entry = zoo.MODELS[model]
    if entry.size is not None and size != entry.size:
        legal = f"It is built for {entry.size[0]}x{entry.size[1]}"
    elif any(not 0 < side <= 2048 or side % entry.stride for side in size):
        legal = f"Both sides must be multiples of {entry.stride}, at most 2048"
    else:
        return
    raise ReproError(
        f"`{model}` cannot take an input of {size[0]}x{size[1]}.",
        f"{legal}; sizes are height x width.",
    )


def network_name(run: CountRun) -> str:
    """`lpn_50 256x192`, with options where there are any."""
    options = "".join(f" {key}={_word(value)}" for key, value in sorted(run.options.items()))
    return f"{run.model} {run.input[0]}x{run.input[1]}{options}"


def weights_name(
    model: str, size: Size, dataset: str, options: Options = NO_OPTIONS, variant: str = ""
) -> str:
    """What the weights of a network are called here: `lpn_50_256x192_coco`, `..._coco-stage-3`.

    A variant names a training that differs from the usual one; options name themselves.
    """
    network = model.removesuffix(f"_{dataset}")
    switches = "".join(f"-{key}={_word(value)}" for key, value in sorted(options.items()))
    ending = f"-{variant}" if variant else ""
    return f"{network}{switches}_{size[0]}x{size[1]}_{dataset}{ending}"


def _word(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
