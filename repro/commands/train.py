"""Training: train."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import data_options, options, train_options
from repro.commands.common import console, emit, size_of, tell
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.papers.recipe_sources import Resolved
    from repro.training.choice import TrainingChoice
    from repro.training.request import TrainingRequest

Differences = Mapping[str, tuple[object, object]]
"""field -> the paper's value and the official one"""


def train(
    paper: options.Paper,
    model: options.Model,
    data: options.DataDir = None,
    recipe: train_options.Recipe = "paper",
    dataset: options.Dataset = None,
    annotations: train_options.TrainedOn = None,
    images: options.Images = None,
    val_annotations: train_options.EvaluatedOn = None,
    val_images: options.Images = None,
    exif: options.Exif = None,
    size: options.SizeOrUsual = None,
    option: options.ModelOptions = None,
    epochs: train_options.Epochs = None,
    batch: train_options.Samples = None,
    lr: train_options.LearningRate = None,
    loss: train_options.Loss = None,
    evaluate_every: train_options.EvaluateEvery = None,
    set_: train_options.RecipeFields = None,
    scale_schedule: train_options.ScaleSchedule = False,
    hold_out: train_options.HoldOut = 0.2,
    accumulate: train_options.Accumulate = 1,
    weights: train_options.StartWeights = None,
    partial: train_options.AllowPartialStart = False,
    entry: options.Entry = None,
    seed: train_options.Seed = 0,
    device: train_options.DeviceOrAuto = "auto",
    devices: train_options.Devices = 1,
    precision: train_options.Precision = "fp32",
    workers: train_options.Workers = 2,
    threads: options.Threads = None,
    channels_last: train_options.ChannelsLast = True,
    crop_cache: train_options.CropCache = False,
    save_every: train_options.SaveEvery = None,
    out: train_options.TrainingDir = None,
    resume: train_options.Resume = None,
    smoke: train_options.Smoke = False,
    plan: train_options.ShowRecipe = False,
    store: options.StoreDir = options.RECORDS,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Train a network by a paper's recipe; a killed training goes on where it was.

    Example: repro train paper1 hwl_mobilenetv3 --data DATA
    """
    fields = {"epochs": epochs, "batch": batch, "lr": lr, "evaluate_every": evaluate_every}
    asked = paper, model, recipe, dataset, size, option, loss, fields, set_
    chosen = chosen_recipe(*asked, smoke, scale_schedule, exif)
    if plan:
        return show(chosen.resolved, chosen.differing, as_json)
    check_smoke(smoke, resume, as_json)
    from repro.training.choice import requested
    from repro.training.request import TrainingMachine

    ways = device, devices, 1, accumulate, precision, channels_last, workers, threads
    files, val_files = named(annotations, images, dataset), named(val_annotations, val_images)
    given = chosen, data, out, TrainingMachine(*ways), seed, files, val_files
    request = requested(*given, weights, partial, crop_cache, save_every, hold_out)
    train_and_tell(replace(request, entry=entry), chosen.differing, resume, store, as_json)


def chosen_recipe(
    paper: str,
    model: str,
    recipe: str,
    dataset: str | None,
    size: str | None,
    option: Sequence[str] | None,
    loss: str | None,
    fields: Mapping[str, object],
    others: Sequence[str] | None,
    smoke: bool,
    scale_schedule: bool,
    exif: str | None,
) -> "TrainingChoice":
    """A study's recipe for a network; its `fields` are changed where they are given."""
    from repro.speed.measure.memory import keep_freed

    keep_freed()  # before torch asks for any memory
    from repro.papers.lookup import parse_options
    from repro.training.choice import chosen

    given = {name: value for name, value in fields.items() if value is not None}
    return chosen(
        paper,
        model,
        recipe,
        dataset,
        size_of(size),
        parse_options(option or []),
        loss,
        {**given, **parse_options(others or [])},
        smoke,
        scale_schedule,
        exif,
    )


def named(
    annotations: Path | None, images: Path | None, dataset: str | None = None
) -> Mapping[str, Path | None]:
    """The files that a user names; a data set's file may be its annotations."""
    from repro.data import own_dataset

    return {"annotations": annotations or own_dataset.annotations_of(dataset), "images": images}


def check_smoke(smoke: bool, resume: bool | None, as_json: bool) -> None:
    """Say what a smoke test is, before one; ReproError where it shall go on."""
    from repro.errors import ReproError

    if smoke and resume:
        raise ReproError("`--smoke` always begins anew.", "Leave --resume out.")
    if smoke and not as_json:
        say("smoke: generated figures, small inputs; the loss must fall, nothing is reproduced")


def show(resolved: "Resolved", differences: Differences, as_json: bool) -> None:
    """Print a recipe with its sources, and how the official one differs."""
    from repro.report.terminal import training_view
    from repro.training.schedule import rate_spans

    if as_json:
        spans = [asdict(one) for one in rate_spans(resolved.recipe)]
        emit("train", recipe=resolved.described(), rates=spans)
        return
    for line in training_view.differences(differences):
        say(line)
    out = console()
    out.print(training_view.recipe(resolved))
    for line in (*training_view.rates(resolved.recipe), *training_view.deviations(resolved)):
        out.print(line)


def train_and_tell(
    request: "TrainingRequest",
    differences: Differences,
    resume: bool | None,
    store: Path,
    as_json: bool,
) -> None:
    """Train, keep the record, and tell what became of it."""
    from repro.errors import ReproError
    from repro.plan import single
    from repro.records.store import Store
    from repro.report.terminal import training_view
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out
    from repro.training import distributed, preparation, runs, state

    if resume and not state.checkpoints(request.out / state.FOLDER):
        raise ReproError(f"`{request.out}` has no checkpoint to go on from.", "Leave --resume out.")
    request = replace(request, machine=distributed.placed(request.machine))
    checked = preparation.checked(replace(request, cache=None))
    quiet = as_json or not distributed.is_first()
    if not quiet:
        show(checked.request.resolved, differences, False)
        for line in checked.lines():
            say(line)
    if distributed.is_first():
        tell(checked.remarks)
    run, records = runs.run_of(checked), Store(store)
    plan = single(run, records, request, fresh=resume is False, served=False)
    watch = TerminalWatch(show=not quiet)
    try:
        outcome = carry_out(plan, records, watch)
    except KeyboardInterrupt:
        if watch.page is not None:
            say(f"{watch.page} shows how far it came")
        raise
    outcome.check()
    if not distributed.is_first():
        return
    page = None if watch.page is None else str(watch.page)
    result = runs.outcome(checked, outcome.only) | {"page": page}
    if as_json:
        emit("train", **result, records=[outcome.only])
        return
    for line in training_view.outcome(result):
        put(line)
