"""What `speed` does beside timing: orders of several machines together, and a profiler's trace."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands.common import console, emit
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.speed.measure.subjects import Subject


def merged(files: list[str], as_json: bool) -> None:
    """Print how stable the order of networks is over several machines."""
    from repro.report import orders
    from repro.speed.results import merging

    order = merging.merged([Path(file) for file in files])
    if as_json:
        emit("speed", merged=orders.described(order))
    else:
        console().print(orders.merged(order))


def profiled(subjects: "tuple[Subject, ...]", path: Path, device: str, as_json: bool) -> None:
    """Write a trace of one network, and print what costs most."""
    from repro.errors import ReproError

    if any(subject.file is not None for subject in subjects):
        raise ReproError("An exported file has no modules to profile.", "Name a network.")
    if len(subjects) != 1:
        raise ReproError(f"{len(subjects)} subjects cannot share a trace.", "Name one model.")
    from repro.counting import parity
    from repro.report.terminal import profile_table
    from repro.speed.measure import profiler
    from repro.speed.measure.building import seeded

    (subject,) = subjects
    example = parity.seeded_input((subject.batch, 3, *subject.input), 0).float()
    model, example = seeded(subject, 0).to(device), example.to(device)
    profile = profiler.profile(model, example, path)
    if as_json:
        emit("speed", profile=profile_table.described(profile), trace=str(path))
    else:
        console().print(profile_table.table(profile))
        say(f"{path} opens in chrome://tracing or ui.perfetto.dev")
