"""Training: train."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import RECORDS, DataDir, Json, Paper, StoreDir, console, emit, say

if TYPE_CHECKING:
    from repro.papers.recipe_sources import Resolved
    from repro.training.request import TrainingRequest


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
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Train a network by a paper's recipe; a killed training goes on where it was.

    Example: repro train paper1 hwl_mobilenetv3 --data DATA
    """
    from repro.speed.measure.allocation import keep_freed

    keep_freed()  # before torch asks for any memory
    from repro.errors import ReproError
    from repro.papers.lookup import parse_options, parse_size
    from repro.report.terminal import training_view as shown
    from repro.training import asking
    from repro.training.request import TrainingMachine

    given = {"epochs": epochs, "batch": batch, "lr": lr, "evaluate_every": evaluate_every}
    changes: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    wanted = asking.asked(
        paper,
        model,
        recipe,
        dataset,
        parse_size(size) if size else None,
        parse_options(option or []),
        loss,
        changes | parse_options(set_ or []),
        smoke,
    )
    differences = shown.differences(wanted.differing)
    if plan:
        show(wanted.resolved, differences, as_json)
        return
    if smoke and resume:
        raise ReproError("`--smoke` always begins anew.", "Leave --resume out.")
    if smoke and not as_json:
        say("smoke: generated figures, small inputs; the loss must fall, nothing is reproduced")
    request = asking.requested(
        wanted,
        data,
        out,
        TrainingMachine(
            device,
            devices,
            accumulate=accumulate,
            precision=precision,
            channels_last=channels_last,
            workers=workers,
            threads=threads,
        ),
        seed,
        {"annotations": annotations, "images": images},
        {"annotations": val_annotations, "images": val_images},
        weights,
        partial,
        crop_cache,
        save_every,
    )
    train_and_tell(request, differences, resume, store, as_json)


def show(resolved: "Resolved", differences: Sequence[str], as_json: bool) -> None:
    """Print a recipe with its sources, and how the official one differs."""
    from repro.report.terminal import training_view as shown

    if as_json:
        emit("train", recipe=resolved.described())
        return
    for line in differences:
        say(line)
    out = console()
    out.print(shown.recipe(resolved))
    for line in shown.deviations(resolved):
        out.print(line)


def train_and_tell(
    asked: "TrainingRequest",
    differences: Sequence[str],
    resume: bool | None,
    store: Path,
    as_json: bool,
) -> None:
    """Train, keep the record, and tell what became of it."""
    from dataclasses import replace

    from repro import plan
    from repro.errors import ReproError
    from repro.records.store import Store
    from repro.report.terminal import training_view as shown
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out
    from repro.training import identity, machine, preparing, state, training

    if resume and not state.checkpoints(asked.out / training.STATES):
        raise ReproError(f"`{asked.out}` has no checkpoint to go on from.", "Leave --resume out.")
    asked = replace(asked, machine=machine.placed(asked.machine))
    checked = preparing.checked(replace(asked, cache=None), lambda text: None)
    quiet = as_json or not machine.first()
    if not quiet:
        show(checked.run.resolved, differences, False)
        for line in checked.lines():
            say(line)
    run, kept = identity.run_of(checked), Store(store)
    graph = plan.single(run, kept, asked, fresh=resume is False, served=False)
    outcome = carry_out(graph, kept, TerminalWatch(show=not quiet))
    outcome.check()
    if not machine.first():
        return
    result = identity.outcome(checked, outcome.only)
    if as_json:
        emit("train", **result)
        return
    for line in shown.outcome(result):
        print(line)
