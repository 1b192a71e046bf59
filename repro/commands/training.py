"""Training: train."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import DataDir, Json, Paper, console, emit, say

if TYPE_CHECKING:
    from repro.resolved import Resolved
    from repro.training.request import Run

RUNS = Path("runs")


def train(
    paper: Paper,
    model: Annotated[str, typer.Argument(help="A model of the zoo; see `repro list --models`.")],
    data: DataDir = None,
    recipe: Annotated[str, typer.Option(help="paper, official, or another of the study.")] = (
        "paper"
    ),
    dataset: Annotated[
        str | None, typer.Option(help="coco, crowdpose, mpii, synth or synth-crowdpose.")
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="What to train on.")] = None,
    images: Annotated[Path | None, typer.Option(help="The folder of its images.")] = None,
    val_annotations: Annotated[Path | None, typer.Option(help="What to evaluate on.")] = None,
    val_images: Annotated[Path | None, typer.Option(help="The folder of its images.")] = None,
    size: Annotated[str | None, typer.Option("--input", help="Height x width.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the model, as in `attention=se`.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Samples of a step, in all.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate instead of the recipe's.")] = None,
    loss: Annotated[
        str | None, typer.Option(help="Instead of the recipe's: NAME or NAME:SETTING=VALUE.")
    ] = None,
    evaluate_every: Annotated[int | None, typer.Option(min=1, help="Epochs.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Any other field, as in `rotation_factor=0`, `milestones=90+110`."
        ),
    ] = None,
    accumulate: Annotated[
        int, typer.Option(min=1, help="Parts that a step is seen in, for small memories.")
    ] = 1,
    weights: Annotated[Path | None, typer.Option(help="A checkpoint to begin with.")] = None,
    partial: Annotated[bool, typer.Option("--allow-partial", help="Load what fits of it.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**31)] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    devices: Annotated[int, typer.Option(min=1, help="Processes, one a device.")] = 1,
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp64.")] = "fp32",
    workers: Annotated[
        int, typer.Option(min=0, max=256, help="Processes that load, for each device.")
    ] = 2,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the network.")] = None,
    channels_last: Annotated[
        bool, typer.Option("--channels-last/--no-channels-last", help="Memory format.")
    ] = True,
    crop_cache: Annotated[
        bool, typer.Option("--crop-cache", help="Cut persons out once, in OUT/cache.")
    ] = False,
    save_every: Annotated[
        int | None, typer.Option(min=1, help="Steps between checkpoints; else about a minute.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/... by default.")] = None,
    resume: Annotated[
        bool | None,
        typer.Option("--resume/--fresh", help="Insist on going on, or begin anew."),
    ] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A minute on generated figures: does the loss fall?")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show the recipe, train nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Train a network by a paper's recipe; a killed training goes on where it was.

    Example: repro train paper1 hwl_mobilenetv3 --data DATA
    """
    from repro.timing.allocation import keep_freed

    keep_freed()  # before torch asks for any memory
    from repro import lookup
    from repro import resolved as recipes
    from repro.report import training as shown
    from repro.spec import parse_options, parse_size, spec_of
    from repro.training import request

    study = lookup.find_study(paper)
    rules = request.protocol_of(model, generated(model, dataset) if smoke else dataset)
    chosen = request.size_of(model, rules, parse_size(size) if size else None, smoke)
    options = parse_options(option or [])
    spec_of(model, chosen, rules.keypoints, options)
    found = request.recipe_of(study, recipe, model, rules.dataset, chosen)
    differences: list[str] = []
    if recipe == "paper":
        official = request.recipe_of(study, "official", model, rules.dataset, chosen)
        differences = shown.differences(found, official)
    found = request.fitting_loss(found, model, loss)
    found = request.shortened(found) if smoke else found
    given = {"epochs": epochs, "batch": batch, "lr": lr, "evaluate_every": evaluate_every}
    found = found.changed(
        "the command line",
        **recipes.parsed({name: value for name, value in given.items() if value is not None}),
        **recipes.parsed(parse_options(set_ or [])),
    )
    if plan:
        show(found, differences, as_json)
        return
    folder = out or RUNS / request.folder_name(found, model, chosen, rules, options, seed, smoke)
    if smoke:
        data = generate(folder, as_json)
    own = {"annotations": annotations, "images": images}
    val = {"annotations": val_annotations, "images": val_images}
    run = request.Run(
        model,
        chosen,
        found,
        rules,
        request.train_source(rules.dataset, data, own),
        None if smoke else request.evaluation_source(rules, data, val),
        folder,
        options,
        request.Machine(
            device,
            devices,
            accumulate=accumulate,
            precision=precision,
            channels_last=channels_last,
            workers=workers,
            threads=threads,
        ),
        seed,
        weights,
        partial,
        folder / "cache" if crop_cache else None,
        save_every,
        request.SMOKE_SECONDS if smoke else None,
    )
    carry_out(run, differences, resume, smoke, as_json)


def generated(model: str, dataset: str | None) -> str:
    """The generated data set with a network's joints, unless one is named."""
    import zoo

    if dataset is not None or model not in zoo.MODELS:
        return dataset or "synth"
    return "synth-crowdpose" if zoo.MODELS[model].keypoints == 14 else "synth"


def generate(folder: Path, quiet: bool) -> Path:
    """The pictures of a smoke run."""
    from repro.training import smoke

    if not quiet:
        say("smoke: generated figures, small inputs; the loss must fall, nothing is reproduced")
    return smoke.data(folder / "data")


def show(resolved: "Resolved", differences: Sequence[str], as_json: bool) -> None:
    """Print a recipe with its sources, and how the official one differs."""
    from repro.report import training as shown

    if as_json:
        emit("train", recipe=resolved.described())
        return
    for line in differences:
        say(line)
    out = console()
    out.print(shown.recipe(resolved))
    for line in shown.deviations(resolved):
        out.print(line)


def carry_out(
    run: "Run", differences: Sequence[str], resume: bool | None, smoke: bool, as_json: bool
) -> None:
    """Train, and tell what became of it."""
    from repro.errors import ReproError
    from repro.report import training as shown
    from repro.report.progress import Steps
    from repro.training import course as courses
    from repro.training import preparing, state, training
    from repro.training import smoke as smoking
    from repro.training.loop import Told

    if resume and not state.checkpoints(run.out / training.STATES):
        raise ReproError(f"`{run.out}` has no checkpoint to go on from.", "Leave --resume out.")
    prepared = preparing.prepare(run, say)
    quiet = as_json or not prepared.first
    if not quiet:
        show(prepared.run.resolved, differences, False)
        for line in prepared.lines():
            say(line)
    with shown.Course(prepared.schedule.total, show=not quiet) as course:

        def step(told: Told) -> None:
            course.tell(told.step, told.moment.epoch, told.loss, told.rate, told.speed)

        def evaluation(total: int, what: str) -> Steps:
            return Steps(total, what, show=False)

        listeners = training.Listeners(say if prepared.first else silent, step, evaluation)
        own = training.Training(
            prepared, preparing.network(prepared), *preparing.feed(prepared), listeners
        )
        if smoke:
            seen = smoking.smoke(own)
        else:
            courses.train(own, fresh=resume is False)
    if not prepared.first:
        return
    result = courses.outcome(own)
    if smoke:
        result["smoke"] = seen.described()
    if as_json:
        emit("train", **result)
        return
    for line in shown.outcome(result):
        print(line)


def silent(text: str) -> None:
    """The first process speaks for all."""
