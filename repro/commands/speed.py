"""How fast networks are on this machine: speed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands import speed_files
from repro.commands.common import (
    RECORDS,
    Json,
    StoreDir,
    console,
    emit,
    finite,
    names_of,
    say,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from repro.records.record import Record
    from repro.speed.measure.subjects import TimedRun
    from repro.speed.results.analysis import Analysis
    from repro.speed.roofline.model import MachineLimits

UNSTABLE, FAILED, INTERRUPTED = 5, 6, 130
BUDGET = 60.0
"""seconds, where the selection does not need more"""


def speed(
    models: Annotated[
        list[str] | None, typer.Argument(help="Models or patterns; those of paper1 Table V.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    size: Annotated[
        str | None, typer.Option("--input", help="Height x width; 256x192 by default.")
    ] = None,
    batch: Annotated[
        list[str] | None, typer.Option(help="Images at a time, one or more, as in `1,8,16`.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="All cores by default.")] = None,
    backend: Annotated[
        list[str] | None, typer.Option(help="One or more, as in `eager,onnx_runtime`, or all.")
    ] = None,
    precision: Annotated[
        list[str] | None, typer.Option(help="One or more of fp32, bf16; on cuda fp16, tf32 too.")
    ] = None,
    stage: Annotated[str, typer.Option(help="net, pre, post or full.")] = "net",
    flip: Annotated[bool, typer.Option("--flip", help="Two passes, as with a flip test.")] = False,
    protocol: Annotated[str, typer.Option(help="repro, paper1 or paper2.")] = "repro",
    budget: Annotated[
        float | None,
        typer.Option(min=1, callback=finite, help="Seconds; 60, or what a verdict needs if more."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Fresh ones, one after another.")] = 5,
    against: Annotated[
        str | None, typer.Option(help="A paper: its printed speeds beside ours.")
    ] = None,
    roofline: Annotated[
        bool, typer.Option("--roofline", help="How far from this machine's limits, and why.")
    ] = False,
    profile: Annotated[
        Path | None, typer.Option(help="Write a profiler trace of one model to this file.")
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Time nothing: MODELS are files that --json wrote.")
    ] = False,
    allow_noisy: Annotated[
        bool, typer.Option("--allow-noisy", help="Exit 0 though nothing gets a verdict.")
    ] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Time networks against each other, interleaved, in fresh processes.

    Example: repro speed hwl_mobilenetv3 litehrnet_18 --backend eager,onnx_runtime
    """
    if merge:
        speed_files.merged(models or [], as_json)
        return
    from dataclasses import replace

    from repro import env, plan
    from repro.speed import requests, sweep
    from repro.speed.measure import procedures
    from repro.speed.measure.procedures import TimingSettings
    from repro.speed.results import recording
    from repro.speed.results.analysis import Analysis
    from repro.speed.roofline import placement

    chosen = sweep.sweep(
        sweep.networks(models, size, against),
        sweep.batches_of(",".join(batch or ["1"])),
        names_of(",".join(precision or ["fp32"])),
        names_of(",".join(backend or ["eager"])),
        device,
        stage,
        flip,
    )
    if roofline:
        placement.check(device, stage)
    check_device(device)
    if profile is not None:
        speed_files.profiled(chosen, profile, device, as_json)
        return
    from repro.records.store import Store
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out

    settings = TimingSettings(protocol, threads or env.cores(), budget or BUDGET, processes)
    settings = procedures.agreed(chosen, settings, batch is not None, threads is not None)
    needed = procedures.needed(chosen, settings)
    if budget is None:
        settings = replace(settings, budget=max(BUDGET, needed))
    elif budget < needed:
        say(f"warning: {budget:.0f} s may be too few for a verdict, which takes about {needed:.0f}")
    kept = Store(store)
    kept.check()
    planned = f"{len(chosen)} subjects, about {procedures.planned(chosen, settings):.0f} s"
    say(f"{planned}; what is exported or compiled for the first time comes on top")
    machine = placement.measured(settings.threads) if roofline else None
    graph = plan.single(
        requests.run_of(chosen, settings, device), kept, (chosen, settings), served=False
    )
    outcome = carry_out(graph, kept, TerminalWatch(show=not as_json))
    record = outcome.only
    run = recording.kept(kept.artifacts(record.key))
    found = Analysis(run)
    if run.interrupted:
        done = f"{run.settings['finished']} of {settings.processes} processes"
        say(f"ended early: every sample of {done} is kept in record {record.key[:12]}")
    code = exit_code(run, found, allow_noisy)
    data, parts = reported(run, found, record, against, machine)
    if as_json:
        emit("speed", **data, exit=code)
    else:
        console().print(*parts, sep="\n")
    raise typer.Exit(code)


def check_device(name: str) -> None:
    """Raise ReproError for a device that is not here."""
    from repro.errors import ReproError

    if name == "cuda":
        from repro.speed.gpu import cuda

        reason = cuda.why_not()
        if reason:
            raise ReproError(f"Nothing was timed on cuda. {reason}", "Leave --device out.")
        for absent in cuda.absent():
            say(f"warning: {absent}")


def exit_code(run: "TimedRun", found: "Analysis", allow_noisy: bool) -> int:
    """What became of the run as a whole."""
    if run.interrupted:
        return INTERRUPTED
    if run.failures and any(one.refused.startswith("its process") for one in run.preparations):
        return FAILED
    return UNSTABLE if found.unstable and not allow_noisy else 0


def reported(
    run: "TimedRun",
    found: "Analysis",
    record: "Record",
    against: str | None,
    machine: "MachineLimits | None",
) -> "tuple[dict[str, object], list[RenderableType]]":
    """A run as plain data, and for a reader."""
    from dataclasses import asdict

    from repro.comparing import speed_columns
    from repro.report import orders
    from repro.report.terminal import roofline_table
    from repro.report.terminal import speed_table as shown
    from repro.speed.roofline import placement

    standings = speed_columns.standings(found)
    data = shown.described(run, found, record)
    data["standings"] = [asdict(one) for one in standings]
    parts = [shown.table(run, found, record), *map(orders.standing, standings)]
    if against is not None:
        sides = speed_columns.beside(found, record, against)
        data["against"] = [asdict(one) for one in sides]
        parts.append(orders.beside(sides))
        if not sides:
            say(f"no two of the networks of `{against}` were timed at the sizes that it prints")
    if machine is not None:
        rows = placement.placed(found, machine)
        said = placement.explained(rows)
        data["roofline"] = roofline_table.described(machine, rows, said)
        parts.append(roofline_table.table(machine, rows, said))
    return data, parts
