"""What evaluations need: data check, data synth, weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import Json, console, emit

if TYPE_CHECKING:
    from repro.data.completeness import SplitFound

    pass

app = typer.Typer(help="Data sets: what is there, and one to try things on.", rich_markup_mode=None)


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(envvar="REPRO_DATA", help="Folder with coco, crowdpose, mpii.")
    ],
    as_json: Json = False,
) -> None:
    """Name what is present, whether it is the official data, and what to fetch by hand.

    Example: repro data check DATA
    """
    from repro.data import completeness as checking

    found = checking.check(folder)
    if as_json:
        emit("data check", splits=[one.described() for one in found])
        return
    for one in found:
        print(f"{SIGNS[state(one)]} {one.dataset} {one.split}: {facts(one)}")
        for note in one.notes:
            print(f"    {note}")
        for fetch in one.fetch:
            print(f"    to fetch by hand: {fetch}")


SIGNS = {"complete": "✓", "part": "≈", "absent": "–"}


def state(found: "SplitFound") -> str:
    """complete, part or absent."""
    if found.source is None:
        return "absent"
    return "complete" if found.complete and found.official is not False else "part"


def facts(found: "SplitFound") -> str:
    """What is there of a split, in a line."""
    if found.counts is None:
        return "not here" if found.source is None else "cannot be read"
    counts = found.counts
    official = {True: "the official files", False: "not the official files", None: ""}
    parts = [
        f"{counts.present:,} of {counts.images:,} images",
        f"{counts.people:,} persons, {counts.labelled:,} with joints, {counts.crowd:,} crowds",
        *([] if counts.boxes is None else [f"{counts.boxes:,} detected boxes"]),
        *([official[found.official]] if official[found.official] else []),
        f"sha256 {counts.sha256[:12]}",
    ]
    return " · ".join(parts)


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(help="It gets a folder `synth`.")],
    train: Annotated[int, typer.Option(min=1, help="Pictures to train on.")] = 400,
    val: Annotated[int, typer.Option(min=1, help="Pictures to evaluate on.")] = 100,
    seed: Annotated[int, typer.Option(min=0, max=2**32, help="Another seed, other pictures.")] = 0,
    as_json: Json = False,
) -> None:
    """Generate pictures of articulated figures, annotated as COCO and CrowdPose are.

    Example: repro data synth DATA --train 400 --val 100
    """
    from repro.data import synth as generating
    from repro.report.terminal.progress import Steps

    with Steps(train + val, "pictures", show=not as_json) as tell:
        path = generating.write(folder, train, val, seed, tell=tell)
    if as_json:
        emit("data synth", folder=str(path), train=train, val=val, seed=seed)
    else:
        print(f"{path} is written; `repro eval truth --dataset synth --data {folder}` tries it")


def weights(
    model: Annotated[str | None, typer.Argument(help="One model; all by default.")] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Report how a checkpoint fits.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", envvar="REPRO_DATA", help="Where files may be.")
    ] = None,
    keypoints: Annotated[
        int | None, typer.Option(min=1, max=1000, help="17 COCO, 16 MPII, 14 CrowdPose.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the published checkpoints, or check a file against the models.

    Example: repro weights lpn_50 --check lpn_50_256x192.pth
    """
    if check is not None:
        report_of(model, check, keypoints, as_json)
        return
    from repro.papers import checkpoint_catalogue as catalogue
    from repro.report.terminal import checkpoint_table as shown

    found = catalogue.published(model)
    reason = catalogue.unpublished(model) if model else None
    present = {path.name: path for path in catalogue.present(data)}
    if as_json:
        rows = [
            {**one.described(), "present": str(present[one.file]) if one.file in present else None}
            for one in found
        ]
        emit("weights", checkpoints=rows, unpublished=reason and reason.why)
        return
    console().print(shown.listed(found, reason, present))


def report_of(model: str | None, path: Path, keypoints: int | None, as_json: bool) -> None:
    """Tell how a checkpoint fits."""
    import zoo
    from repro.checkpoints import inspection
    from repro.report.terminal import checkpoint_table as shown
    from repro.report.terminal.progress import Steps

    with Steps(len(zoo.MODELS), "networks", show=not as_json) as steps:
        found = inspection.report(
            model, path, keypoints, tell=lambda name: steps(1, f"does it fit {name}?")
        )
    if as_json:
        emit("weights", **found.described())
    else:
        console().print(shown.reported(found))
    raise typer.Exit(0 if found.fits else 3)
