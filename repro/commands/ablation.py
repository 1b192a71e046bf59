"""Train one ablation's rows on generated figures: what `run` does with --seeds alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands.common import complain, console, emit
from repro.commands.run_request import RunRequest, typed
from repro.errors import ReproError
from repro.report.terminal.console import put, say

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
    words = {option.name: option.opts[-1] for option in context.command.params if option.name}
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
        names = " and ".join(f"`{word}`" for word in wrong)
        raise ReproError(f"{names} cannot go with {PURPOSE}.", f"Leave out {names}.")


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


def planned(request: RunRequest, on_data: bool, store: "Store") -> PlannedAblation:
    """The trainings that are asked for; their pictures are made if they are not there.

    `on_data` tells whether a folder was typed; that of the environment is for other data.
    """
    if request.paper == "all" or request.table is None:
        raise ReproError(
            "An ablation is trained one table at a time.",
            "Name it, as in `repro run paper1 table4 --data synth --seeds 3`.",
        )
    from repro.papers import lookup
    from repro.speed.measure.memory import keep_freed

    study = lookup.find_study(request.paper)
    table = lookup.find_table(study, request.table)
    keep_freed()  # before torch asks for any memory
    from repro.papers.datasets import SYNTH
    from repro.training import ablation
    from repro.training.request import TrainingMachine

    ablation.rows(study, table)
    budget = ablation.Budget() if request.epochs is None else ablation.Budget(request.epochs)
    data = request.data if on_data else None
    if data is not None and str(data) != SYNTH and not data.is_dir():
        raise ReproError(f"There is no folder `{data}`.", "`--data synth` makes the pictures.")
    if data is None or str(data) == SYNTH:
        data = ablation.data(request.out, budget)
    machine = TrainingMachine(request.device, workers=1, threads=request.threads)
    seeds = request.seeds or 1
    rows = ablation.runs(study, table, data, request.out, seeds, budget, machine)
    graph, runs = ablation.planned(rows, store, request.fresh)
    return PlannedAblation(study, table, budget, data, rows, graph, runs)


def run(request: RunRequest, on_data: bool, quiet: bool, as_json: bool) -> None:
    """Train a table's ablation on generated figures, and tell whether its ranking shows."""
    from repro.records.store import Store
    from repro.report.terminal import training_view
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out

    records, show = Store(request.store), not (quiet or as_json)
    plan = planned(request, on_data, records)
    seeds, epochs, data = request.seeds or 1, plan.budget.epochs, str(plan.data)
    if show:
        say(
            f"{plan.title}: {len(plan.rows)} rows x {seeds} seeds, epochs each: {epochs}, on "
            "generated figures: does the ranking show at this scale? No printed figure is "
            "reproduced."
        )
    outcome = carry_out(plan.graph, records, TerminalWatch(show))
    for failure in outcome.failures:
        complain(failure)
    from repro.training import ablation

    trained = ablation.gathered(plan.table, plan.rows, plan.runs, outcome.records)
    rows = ablation.described(trained)
    words = training_view.ablation_words(plan.title, rows, seeds, epochs, data)
    if as_json:
        place = {"study": plan.study.name, "table": plan.table.name}
        trainings = {"rows": rows, "words": words, "records": list(outcome.records.values())}
        emit("run", **place, seeds=seeds, epochs=epochs, data=data, **trainings)
        return
    console().print(training_view.ablation(rows))
    for line in words:
        put(line)
