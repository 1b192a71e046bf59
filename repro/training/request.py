"""What a user wants trained, checked before anything costly begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import zoo
from repro.data.layout import PLACES, Source, find
from repro.errors import ReproError, unknown
from repro.papers import protocol_choice
from repro.papers import recipe_sources as recipes
from repro.papers.lookup import parse_options
from repro.papers.protocol import DATASETS, GROUND_TRUTH, Protocol, changed
from repro.papers.recipe import Loss
from repro.papers.recipe_sources import Resolved
from repro.papers.skeletons import FORMS
from repro.papers.study import Study
from repro.papers.values import Options, Scalar, Size
from repro.records.runs import weights_name

TRAINED = {"coco": ("train2017",), "crowdpose": ("trainval", "train"), "mpii": ("train",)}
"""the splits that are trained on; the first that is there"""
PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp64": "64-true"}
"""as users call them -> as Lightning Fabric does"""
SMOKE_STEPS, SMOKE_BATCH = 120, 4
SMALL, SMALL_WHOLE = (128, 96), (128, 128)
"""inputs that show in a minute whether a network learns"""


@dataclass(frozen=True)
class TrainingMachine:
    """What a training runs on; it moves the last digits of a result."""

    device: str = "auto"
    """cpu, cuda or auto"""
    devices: int = 1
    """processes of each node, one a device"""
    nodes: int = 1
    accumulate: int = 1
    """parts that each step's samples are seen in, one after another"""
    precision: str = "fp32"
    channels_last: bool = True
    workers: int = 2
    """processes that load samples, for each device; they move nothing"""
    threads: int | None = None

    @property
    def world(self) -> int:
        """Processes that train."""
        return self.devices * self.nodes

    def described(self) -> dict[str, Scalar]:
        """What must stay as it is for the same bits."""
        found: dict[str, Scalar] = {
            "devices": self.world,
            "accumulate": self.accumulate,
            "precision": self.precision,
            "channels_last": self.channels_last,
        }
        return found


@dataclass(frozen=True)
class TrainingRequest:
    """One training, as it was asked for."""

    model: str
    size: Size
    resolved: Resolved
    protocol: Protocol
    """by which the data is read and the network evaluated"""
    train: Source
    evaluated: Source | None
    """what it is evaluated on; None: not at all"""
    out: Path
    options: Options = field(default_factory=dict)
    machine: TrainingMachine = TrainingMachine()
    seed: int = 0
    weights: Path | None = None
    """a checkpoint to begin with"""
    partial: bool = False
    """whether it may fit only in parts"""
    cache: Path | None = None
    """a folder for cut out persons, so that no image is decoded twice"""
    save_every: int | None = None
    """steps between checkpoints; about a minute by default"""
    steps: int | None = None
    """when to stop though the recipe goes on"""
    variant: str = ""
    """how it differs from the usual training of the network"""

    @property
    def name(self) -> str:
        """What its weights are called."""
        return weights_name(self.model, self.size, self.train.dataset, self.options, self.variant)


def size_of(model: str, protocol: Protocol, given: Size | None, small: bool) -> Size:
    """The input: as given, the smallest sensible one, or the model's own."""
    entry = zoo.MODELS[model]
    if given is None and small and entry.size is None:
        wanted = SMALL_WHOLE if entry.grouping else SMALL
        height, width = (-(-side // entry.stride) * entry.stride for side in wanted)
        given = height, width
    found = given or protocol_choice.size_of(model, protocol.dataset)
    if entry.grouping and found[0] != found[1]:
        raise ReproError(
            f"`{model}` is trained on squares, not on inputs of {found[0]}x{found[1]}.",
            f"Say --input {found[0]}x{found[0]}.",
        )
    return found


def shortened(resolved: Resolved) -> Resolved:
    """The recipe for a minute: soon at its full rate, in small batches, without pretraining."""
    return resolved.changed(
        "--smoke",
        batch=min(SMOKE_BATCH, resolved.recipe.batch),
        epochs=100_000,
        stages=1,
        warmup_iterations=20,
        warmup_ratio=0.05,
        milestones=(),
        pretraining="",
    )


def folder_name(
    resolved: Resolved,
    model: str,
    size: Size,
    protocol: Protocol,
    options: Options,
    seed: int,
    smoke: bool,
) -> str:
    """`paper1-paper-hwl_mobilenetv3_256x192_coco-seed0`: what a run's folder is called."""
    name = weights_name(model, size, protocol.dataset, options)
    ending = "smoke" if smoke else f"seed{seed}"
    return f"{resolved.name.replace('/', '-')}-{name}-{ending}"


def recipe_of(study: Study, name: str, model: str, dataset: str, size: Size) -> Resolved:
    """A study's recipe for a network on a data set; ReproError where the two do not go together."""
    words = (FORMS[dataset], f"{size[0]}x{size[1]}", model)
    found = recipes.resolve(study.name, study.recipes, name, words)
    whole = bool(zoo.MODELS[model].grouping)
    if found.recipe.whole != whole:
        kinds = {True: "looks at whole images", False: "looks at one person at a time"}
        raise ReproError(
            f"`{model}` {kinds[whole]}; the recipe {found.name} is for networks that do not.",
            "paper4's recipes paper and official are for whole images, all others for persons.",
        )
    return found


def parse_loss(text: str) -> Loss:
    """`heatmap-weighting` or `heatmap-weighting:function=2x`; settings are parted by commas."""
    name, _, settings = text.partition(":")
    given = parse_options([word for word in settings.split(",") if word])
    return Loss(name, {key: value for key, value in given.items() if not isinstance(value, tuple)})


def fitting_loss(resolved: Resolved, model: str, given: str | None) -> Resolved:
    """The recipe with the loss that was named; else with the network's own where that of the
    recipe teaches other outputs than the network has."""
    from repro.pose import losses

    own = losses.for_model(model)
    wanted = resolved.recipe.loss if given is None else parse_loss(given)
    losses.criterion(wanted.name, **wanted.settings)
    if _taught(wanted.name) == _taught(own):
        return resolved.changed("--loss", loss=wanted)
    if given is not None:
        fitting = [one for one in losses.LOSSES if _taught(one) == _taught(own)]
        raise ReproError(
            f"The loss `{wanted.name}` is for outputs that `{model}` does not have.",
            f"It can be trained with {', '.join(fitting)}.",
        )
    return resolved.changed(f"the outputs of {model}", loss=Loss(own))


def _taught(loss: str) -> str:
    """What a loss teaches: heatmaps, or whatever else goes with them."""
    if loss.startswith("scale-adaptive") or loss in ("centre-offsets", "part-fields"):
        return loss
    return loss.partition("+")[2]


def protocol_of(model: str, dataset: str | None) -> Protocol:
    """The protocol that a network's data is read by; the data set of its joints by default."""
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    found = protocol_choice.chosen(model, dataset, None)[1]
    joints = zoo.MODELS[model].keypoints
    if model.endswith(("_coco", "_crowdpose", "_mpii")) and joints != found.keypoints:
        raise ReproError(
            f"`{model}` finds {joints} joints; {DATASETS[found.dataset]} has {found.keypoints}.",
            "Take the model of that data set, or the data set of that model: --dataset.",
        )
    return found


def train_source(dataset: str, data: Path | None, named: Mapping[str, Path | None]) -> Source:
    """The files to train on: those named (annotations and images), else of the data folder."""
    annotations, images = named.get("annotations"), named.get("images")
    for name, path in (("annotations", annotations), ("images", images)):
        if path is not None and not (path.is_dir() if name == "images" else path.is_file()):
            what = "folder" if name == "images" else "file"
            raise ReproError(f"There is no {what} `{path}`.", f"It was given with --{name}.")
    if annotations is not None and images is not None:
        return Source(dataset, "own", annotations, images)
    if data is None or (annotations is None) != (images is None):
        raise ReproError(
            "There is nothing to train on.",
            "Give --data DIR, or --annotations FILE and --images DIR; `repro data synth DIR` "
            "makes data to try things on.",
        )
    splits = [one for one in TRAINED.get(dataset, ("train",)) if one in PLACES[dataset]]
    error: ReproError | None = None
    for split in splits:
        try:
            return find(data, dataset, split)
        except ReproError as problem:
            error = error or problem
    raise error or ReproError(f"`{dataset}` has nothing to train on.")


def evaluation_source(
    protocol: Protocol, data: Path | None, named: Mapping[str, Path | None]
) -> Source | None:
    """The files that the network is evaluated on on the way; None where there are none."""
    annotations, images = named.get("annotations"), named.get("images")
    if annotations is not None and images is not None:
        return train_source(protocol.dataset, None, named)
    if data is None:
        return None
    try:
        found = find(data, protocol.dataset, protocol.split)
    except ReproError:
        return None
    return found if protocol.dataset != "mpii" or found.truth is not None else None


def evaluation_rules(protocol: Protocol, source: Source) -> Protocol:
    """The protocol on a source: ground truth boxes where a detector's are not there."""
    if protocol.bottom_up or source.boxes is not None:
        return changed(protocol, split=source.split)
    return changed(protocol, split=source.split, boxes=GROUND_TRUTH)


def with_start(run: TrainingRequest) -> TrainingRequest:
    """The run, its recipe saying so if it begins without the weights that the recipe wants, or
    with some where it wants none."""
    wanted = run.resolved.recipe.pretraining
    if bool(wanted) == (run.weights is not None):
        return run
    source, found = ("no --weights", "") if wanted else ("--weights", "other weights")
    return replace(run, resolved=run.resolved.changed(source, pretraining=found))
