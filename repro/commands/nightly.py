"""A night of checks: nightly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import RECORDS, Json, StoreDir, emit, finite, names_of, say

if TYPE_CHECKING:
    from repro.nightly import Done

OUT = Path("nightly")


def nightly(
    out: Annotated[Path, typer.Option(help="Folder of the night; an earlier one there goes.")] = (
        OUT
    ),
    budget: Annotated[
        float, typer.Option(min=1, callback=finite, help="Seconds of the timing.")
    ] = 600.0,
    processes: Annotated[int, typer.Option(min=1, help="Of the timing.")] = 5,
    previous: Annotated[
        Path | None, typer.Option(help="Folder of an earlier night to compare with.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only these steps, as in `doctor,count,exact`.")] = "",
    summary: Annotated[Path | None, typer.Option(help="Append to a GitHub step summary.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show the steps, do nothing.")] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Check everything once: machine, counts, parity, speed, evaluation, training, drift, report.

    Counts must equal those of --store; speed and accuracy are compared with the last night that
    was not bad. Exit 3: a gate caught something; 5: too noisy to tell; 6: a step failed.

    Example: repro nightly --out tonight --previous yesterday --budget 120
    """
    import shlex
    from dataclasses import asdict

    from repro import nightly as nights
    from repro.report.terminal import night_view as shown

    night = nights.Night(out, budget, previous, store, summary, processes)
    todo = nights.chosen(night, names_of(only))
    if plan:
        if as_json:
            emit("nightly", steps=[asdict(step) for step in todo])
        for step in todo if not as_json else ():
            print(f"{step.name:10}  repro {shlex.join(step.words)}  {step.lacking}".rstrip())
        return
    nights.begin(night)

    def tell(done: "Done") -> None:
        if not as_json:
            say(shown.line(done))

    result = nights.spend(night, todo, tell)
    shown.write(result, out, summary)
    if as_json:
        emit("nightly", **asdict(result))
    else:
        print(shown.ending(result, out))
    raise typer.Exit(result.exit)
