"""From what a user names to a training: which recipe, on what, where."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import zoo
from repro.data import held_out, own_dataset, synth
from repro.data.annotations import read
from repro.data.layout import Source, find
from repro.errors import ReproError, unknown
from repro.papers import lookup, protocol_choice, recipe_sources
from repro.papers.datasets import (
    DATASETS,
    GENERATED,
    DatasetChoice,
    find_dataset,
    with_joints,
)
from repro.papers.lookup import parse_options
from repro.papers.protocol import Protocol, changed
from repro.papers.recipe import Loss
from repro.papers.recipe_sources import Resolved, differing, parsed
from repro.papers.study import Study
from repro.papers.values import Options, Size
from repro.records.remarks import Remark
from repro.records.runs import NO_OPTIONS, count_run, weights_name
from repro.training import fit
from repro.training.request import TrainingMachine, TrainingRequest

RUNS = Path("runs")
Files = Mapping[str, Path | None]
NO_FILES: Files = {}
SMOKE_STEPS, SMOKE_BATCH, SMOKE_PICTURES = 120, 4, 48
HELD_OUT = 0.2
"""the share of own pictures that is evaluated on, where nothing else is given for that"""
REHEARSED_IMAGES, REHEARSED_PERSONS = 2, 8
"""whole images or persons of a step, of a rehearsed training"""
SMALL, SMALL_WHOLE = (128, 96), (128, 128)
"""inputs that show in a minute whether a network learns"""


@dataclass(frozen=True)
class TrainingChoice:
    """A network and how it is to be trained, before any data are looked for."""

    model: str
    size: Size
    options: Options
    protocol: Protocol
    """by which its data are read and it is evaluated"""
    resolved: Resolved
    """the recipe, with what was asked otherwise as its deviations"""
    differing: Mapping[str, tuple[object, object]]
    """fields in which the paper's recipe and the official one differ; both values"""
    smoke: bool
    """whether it is for a few steps on generated figures"""
    scale_schedule: bool = False
    """whether its schedule is fitted to the epochs and the data"""

    def folder(self, seed: int = 0) -> Path:
        """Where it leaves its files: `runs/paper1-paper-hwl_mobilenetv3_256x192_coco-seed0`."""
        name = weights_name(self.model, self.size, self.protocol.dataset, self.options)
        ending = "smoke" if self.smoke else f"seed{seed}"
        return RUNS / f"{self.resolved.name.replace('/', '-')}-{name}-{ending}"


def chosen(
    paper: str,
    model: str,
    recipe: str = "paper",
    dataset: str | None = None,
    size: Size | None = None,
    options: Options = NO_OPTIONS,
    loss: str | None = None,
    fields: Mapping[str, object] = NO_OPTIONS,
    smoke: bool = False,
    scale_schedule: bool = False,
    exif: str | None = None,
) -> TrainingChoice:
    """A study's recipe for a network, `fields` of it changed; ReproError if they do not fit."""
    if smoke and scale_schedule:
        raise ReproError("`--smoke` has a schedule of its own.", "Leave --scale-schedule out.")
    study = lookup.find_study(paper)
    if smoke and dataset is None:
        joints = zoo.MODELS[model].keypoints if model in zoo.MODELS else 0
        dataset = with_joints(joints, GENERATED).name
    protocol = changed(protocol_of(model, own_dataset.found(dataset)), exif=exif)
    size = size_of(model, protocol, size, smoke)
    count_run(model, size, protocol.keypoints, options)
    resolved = recipe_of(study, recipe, model, protocol.chosen, size)
    apart: Mapping[str, tuple[object, object]] = {}
    if recipe == "paper" and "official" in study.recipes:
        official = recipe_of(study, "official", model, protocol.chosen, size)
        apart = differing(resolved.recipe, official.recipe)
    resolved = fitting_loss(resolved, model, loss)
    resolved = shortened(resolved) if smoke else resolved
    given = parsed(fields)
    if scale_schedule:
        resolved = fit.scaled(resolved, given)
    else:
        resolved = resolved.changed(fit.TYPED, **given)
    return TrainingChoice(
        model, size, dict(options), protocol, resolved, apart, smoke, scale_schedule
    )


def requested(
    choice: TrainingChoice,
    data: Path | None = None,
    out: Path | None = None,
    machine: TrainingMachine | None = None,
    seed: int = 0,
    train: Files = NO_FILES,
    val: Files = NO_FILES,
    weights: Path | None = None,
    partial: bool = False,
    crop_cache: bool = False,
    save_every: int | None = None,
    hold_out: float = HELD_OUT,
) -> TrainingRequest:
    """The training, on a data folder or the files that are named; pictures are made for a smoke.

    Where a file of annotations is named and nothing to evaluate on is there, a share of its
    pictures is held out.
    """
    folder = out or choice.folder(seed)
    if choice.smoke:
        data = pictures(folder / "data", SMOKE_PICTURES)
    source = train_source(choice.protocol.chosen, data, train)
    val, remarks = with_images(val, train)
    evaluated = None if choice.smoke else evaluation_source(choice.protocol, data, val)
    if evaluated is None and train.get("annotations") is not None and not choice.smoke:
        source, evaluated, held = shared_out(
            source, choice.protocol.chosen, folder / "held-out", hold_out
        )
        remarks = (*remarks, *held)
    return TrainingRequest(
        choice.model,
        choice.size,
        choice.resolved,
        choice.protocol,
        source,
        evaluated,
        folder,
        dict(choice.options),
        machine or TrainingMachine(),
        seed,
        weights,
        partial,
        folder / "cache" if crop_cache else None,
        save_every,
        SMOKE_STEPS if choice.smoke else None,
        scale_schedule=choice.scale_schedule,
        remarks=remarks,
    )


def with_images(val: Files, train: Files) -> tuple[Files, tuple[Remark, ...]]:
    """The files to evaluate on, in the folder of those to train on where none is named."""
    annotations, images = val.get("annotations"), val.get("images")
    if (annotations is None) == (images is None):
        return val, ()
    if annotations is None:
        raise ReproError(
            f"The pictures in `{images}` have no annotations.", "Name them: --val-annotations FILE."
        )
    if train.get("images") is None:
        raise ReproError(
            f"The pictures of `{annotations}` are not named.",
            "Name their folder: --val-images DIR.",
        )
    same = {"annotations": annotations, "images": train["images"]}
    text = f"The pictures of `{annotations.name}` are looked for where those to train on are."
    return same, (Remark("annotations", text),)


def shared_out(
    source: Source, dataset: DatasetChoice, folder: Path, share: float
) -> tuple[Source, Source | None, tuple[Remark, ...]]:
    """What to train on, what is held out to evaluate on, and what to say of it.

    Nothing is held out of too few pictures, nor where PCKh is measured, which takes head boxes.
    """
    if not share or find_dataset(dataset).measure != "OKS":
        return source, None, ()
    read(source.annotations, dataset)  # errors are told of the user's own file
    parts = held_out.split(source.annotations, folder, share)
    if parts is None:
        return source, None, ()
    evaluated = replace(source, annotations=parts.evaluated)
    return replace(source, annotations=parts.train), evaluated, (parts.remark,)


def pictures(folder: Path, count: int, held_out: int = 8) -> Path:
    """A folder with so many generated pictures to train on, made if they are not there."""
    if not synth.is_written(folder):
        synth.write(folder, count, held_out)
    return folder


def size_of(model: str, protocol: Protocol, given: Size | None, small: bool) -> Size:
    """The input: as given, the smallest sensible one, or the model's own."""
    entry = zoo.MODELS[model]
    if given is None and small and entry.size is None:
        wanted = SMALL_WHOLE if entry.grouping else SMALL
        height, width = (-(-side // entry.stride) * entry.stride for side in wanted)
        given = height, width
    size = given or protocol_choice.size_of(model, protocol.chosen)
    if entry.grouping and size[0] != size[1]:
        raise ReproError(
            f"`{model}` is trained on squares, not on inputs of {size[0]}x{size[1]}.",
            f"Say --input {size[0]}x{size[0]}.",
        )
    return size


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


def rehearsed(resolved: Resolved, steps: int) -> Resolved:
    """The recipe as short as it can be: every stage, two epochs of so many steps, both evaluated.

    A decay of the rate begins with the second epoch; batches are small, all else is the recipe's.
    """
    recipe = resolved.recipe
    return resolved.changed(
        "repro rehearse",
        batch=min(recipe.batch, REHEARSED_IMAGES if recipe.whole else REHEARSED_PERSONS),
        epochs=2,
        restart_epoch=1 if recipe.stages > 1 else None,
        milestones=(1,) if recipe.milestones else None,
        warmup_iterations=min(recipe.warmup_iterations, steps // 2),
        evaluate_every=1,
    )


def recipe_of(study: Study, name: str, model: str, dataset: DatasetChoice, size: Size) -> Resolved:
    """A study's recipe for a network on a data set; ReproError where the two do not go together."""
    words = (find_dataset(dataset).kind, f"{size[0]}x{size[1]}", model)
    resolved = recipe_sources.resolve(study.name, study.recipes, name, words)
    whole = bool(zoo.MODELS[model].grouping)
    if resolved.recipe.whole != whole:
        kinds = {True: "looks at whole images", False: "looks at one person at a time"}
        raise ReproError(
            f"`{model}` {kinds[whole]}; the recipe {resolved.name} is for networks that do not.",
            "`repro train PAPER MODEL --plan` shows what another recipe is for.",
        )
    return resolved


def parse_loss(text: str) -> Loss:
    """`heatmap-weighting` or `heatmap-weighting:function=2x`; settings are parted by commas."""
    name, _, settings = text.partition(":")
    given = parse_options([word for word in settings.split(",") if word])
    return Loss(name, {key: value for key, value in given.items() if not isinstance(value, tuple)})


def fitting_loss(resolved: Resolved, model: str, given: str | None) -> Resolved:
    """The recipe with the loss that was named; else with its own, or with the network's where it
    names none or one that teaches other outputs than the network has."""
    from repro.pose import losses

    usual = losses.for_model(model)
    if given is None and not resolved.recipe.loss.name:
        return resolved.variant(f"{model} names it", loss=Loss(usual))
    wanted = resolved.recipe.loss if given is None else parse_loss(given)
    losses.criterion(wanted.name, **wanted.settings)
    outputs = losses.outputs_of(usual)
    if losses.outputs_of(wanted.name) == outputs:
        return resolved.changed("--loss", loss=wanted)
    if given is not None:
        fitting = [name for name in losses.LOSSES if losses.outputs_of(name) == outputs]
        raise ReproError(
            f"The loss `{wanted.name}` is for outputs that `{model}` does not have.",
            f"It can be trained with {', '.join(fitting)}.",
        )
    return resolved.changed(f"the outputs of {model}", loss=Loss(usual))


def protocol_of(model: str, dataset: DatasetChoice | None) -> Protocol:
    """The protocol that a network's data is read by; the data set of its joints by default."""
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    protocol = protocol_choice.chosen(model, dataset, None)[1]
    joints = zoo.MODELS[model].keypoints
    if model.endswith(tuple(f"_{name}" for name in DATASETS)) and joints != protocol.keypoints:
        title = protocol.entry.title
        raise ReproError(
            f"`{model}` finds {joints} joints; {title} has {protocol.keypoints}.",
            "Take the model of that data set, or the data set of that model: --dataset.",
        )
    return protocol


def train_source(dataset: DatasetChoice, data: Path | None, named: Files) -> Source:
    """The files to train on: those named (annotations and images), else of the data folder."""
    annotations, images = named.get("annotations"), named.get("images")
    for name, path in (("annotations", annotations), ("images", images)):
        if path is not None and not (path.is_dir() if name == "images" else path.is_file()):
            what = "folder" if name == "images" else "file"
            raise ReproError(f"There is no {what} `{path}`.", f"It was given with --{name}.")
    if annotations is not None and images is not None:
        title = find_dataset(dataset).title
        split = "" if annotations.name == title else annotations.name
        return Source(find_dataset(dataset).name, split, annotations, images)
    if data is None or (annotations is None) != (images is None):
        raise ReproError(
            "There is nothing to train on.",
            "Give --data DIR, or --annotations FILE and --images DIR; `repro data synth DIR` "
            "makes data to try things on.",
        )
    absent: ReproError | None = None
    entry = find_dataset(dataset)
    for split in entry.trained_on:
        try:
            return find(data, entry.name, split)
        except ReproError as error:
            absent = absent or error
    raise absent or ReproError(
        f"`{entry.title}` has nothing to train on.", "Give --annotations FILE and --images DIR."
    )


def evaluation_source(protocol: Protocol, data: Path | None, named: Files) -> Source | None:
    """The files that the network is evaluated on on the way; None where there are none."""
    if named.get("annotations") is not None and named.get("images") is not None:
        return train_source(protocol.chosen, None, named)
    if data is None or protocol.own is not None:
        return None
    try:
        source = find(data, protocol.dataset, protocol.split)
    except ReproError:
        return None
    lacks_truth = protocol.entry.measure == "PCKh" and source.truth is None
    return None if lacks_truth else source
