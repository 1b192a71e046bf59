"""Published checkpoints, and how a file fits the networks, for a reader."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.papers.checkpoint_catalogue import Checkpoint, Unpublished
from repro.report.printed_table import new_grid

if TYPE_CHECKING:
    from repro.checkpoints.inspection import CheckpointReport
    from repro.checkpoints.matching import Match

FIRST = 10
"""names of each kind that are listed"""


def listed(
    checkpoints: Sequence[Checkpoint], reason: Unpublished | None, present: Mapping[str, Path]
) -> RenderableType:
    """The published checkpoints, those that are present marked, with their pages."""
    grid = new_grid()
    for heading in ("", "model", "data set", "input", "file", "published"):
        grid.add_column(heading, no_wrap=True)
    for checkpoint in checkpoints:
        figures = " ".join(f"{metric} {value}" for metric, value in checkpoint.figures.items())
        size = f"{checkpoint.input[0]}x{checkpoint.input[1]}"
        mark = "✓" if checkpoint.file in present else "–"
        grid.add_row(
            mark,
            checkpoint.model,
            checkpoint.dataset,
            size,
            checkpoint.file or "see the page",
            f"{figures}{' *' if checkpoint.another_training else ''}",
        )
    pages = dict.fromkeys(
        f"{checkpoint.publisher}: {checkpoint.page}"
        for checkpoint in checkpoints
        if not checkpoint.address
    )
    lines = [Text(f"fetch by hand from {page}") for page in pages]
    models = dict.fromkeys(checkpoint.model for checkpoint in checkpoints if checkpoint.address)
    if models:
        words = next(iter(models)) if len(models) == 1 else "MODEL"
        lines.append(Text(f"`repro fetch weights {words}` fetches those that have an address"))
    if any(checkpoint.another_training for checkpoint in checkpoints):
        lines.append(Text("* another training: no printed row quotes it, and it fills no cell"))
    if reason is not None:
        lines.append(Text(f"{reason.why}{f' {reason.page}' if reason.page else ''}"))
    if not checkpoints:
        return Group(*lines) if lines else Text("No checkpoint is published.")
    return Group(grid, *lines)


def reported(report: "CheckpointReport") -> RenderableType:
    """How a checkpoint file fits."""
    state = report.state
    lines = [
        f"{state.file}: {len(state.tensors):,} tensors, {state.size:,} bytes, {state.format}",
        f"sha256 {state.sha256}",
    ]
    if report.published:
        published = report.published[0]
        same = {True: "is", False: "is NOT", None: "has the name of"}[report.genuine]
        lines.append(
            f"It {same} the file that the {published.publisher} publishes for {published.model}."
        )
    if report.match is not None:
        lines += _match(report.match, f"{report.model} with {report.keypoints} keypoints")
    fits = ", ".join(f"{name} ({count} keypoints)" for name, count in report.fits)
    lines.append(f"It fits {fits}." if fits else "It fits no network of the zoo.")
    return Group(*map(Text, lines))


def _match(match: "Match", network: str) -> list[str]:
    lines = [f"{len(match.names):,} of the {match.tensors:,} tensors of {network} are there"]
    lines += [f"  names read {rule}" for rule in match.rules]
    if match.unplaced:
        lines.append(f"  its graph {match.unplaced}")
    shapes = [f"{name}: {found} for {own}" for name, (found, own) in match.wrong_shapes.items()]
    kinds: dict[str, Sequence[str]] = {
        "missing": match.missing,
        "unexpected": match.unexpected,
        "of another shape": shapes,
        "of another kind": match.wrong_kinds,
    }
    for kind, names in kinds.items():
        if names:
            lines.append(f"  {len(names):,} {kind}: {', '.join(names[:FIRST])}")
            if len(names) > FIRST:
                lines[-1] += ", ..."
    return lines
