"""What `speed` does beside timing: orders of several machines, a trace, and logs of other tools."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands.common import console, emit, size_of, tell
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


def imported(
    file: Path | None,
    device: str | None,
    words: list[str],
    size: str | None,
    against: str | None,
    store: Path,
    as_json: bool,
) -> None:
    """Keep what another tool's log tells as a record of a named device, and print it."""
    from repro.comparing import imported_speeds
    from repro.errors import ReproError
    from repro.records.store import Store
    from repro.report.terminal import imported_table
    from repro.speed.imported import importing

    if file is None:
        raise ReproError(f"`{device}` names no log.", "Give one: --import FILE.")
    if device is None:
        raise ReproError(
            f"`{file}` does not say on which device it was timed.", "Name it: --device-name NAME."
        )
    record = importing.imported(file, device, words, size_of(size))
    beside = list(imported_speeds.beside(record, against)) if against else []
    records = Store(store)
    records.check()
    records.add(record)
    tell(record.remarks)
    if against and not beside:
        say(f"none of the networks is among those whose speed `{against}` prints")
    if as_json:
        facts = imported_table.described(record, beside)
        emit("speed", imported=facts, remarks=record.remarks, records=[record])
    else:
        console().print(imported_table.table(record, beside))
