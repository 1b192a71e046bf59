"""One run, described so exactly that its key finds its result again."""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType

import zoo
from repro.errors import ReproError, unknown
from repro.fingerprint import digest, fingerprint
from repro.protocol import Protocol
from repro.study import Column, Options, Row, Scalar, Size, Table

SCHEMA = 1
"""of the records; another one gives other keys"""

EVALUATION = (
    "repro.data.boxes",
    "repro.data.crops",
    "repro.data.normalising",
    "repro.data.pictures",
    "repro.evaluation.looking",
    "repro.pose.assignment",
    "repro.pose.dark",
    "repro.pose.decode",
    "repro.pose.embedding",
    "repro.pose.fields",
    "repro.pose.flip",
    "repro.pose.limbs",
    "repro.pose.nms",
    "repro.pose.offsets",
    "repro.pose.peaks",
    "repro.pose.refine",
    "repro.pose.targets",
    "repro.pose.transforms",
    "repro.pose.whole",
    "repro.runners.evaluate",
    "repro.runners.execution",
    "repro.runners.grouping",
    "repro.runners.network",
    "repro.runners.truth",
    "repro.skeletons",
)
"""the code whose change makes an evaluation stale"""


@dataclass(frozen=True)
class Spec:
    """One count of one model: everything its result depends on."""

    model: str
    input: Size
    keypoints: int
    options: Options = field(default_factory=dict)
    kind: str = "count"

    @functools.cached_property
    def key(self) -> str:
        """The sha256 of the canonical JSON of this spec and of the code it runs."""
        entry = zoo.MODELS[self.model]
        built = [entry.builder, dict(entry.options)]
        code = fingerprint(entry.module, "repro.runners.count")
        return digest({**self.described(), "built": built, "code": code, "schema": SCHEMA})

    def described(self) -> dict[str, object]:
        """The spec as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        options = "".join(f" {name}={value}" for name, value in self.options.items())
        return f"{self.model} {self.input[0]}x{self.input[1]} {self.keypoints} keypoints{options}"


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of one network on one data set: everything its result depends on."""

    model: str
    """a name of the zoo, `onnx` for an exported file, `truth` for the annotations themselves"""
    input: Size
    """of the network; the short side of the image and itself where persons need no boxes"""
    keypoints: int
    options: Options
    weights: Mapping[str, Scalar]
    """name, sha256, and what of the file was loaded"""
    data: Mapping[str, Scalar]
    """data set, split, number of images, digests of annotations and boxes, whether official"""
    protocol: Mapping[str, object]
    """see `repro.protocol.Protocol.described`"""
    execution: Mapping[str, Scalar]
    """device, batch and precision, which move the last digits"""
    evaluator: str
    """name and version"""
    kind: str = "evaluate"

    @functools.cached_property
    def key(self) -> str:
        """The sha256 of the canonical JSON of this spec and of the code it runs."""
        entry = zoo.MODELS.get(self.model)
        built = [entry.builder, dict(entry.options)] if entry else []
        code = fingerprint(entry.module if entry else "", *EVALUATION)
        return digest({**self.described(), "built": built, "code": code, "schema": SCHEMA})

    def described(self) -> dict[str, object]:
        """The spec as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        weights = f" {self.weights['name']}" if self.weights else ""
        return f"{self.model} {self.input[0]}x{self.input[1]}{weights} on {self.data['name']}"


@dataclass(frozen=True)
class Accuracy:
    """What an evaluation must be to fill a printed cell, whatever machine made it."""

    model: str
    input: Size
    keypoints: int
    options: Options
    weights: str
    """the name of the weights, see `weights_name`"""
    protocol: Protocol

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is such an evaluation, on the official data and all weights."""
        weights, data = spec.get("weights"), spec.get("data")
        if spec.get("kind") != "evaluate" or not isinstance(weights, dict):
            return False
        return (
            isinstance(data, dict)
            and data.get("official") is True
            and weights.get("name") == self.weights
            and weights.get("partial") is not True
            and {key: spec.get(key) for key in ("model", "input", "keypoints", "options")}
            == _plain_data(
                {
                    "model": self.model,
                    "input": self.input,
                    "keypoints": self.keypoints,
                    "options": dict(self.options),
                }
            )
            and spec.get("protocol") == self.protocol.described()
        )

    def __str__(self) -> str:
        return f"{self.weights} on {self.protocol.on}"


@dataclass(frozen=True)
class Speed:
    """What a timing must be to judge one printed speed: its network and the rivals, together."""

    networks: tuple[Spec, ...]
    """those of the column, in the order of the rows; counts stand for the networks"""
    own: str
    """the row's network, as `network_name` calls it"""
    rivals: Mapping[str, str]
    """label of every other row that prints a speed -> its network"""
    batch: int

    def fits(self, spec: Mapping[str, object]) -> bool:
        """Whether a record's spec is such a timing: the plain network, interleaved, eager, fp32.

        On the processor, and to its end.
        """
        timed, backends = spec.get("networks"), spec.get("backends")
        plain = {
            "kind": "speed",
            "batch": self.batch,
            "precision": "fp32",
            "stage": "net",
            "flip": False,
            "protocol": "repro",
        }
        return (
            isinstance(timed, list)
            and isinstance(backends, list)
            and "eager" in backends
            and spec.get("device", "cpu") == "cpu"
            and not spec.get("interrupted")
            and set(timed) >= {network_name(one) for one in self.networks}
            and all(spec.get(key) == value for key, value in plain.items())
        )

    def __str__(self) -> str:
        return f"{len(self.networks)} networks, batch {self.batch}"


def network_name(spec: Spec) -> str:
    """`lpn_50 256x192`, with options where there are any."""
    options = "".join(f" {key}={_word(value)}" for key, value in sorted(spec.options.items()))
    return f"{spec.model} {spec.input[0]}x{spec.input[1]}{options}"


def weights_name(
    model: str, size: Size, dataset: str, options: Options = MappingProxyType({}), variant: str = ""
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


def _plain_data(data: object) -> object:
    """Data as it comes back from JSON."""
    return json.loads(json.dumps(data))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One printed number that was selected, and what would measure it."""

    table: Table
    row: Row
    column: Column
    spec: Spec | Accuracy | Speed | None
    """the run that gives it"""
    other: Spec | None = None
    """a run at another input size or number of keypoints, whose figure the paper may print"""
    lacking: str = ""
    """why there is no run: what is missing and how to supply it"""

    @property
    def specs(self) -> tuple[Spec, ...]:
        """Every count that this cell can use."""
        return tuple(spec for spec in (self.spec, self.other) if isinstance(spec, Spec))


def spec_of(
    model: str, size: Size, keypoints: int | None = None, options: Options = MappingProxyType({})
) -> Spec:
    """The spec of a count; raise ReproError for a model, size or keypoint count that cannot be."""
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    entry = zoo.MODELS[model]
    _check_size(model, size)
    count = entry.keypoints if keypoints is None else keypoints
    if not 1 <= count <= 1000:
        raise ReproError(
            f"`{model}` cannot have {count} keypoints.", "COCO has 17, MPII 16, CrowdPose 14."
        )
    return Spec(model, size, count, dict(options))


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


def parse_size(text: str) -> Size:
    """`256x192` (height x width) as numbers."""
    found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower())
    if found is None:
        raise ReproError(f"`{text}` is no size.", "Sizes are height x width, as in 256x192.")
    return int(found[1]), int(found[2])


def parse_options(words: Sequence[str]) -> dict[str, Scalar | tuple[Scalar, ...]]:
    """`["attention=se", "dfc=1+2"]` as options of a model; numbers and truth values as such."""
    options: dict[str, Scalar | tuple[Scalar, ...]] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name.isidentifier():
            raise ReproError(f"`{word}` is no option.", "Options are NAME=VALUE, as attention=se.")
        parts = tuple(_scalar(part) for part in text.split("+"))
        options[name] = parts if len(parts) > 1 else parts[0]
    return options


def _scalar(text: str) -> Scalar:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
