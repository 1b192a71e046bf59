"""What evaluations need: data check, data synth, weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import data_options, options
from repro.commands.common import complain, console, emit, tell
from repro.errors import ReproError, StoreError
from repro.report.terminal.console import put

if TYPE_CHECKING:
    from repro.data.completeness import SplitFound
    from repro.data.own_check import FileCheck

SHEET = Path("annotated.png")

app = typer.Typer(help="Data sets: what is there, and one to try things on.", rich_markup_mode=None)


@app.command()
def check(
    folder: data_options.CheckedFolder,
    images: data_options.ImagesOfFile = None,
    dataset: data_options.JointsOfFile = None,
    output: data_options.AnnotatedSheet = SHEET,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Name what is in a folder of data sets, or check an annotation file of your own.

    Of a folder: what is present, whether it is the official data, what to fetch by hand. Of a
    COCO-format FILE.json with --images: counts, joints, boxes, sides, pictures, a sheet of a few
    persons, and whether one can evaluate and train on it; exit 3 where one cannot evaluate. Its
    joints are those of its category, or of a FILE.toml with `joints`, and if wanted `flip`,
    `limbs`, `sigmas`, `upper` and `category`.

    Example: repro data check hands.json --images pictures
    """
    from repro.data import completeness, own_dataset

    if images is not None:
        check_file(folder, images, dataset, output, as_json)
        return
    if folder.is_file() and own_dataset.is_file(folder.name):
        raise ReproError(f"The pictures of `{folder}` are not named.", "Give --images DIR.")
    splits = completeness.check(folder)
    if as_json:
        emit("data check", splits=[split.described() for split in splits])
        return
    for split in splits:
        put(f"{SIGNS[state(split)]} {split.dataset} {split.split}: {facts(split)}")
        for note in split.notes:
            put(f"    {note}")
        for fetch in split.fetch:
            put(f"    to fetch by hand: {fetch}")
        if split.fetch and public(split):
            put(f"    `repro fetch {split.dataset} {split.split}` fetches what has an address")


def public(split: "SplitFound") -> bool:
    """Whether an official file of a split has an address."""
    from repro.papers import downloads

    return any(
        entry.address and entry.dataset == split.dataset and split.split in entry.feeds
        for entry in downloads.catalogue().file
    )


def check_file(file: Path, images: Path, dataset: str | None, output: Path, as_json: bool) -> None:
    """Check an annotation file, draw a few of its persons, and tell."""
    from repro.data import own_check, own_dataset
    from repro.evaluation import annotation_sheet

    word = str(file) if dataset is None else dataset
    data_set = own_dataset.found(word) if dataset else own_dataset.opened(file)
    annotations, found = own_check.check(file, images, data_set or word)
    sheet: Path | None = None
    try:
        sheet = annotation_sheet.write(annotations, images, output)
    except StoreError:
        raise
    except ReproError as error:  # there is nobody to show
        if not as_json:
            complain(error)
    if as_json:
        emit("data check", **found.described(), sheet=None if sheet is None else str(sheet))
    else:
        tell_file(found, sheet)
    raise typer.Exit(0 if found.fit else 3)


def tell_file(found: "FileCheck", sheet: Path | None) -> None:
    """What was found of an annotation file, the verdict last."""
    from repro.report.terminal import joints_table

    counts = found.counts
    heading = (
        f"{found.title}: {counts.present:,} of {counts.images:,} images · {counts.people:,} of the "
        f"category {found.category}, {counts.labelled:,} with joints, {counts.crowd:,} crowds · "
        f"{counts.usable:,} with a usable box · sha256 {found.sha256[:12]}"
    )
    put(heading)
    console().print(joints_table.shown(found.joints))
    tell(found.remarks)
    if sheet is not None:
        put(f"{sheet} shows a few: are the numbers on the right joints?")
    for use, reasons in (("evaluation", found.evaluation), ("training", found.training)):
        why = "; ".join(reasons)
        put(f"not fit for {use}: {why}" if reasons else f"fit for {use}")


SIGNS = {"complete": "✓", "part": "≈", "absent": "–"}


def state(split: "SplitFound") -> str:
    """complete, part or absent."""
    if split.source is None:
        return "absent"
    return "complete" if split.complete and split.official is not False else "part"


def facts(split: "SplitFound") -> str:
    """What is there of a split, in a line."""
    if split.counts is None:
        return "not here" if split.source is None else "cannot be read"
    counts = split.counts
    official = {True: "the official files", False: "not the official files", None: ""}
    parts = [
        f"{counts.present:,} of {counts.images:,} images",
        f"{counts.people:,} persons, {counts.labelled:,} with joints, {counts.crowd:,} crowds",
        *([] if counts.boxes is None else [f"{counts.boxes:,} detected boxes"]),
        *([official[split.official]] if official[split.official] else []),
        f"sha256 {counts.sha256[:12]}",
    ]
    return " · ".join(parts)


@app.command()
def synth(
    folder: data_options.SynthFolder,
    train: data_options.TrainPictures = 400,
    val: data_options.ValPictures = 100,
    seed: data_options.PictureSeed = 0,
    as_json: options.Json = False,
) -> None:
    """Generate pictures of articulated figures, annotated as COCO and CrowdPose are.

    Example: repro data synth DATA --train 400 --val 100
    """
    from repro.data.synth import write
    from repro.report.terminal.progress import Steps

    with Steps(train + val, "pictures", show=not as_json) as tell:
        path = write(folder, train, val, seed, tell=tell)
    if as_json:
        emit("data synth", folder=str(path), train=train, val=val, seed=seed)
    else:
        put(f"{path} is written; `repro eval truth --dataset synth --data {folder}` tries it")


def weights(
    model: options.PublishedModel = None,
    check: options.CheckedFile = None,
    data: options.WeightsDir = None,
    keypoints: options.CheckedKeypoints = None,
    entry: options.Entry = None,
    as_json: options.Json = False,
) -> None:
    """List the published checkpoints, or check a file against the models.

    Example: repro weights lpn_50 --check lpn_50_256x192.pth
    """
    if check is not None:
        report_of(model, check, keypoints, entry, as_json)
        return
    from repro.papers import checkpoint_catalogue
    from repro.report.terminal import checkpoint_table

    published = checkpoint_catalogue.published(model)
    reason = checkpoint_catalogue.unpublished(model) if model else None
    present = {path.name: path for path in checkpoint_catalogue.present(data)}
    if as_json:
        rows = [
            {**one.described(), "present": str(present[one.file]) if one.file in present else None}
            for one in published
        ]
        emit("weights", checkpoints=rows, unpublished=reason and reason.why)
        return
    console().print(checkpoint_table.listed(published, reason, present))


def report_of(
    model: str | None, path: Path, keypoints: int | None, entry: str | None, as_json: bool
) -> None:
    """Tell how a checkpoint fits."""
    import zoo
    from repro.checkpoints import inspection
    from repro.report.terminal import checkpoint_table
    from repro.report.terminal.progress import Steps

    with Steps(len(zoo.MODELS), "networks", show=not as_json) as steps:
        report = inspection.report(
            model,
            path,
            keypoints,
            tell=lambda name: steps(1, f"does it fit {name}?"),
            entry=entry,
        )
    tell(report.remarks)
    if as_json:
        emit("weights", **report.described())
    else:
        console().print(checkpoint_table.reported(report))
    raise typer.Exit(0 if report.fits else 3)
