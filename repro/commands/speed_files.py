"""What `speed` does beside timing: orders of several machines together, and a profiler's trace."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands.common import console, emit, say

if TYPE_CHECKING:
    from repro.speed.measure.subjects import Subject


def merged(files: list[str], as_json: bool) -> None:
    """Print how stable the order of networks is over several machines."""
    from repro.report import orders
    from repro.speed.results import merging

    found = merging.merged([Path(file) for file in files])
    if as_json:
        emit("speed", merged=orders.described(found))
    else:
        console().print(orders.merged(found))


def profiled(chosen: "tuple[Subject, ...]", path: Path, device: str, as_json: bool) -> None:
    """Write a trace of one network, and print what costs most."""
    from repro.errors import ReproError

    if len(chosen) != 1:
        raise ReproError(f"{len(chosen)} subjects cannot share a trace.", "Name one model.")
    from repro.counting import parity
    from repro.report.terminal import profile_table as shown
    from repro.speed.measure import profiler
    from repro.speed.measure.building import seeded

    subject = chosen[0]
    example = parity.seeded_input((subject.batch, 3, *subject.input), 0).float()
    model, example = seeded(subject, 0).to(device), example.to(device)
    found = profiler.profile(model, example, path)
    if as_json:
        emit("speed", profile=shown.described(found), trace=str(path))
    else:
        console().print(shown.table(found))
        say(f"{path} opens in chrome://tracing or ui.perfetto.dev")
