"""The options and arguments of `speed`, each named once: its form, its range, its help."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from repro.commands.limits import LONGEST, MOST_THREADS
from repro.commands.option_checks import finite

TimedModels = Annotated[
    list[str] | None,
    Argument(help="Models, patterns, exported FILE.onnx; else those whose speed a paper prints."),
]
TimedSize = Annotated[str | None, Option("--input", help="Height x width; 256x192 by default.")]
Batches = Annotated[
    list[str] | None,
    Option("--batch", help="Images at a time, one or more, as in `1,8,16`."),
]
TimedThreads = Annotated[int | None, Option(min=1, max=MOST_THREADS, help="All cores by default.")]
Backends = Annotated[
    list[str] | None,
    Option("--backend", help="One or more, as in `eager,onnx_runtime`, or all."),
]
Precisions = Annotated[
    list[str] | None,
    Option("--precision", help="One or more of fp32, bf16; on cuda fp16, tf32 too."),
]
Stage = Annotated[str, Option(help="net, pre, post or full.")]
TwoPasses = Annotated[bool, Option("--flip", help="Two passes, as with a flip test.")]
TimingProtocol = Annotated[str, Option(help="repro, paper1 or paper2.")]
Budget = Annotated[
    float | None,
    Option(
        min=1, max=LONGEST, callback=finite, help="Seconds; 60, or what a verdict needs if more."
    ),
]
FreshProcesses = Annotated[int, Option(min=1, max=1000, help="Fresh ones, one after another.")]
Against = Annotated[str | None, Option(help="A paper: its printed speeds beside ours.")]
Roofline = Annotated[
    bool, Option("--roofline", help="How far from this machine's limits, and why.")
]
TraceFile = Annotated[
    Path | None,
    Option("--profile", help="Write a profiler trace of one model to this file."),
]
LogFile = Annotated[
    Path | None,
    Option(
        "--import",
        help="Time nothing: keep the log of benchncnn, benchmark_app, benchmark_model or AI Hub; "
        "MODELS are NAME or NAME=ITS NAME THERE.",
    ),
]
DeviceName = Annotated[
    str | None, Option("--device-name", help="Of a log: the device that it is of.")
]
Merge = Annotated[bool, Option("--merge", help="Time nothing: MODELS are files that --json wrote.")]
AllowNoisy = Annotated[bool, Option("--allow-noisy", help="Exit 0 though nothing gets a verdict.")]
