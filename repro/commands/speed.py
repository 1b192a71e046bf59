"""How fast networks are on this machine: speed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import RECORDS, Json, StoreDir, console, cores, emit, names_of, say

if TYPE_CHECKING:
    from repro.timing.subjects import Subject

UNSTABLE = 5


def speed(
    models: Annotated[
        list[str] | None, typer.Argument(help="Models or patterns; those of paper1 Table V.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    size: Annotated[str, typer.Option("--input", help="Height x width.")] = "256x192",
    batch: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="All cores by default.")] = None,
    backend: Annotated[str, typer.Option(help="One or more, as in `eager,onnx_runtime`.")] = (
        "eager"
    ),
    precision: Annotated[str, typer.Option(help="fp32, bf16, fp16 or tf32.")] = "fp32",
    stage: Annotated[str, typer.Option(help="net, pre, post or full.")] = "net",
    flip: Annotated[bool, typer.Option("--flip", help="Two passes, as with a flip test.")] = False,
    protocol: Annotated[str, typer.Option(help="repro, paper1 or paper2.")] = "repro",
    budget: Annotated[float, typer.Option(min=1, help="Seconds.")] = 60.0,
    processes: Annotated[int, typer.Option(min=1, help="Fresh ones, one after another.")] = 5,
    profile: Annotated[
        Path | None, typer.Option(help="Write a profiler trace of one model to this file.")
    ] = None,
    allow_noisy: Annotated[
        bool, typer.Option("--allow-noisy", help="Exit 0 though nothing gets a verdict.")
    ] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Time networks against each other, interleaved, in fresh processes.

    Example: repro speed hwl_mobilenetv3 litehrnet_18 --backend eager,onnx_runtime
    """
    check_device(device)
    chosen = subjects(models, size, batch, names_of(backend), precision, stage, flip)
    if profile is not None:
        profiled(chosen, profile, as_json)
        return
    from repro.report.progress import Share
    from repro.store import Store
    from repro.timing import against, engine, recording
    from repro.timing.analysis import Analysis
    from repro.timing.procedures import Settings

    settings = Settings(
        protocol=protocol, threads=threads or cores(), budget=budget, processes=processes
    )
    kept = Store(store)
    kept.check()
    if not as_json:
        say(f"{len(chosen)} subjects, about {engine.planned(chosen, settings):.0f} s")
    with Share(show=not as_json) as share:
        run = engine.measure(chosen, settings, share.tell)
    for failure in run.failures:
        say(f"warning: {failure}")
    found = Analysis(run)
    record = recording.record(run, found)
    recording.keep(kept.artifacts(record.key), run)
    kept.add(record, again=True)
    from repro.report import speed as shown

    orders = against.standings(found)
    code = UNSTABLE if found.unstable and not allow_noisy else 0
    if as_json:
        emit("speed", **shown.described(run, found, record, orders), exit=code)
    else:
        console().print(shown.table(run, found, record, orders))
    raise typer.Exit(code)


def subjects(
    models: list[str] | None,
    size: str,
    batch: int,
    backends: list[str],
    precision: str,
    stage: str,
    flip: bool,
) -> "list[Subject]":
    """Every network in every backend; ReproError for what does not exist."""
    from repro import plan
    from repro.errors import unknown
    from repro.spec import parse_size, spec_of
    from repro.study import load_table
    from repro.timing import backends as known
    from repro.timing.subjects import Subject

    rows = load_table("paper1", "table5").rows
    names = plan.models(models) if models else [row.model for row in rows if row.model]
    for name in backends:
        if name not in known.NAMES:
            raise unknown("backend", name, known.NAMES)
    found = []
    for name in names:
        spec = spec_of(name, parse_size(size))
        for way in backends:
            found.append(
                Subject(name, spec.input, spec.keypoints, batch, way, precision, stage, flip)
            )
    return found


def check_device(name: str) -> None:
    """Raise ReproError for a device that this command cannot time."""
    from repro.errors import ReproError

    if name == "cpu":
        return
    if name != "cuda":
        raise ReproError(f"There is no device `{name}`.", "Say cpu or cuda.")
    from repro.timing import cuda

    reason = cuda.why_not() or "This version of the command times the CPU only."
    raise ReproError(f"Nothing was timed on cuda. {reason}", "Leave --device out.")


def profiled(chosen: "list[Subject]", path: Path, as_json: bool) -> None:
    """Write a trace of one network, and print what costs most."""
    from repro.errors import ReproError

    if len(chosen) != 1:
        raise ReproError(f"{len(chosen)} subjects cannot share a trace.", "Name one model.")
    from repro.report import profile as shown
    from repro.runners import parity
    from repro.timing import profiler
    from repro.timing.building import seeded

    subject = chosen[0]
    example = parity.seeded_input((subject.batch, 3, *subject.input), 0).float()
    found = profiler.profile(seeded(subject, 0), example, path)
    if as_json:
        emit("speed", profile=shown.described(found), trace=str(path))
    else:
        console().print(shown.table(found))
        say(f"{path} opens in chrome://tracing or ui.perfetto.dev")
