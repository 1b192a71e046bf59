"""Train one ablation's rows on generated figures: what `run` does with --seeds alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands.common import complain, console, emit, say
from repro.errors import ReproError

if TYPE_CHECKING:
    from repro.papers.study import Row, Study, Table
    from repro.plans.planned import Plan
    from repro.records.runs import TrainingRun
    from repro.records.store import Store
    from repro.training.ablation import Budget
    from repro.training.request import TrainingRequest

FITTING = (
    *("seeds", "paper", "table", "data", "epochs", "device", "threads", "fresh", "store"),
    *("out", "quiet", "as_json"),
)
PURPOSE = "--seeds without --train, which trains the rows of one ablation on generated figures"


def check(context: typer.Context) -> None:
    """Raise ReproError for an option that does not go with --seeds, or needs a training."""
    words = {one.name: one.opts[-1] for one in context.command.params if one.name}
    given = [name for name in words if typed(context, name)]
    if "train" in given:
        return
    if "seeds" not in given:
        lone = [words[name] for name in given if name in ("epochs", "out")]
        if lone:
            raise ReproError(
                f"`{lone[0]}` is for trainings, and none is asked for.",
                "Say --seeds N or --train smoke|paper|official too.",
            )
        return
    wrong = [words[name] for name in given if name not in FITTING]
    if wrong:
        names = " and ".join(f"`{one}`" for one in wrong)
        raise ReproError(f"{names} cannot go with {PURPOSE}.", f"Leave out {names}.")


def typed(context: typer.Context, name: str) -> bool:
    """Whether an option was typed, not left alone or taken from the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


@dataclass(frozen=True)
class AskedAblation:
    """What such trainings are asked for with."""

    paper: str
    table: str | None
    data: Path | None
    out: Path
    epochs: int | None
    device: str
    threads: int | None
    fresh: bool
    store: Path


@dataclass(frozen=True)
class PlannedAblation:
    """The trainings of an ablation."""

    study: "Study"
    table: "Table"
    budget: "Budget"
    data: Path
    """the generated figures"""
    rows: "Sequence[tuple[Row, list[TrainingRequest]]]"
    graph: "Plan"
    runs: "Sequence[Sequence[TrainingRun]]"
    """of each row, a seed each"""

    @property
    def title(self) -> str:
        """`paper1 Table IV`."""
        return f"{self.study.name} Table {self.table.number}"


def planned(asked: AskedAblation, seeds: int, on_data: bool, store: "Store") -> PlannedAblation:
    """The trainings that are asked for; their pictures are made if they are not there.

    `on_data` tells whether a folder was typed; that of the environment is for other data.
    """
    if asked.paper == "all" or asked.table is None:
        raise ReproError(
            "An ablation is trained one table at a time.",
            "Name it, as in `repro run paper1 table4 --data synth --seeds 3`.",
        )
    from repro.papers import lookup
    from repro.speed.measure.allocation import keep_freed

    study = lookup.find_study(asked.paper)
    table = lookup.find_table(study, asked.table)
    keep_freed()  # before torch asks for any memory
    from repro.training import ablation
    from repro.training.request import TrainingMachine

    ablation.rows(study, table)
    budget = ablation.Budget() if asked.epochs is None else ablation.Budget(asked.epochs)
    data = asked.data if on_data else None
    if data is not None and str(data) != "synth" and not data.is_dir():
        raise ReproError(f"There is no folder `{data}`.", "`--data synth` makes the pictures.")
    if data is None or str(data) == "synth":
        data = ablation.data(asked.out, budget)
    machine = TrainingMachine(asked.device, workers=1, threads=asked.threads)
    rows = ablation.runs(study, table, data, asked.out, seeds, budget, machine)
    graph, runs = ablation.planned(rows, store, asked.fresh)
    return PlannedAblation(study, table, budget, data, rows, graph, runs)


def run(asked: AskedAblation, seeds: int, on_data: bool, quiet: bool, as_json: bool) -> None:
    """Train a table's ablation on generated figures, and tell whether its ranking shows."""
    from repro.records.store import Store
    from repro.report.terminal import training_view as shown
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out

    kept, show = Store(asked.store), not (quiet or as_json)
    own = planned(asked, seeds, on_data, kept)
    epochs = own.budget.epochs
    if show:
        say(
            f"{own.title}: {len(own.rows)} rows x {seeds} seeds, epochs each: {epochs}, on "
            "generated figures: does the ranking show at this scale? No printed figure is "
            "reproduced."
        )
    outcome = carry_out(own.graph, kept, TerminalWatch(show))
    for failure in outcome.failures:
        complain(failure)
    from repro.training import ablation

    found = ablation.described(ablation.gathered(own.table, own.rows, own.runs, outcome.records))
    words = shown.ablation_words(own.title, found, seeds, epochs, str(own.data))
    if as_json:
        trained = {"seeds": seeds, "epochs": epochs, "data": str(own.data)}
        emit("run", study=own.study.name, table=own.table.name, **trained, rows=found, words=words)
        return
    console().print(shown.ablation(found))
    for line in words:
        print(line)
