"""A night of checks: nightly."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import night_options, options
from repro.commands.common import emit, names_of
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.nightly import Done

OUT = Path("nightly")


def nightly(
    out: night_options.NightDir = OUT,
    budget: night_options.NightBudget = 600.0,
    processes: night_options.NightProcesses = 5,
    previous: night_options.EarlierNight = None,
    only: night_options.OnlySteps = "",
    summary: options.Summary = None,
    plan: night_options.ShowSteps = False,
    executor: options.ExecutorName = "local",
    workers: options.SideBySide = None,
    address: options.RayAddress = None,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Check everything: machine, counts, parity, speed, evaluation, training, rehearsal, drift.

    Counts must equal those of --store; speed and accuracy are compared with the last night that
    was not bad. Exit 3: a gate caught something; 5: too noisy to tell; 6: a step failed.

    Example: repro nightly --out tonight --previous yesterday --budget 120
    """
    import shlex
    from dataclasses import asdict

    from repro.executors import choice
    from repro.nightly import Night, begin, chosen, spend
    from repro.report.terminal import night_view

    choice.chosen(executor, workers, address)
    makers = choice.words(executor, workers, address)
    night = Night(out, budget, previous, store, summary, processes, makers)
    steps = chosen(night, names_of(only))
    if plan:
        if as_json:
            emit("nightly", steps=[asdict(step) for step in steps])
        for step in steps if not as_json else ():
            put(f"{step.name:10}  repro {shlex.join(step.words)}  {step.lacking}".rstrip())
        return
    begin(night)

    def tell(done: "Done") -> None:
        if not as_json:
            say(night_view.line(done))

    result = spend(night, steps, tell)
    night_view.write(result, out, summary)
    if as_json:
        emit("nightly", **asdict(result))
    else:
        put(night_view.ending(result, out))
    raise typer.Exit(result.exit)
