"""How fast networks are on this machine: speed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import options, speed_files, timing_options
from repro.commands.common import console, emit, names_of, tell
from repro.processes import ending
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from repro.records.record import Record
    from repro.records.remarks import Remark
    from repro.speed.measure.procedures import TimingSettings
    from repro.speed.measure.subjects import Subject, TimedRun
    from repro.speed.results.analysis import Analysis
    from repro.speed.roofline.model import MachineLimits

UNSTABLE, FAILED = 5, 6
BUDGET = 60.0
"""seconds, where the selection does not need more"""


def speed(
    models: timing_options.TimedModels = None,
    device: options.Device = "cpu",
    size: timing_options.TimedSize = None,
    batch: timing_options.Batches = None,
    threads: timing_options.TimedThreads = None,
    backend: timing_options.Backends = None,
    precision: timing_options.Precisions = None,
    stage: timing_options.Stage = "net",
    flip: timing_options.TwoPasses = False,
    protocol: timing_options.TimingProtocol = "repro",
    budget: timing_options.Budget = None,
    processes: timing_options.FreshProcesses = 5,
    against: timing_options.Against = None,
    roofline: timing_options.Roofline = False,
    profile: timing_options.TraceFile = None,
    merge: timing_options.Merge = False,
    log: timing_options.LogFile = None,
    device_name: timing_options.DeviceName = None,
    allow_noisy: timing_options.AllowNoisy = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Time networks against each other, interleaved, in fresh processes.

    Example: repro speed hwl_mobilenetv3 litehrnet_18 --backend eager,onnx_runtime
    """
    if merge:
        speed_files.merged(models or [], as_json)
        return
    if log is not None or device_name is not None:
        speed_files.imported(log, device_name, models or [], size, against, store, as_json)
        return
    from repro import env
    from repro.speed.measure.procedures import TimingSettings, agreed
    from repro.speed.roofline import placement

    ways = ",".join(backend or []), ",".join(batch or ["1"]), ",".join(precision or ["fp32"])
    subjects, remarks = chosen(models, size, against, *ways, device, stage, flip)
    if roofline:
        placement.check(device, stage)
    check_device(device)
    if profile is not None:
        speed_files.profiled(subjects, profile, device, as_json)
        return
    settings = TimingSettings(
        protocol, threads or env.cores(), budget or BUDGET, processes, remarks=remarks
    )
    settings = agreed(subjects, settings, batch is not None, threads is not None)
    settings = with_budget(subjects, settings, budget)
    time_and_tell(subjects, settings, device, against, roofline, allow_noisy, store, as_json)


def chosen(
    models: list[str] | None,
    size: str | None,
    against: str | None,
    backends: str,
    batches: str,
    precisions: str,
    device: str,
    stage: str,
    flip: bool,
) -> "tuple[tuple[Subject, ...], tuple[Remark, ...]]":
    """The networks in every way that is asked for, and what must be known of them."""
    from repro.exported.opening import is_network_file
    from repro.speed import files, sweep

    networks = sweep.networks(models, size, against)
    usual = files.FIRST if any(map(is_network_file, models or [])) else "eager"
    ways = names_of(backends or usual)
    subjects = sweep.sweep(
        networks, sweep.batches_of(batches), names_of(precisions), ways, device, stage, flip
    )
    said = files.remarks(networks, [*ways, *(one.backend for one in subjects)])
    return subjects, tuple(said)


def with_budget(
    subjects: "Sequence[Subject]", settings: "TimingSettings", given: float | None
) -> "TimingSettings":
    """The settings with what a verdict needs, or with what is given; a warning if that is less."""
    from dataclasses import replace

    from repro.speed.measure import procedures

    needed = procedures.needed(subjects, settings)
    if given is None:
        return replace(settings, budget=max(BUDGET, needed))
    if given < needed:
        say(f"warning: {given:.0f} s may be too few for a verdict, which takes about {needed:.0f}")
    return settings


def time_and_tell(
    subjects: "tuple[Subject, ...]",
    settings: "TimingSettings",
    device: str,
    against: str | None,
    roofline: bool,
    allow_noisy: bool,
    store: Path,
    as_json: bool,
) -> None:
    """Time, keep the record, print who is faster than whom, and exit by what became of it."""

    from repro.plan import single
    from repro.records.store import Store
    from repro.report.terminal.progress import TerminalWatch
    from repro.report.text import counted
    from repro.run import carry_out
    from repro.speed import requests
    from repro.speed.measure import procedures
    from repro.speed.results import recording
    from repro.speed.results.analysis import Analysis
    from repro.speed.roofline import placement

    records = Store(store)
    records.check()
    if not as_json:
        tell(settings.remarks)
    extent = f"{procedures.planned(subjects, settings):.0f} s"
    say(
        f"{counted(len(subjects), 'subject')}, about {extent}; what is exported or compiled for "
        "the first time comes on top"
    )
    machine = placement.measured(settings.threads) if roofline else None
    timing = requests.run_of(subjects, settings, device)
    plan = single(timing, records, (subjects, settings), served=False)
    record = carry_out(plan, records, TerminalWatch(show=not as_json)).only
    run = recording.kept(records.artifacts(record.key))
    if run.interrupted:
        done = f"{run.settings['finished']} of {settings.processes} processes"
        say(f"ended early: every sample of {done} is kept in record {record.key[:12]}")
    analysis = Analysis(run)
    code = exit_code(run, analysis, allow_noisy)
    data, parts = reported(run, analysis, record, against, machine)
    if as_json:
        emit("speed", **data, remarks=record.remarks, records=[record], exit=code)
    else:
        from rich.console import Group

        tell(one for one in record.remarks if one not in settings.remarks)
        console().print(Group(*parts))
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


def exit_code(run: "TimedRun", analysis: "Analysis", allow_noisy: bool) -> int:
    """What became of the run as a whole."""
    if run.interrupted:
        return ending.code()
    if run.failures and any(one.refused.startswith("its process") for one in run.preparations):
        return FAILED
    return UNSTABLE if analysis.unstable and not allow_noisy else 0


def reported(
    run: "TimedRun",
    analysis: "Analysis",
    record: "Record",
    against: str | None,
    machine: "MachineLimits | None",
) -> "tuple[dict[str, object], list[RenderableType]]":
    """A run as plain data, and for a reader."""
    from dataclasses import asdict

    from repro.comparing import speed_columns
    from repro.report import orders
    from repro.report.terminal import roofline_table, speed_table
    from repro.speed.roofline import placement

    standings = speed_columns.standings(analysis)
    data = speed_table.described(run, analysis, record)
    data["standings"] = [asdict(standing) for standing in standings]
    parts = [speed_table.table(run, analysis, record), *map(orders.standing, standings)]
    if against is not None:
        sides = speed_columns.beside(analysis, record, against)
        data["against"] = [asdict(side) for side in sides]
        parts.append(orders.beside(sides))
        if not sides:
            say(f"no two of the networks of `{against}` were timed at the sizes that it prints")
    if machine is not None:
        rows = placement.placed(analysis, machine)
        words = placement.explained(rows)
        data["roofline"] = roofline_table.described(machine, rows, words)
        parts.append(roofline_table.table(machine, rows, words))
    return data, parts
