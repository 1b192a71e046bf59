"""Train the networks of a table: what `run` does with --seeds or --train."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import console, emit, say
from repro.errors import ReproError

if TYPE_CHECKING:
    from repro.report.training import Series
    from repro.study import Study, Table
    from repro.training.loop import Told
    from repro.training.request import Machine
    from repro.training.series import Watch

RUNS = Path("runs")
Seeds = Annotated[
    int | None,
    typer.Option(min=1, max=100, help="Train an ablation's rows on generated figures, so often."),
]
Train = Annotated[
    str | None,
    typer.Option(help="Train the networks: smoke (generated figures) or official (--data)."),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Of each such training.")]
Out = Annotated[Path, typer.Option(help="Folder of such trainings.")]

SHARED = ("paper", "table", "device", "threads", "fresh", "out", "quiet", "as_json")
FITTING = {
    "seeds": ("seeds", "data", "epochs", *SHARED),
    "train": ("train", "data", "epochs", "row", "store", "batch", *SHARED),
    "train smoke": ("train", "row", "batch", *SHARED),
}
PURPOSES = {
    "seeds": "--seeds, which trains the rows of one ablation on generated figures",
    "train": "--train, which trains the networks of one table and judges no cell",
    "train smoke": "--train smoke, which trains for a minute on pictures of its own",
}


@dataclass(frozen=True)
class Asked:
    """What both kinds of training are asked for with."""

    paper: str
    table: str | None
    data: Path | None
    out: Path
    epochs: int | None
    device: str
    threads: int | None
    fresh: bool
    quiet: bool
    """whether nothing is shown on the way"""
    as_json: bool

    def found(self) -> "tuple[Study, Table]":
        """The table; a ReproError if none is named."""
        from repro import lookup

        if self.paper == "all" or self.table is None:
            raise ReproError(
                "Networks are trained for one table at a time.",
                "Name it, as in `repro run paper1 table4 --data synth --seeds 3`.",
            )
        study = lookup.find_study(self.paper)
        return study, lookup.find_table(study, self.table)

    def machine(self) -> "Machine":
        """What is trained on."""
        from repro.training.request import Machine

        return Machine(self.device, workers=1, threads=self.threads)


def check(context: typer.Context) -> None:
    """Raise ReproError for an option that does not go with --seeds or --train, or needs them."""
    words = {one.name: one.opts[-1] for one in context.command.params if one.name}
    given = [name for name in words if from_command_line(context, name)]
    kind = "seeds" if "seeds" in given else "train"
    if kind not in given:
        lone = [words[name] for name in given if name in ("epochs", "out")]
        if lone:
            raise ReproError(
                f"`{lone[0]}` is for trainings, and none is asked for.",
                "Say --seeds N or --train smoke|official too.",
            )
        return
    if kind == "train" and context.params["train"] == "smoke":
        kind = "train smoke"
    wrong = [words[name] for name in given if name not in FITTING[kind]]
    if wrong:
        names = " and ".join(f"`{one}`" for one in wrong)
        raise ReproError(f"{names} cannot go with {PURPOSES[kind]}.", f"Leave out {names}.")


def from_command_line(context: typer.Context, name: str) -> bool:
    """Whether an option was typed, not left alone or taken from the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def ablation(context: typer.Context, asked: Asked, seeds: int) -> None:
    """Train a table's ablation on generated figures, and tell whether its ranking shows."""
    study, table = asked.found()
    from repro.timing.allocation import keep_freed

    keep_freed()  # before torch asks for any memory
    from repro.report import training as shown
    from repro.training import ablation as ablations

    ablations.rows(study, table)
    budget = ablations.Budget() if asked.epochs is None else ablations.Budget(asked.epochs)
    data = asked.data if from_command_line(context, "data") else None
    if data is None or str(data) == "synth":
        folder = ablations.data(asked.out, budget)
    elif data.is_dir():
        folder = data
    else:
        raise ReproError(f"There is no folder `{data}`.", "`--data synth` makes the pictures.")
    planned = ablations.runs(study, table, folder, asked.out, seeds, budget, asked.machine())
    title = f"{study.name} Table {table.number}"
    if not asked.quiet:
        say(
            f"{title}: {len(planned)} rows x {seeds} seeds, epochs each: {budget.epochs}, on "
            "generated figures: does the ranking show at this scale? No printed figure is "
            "reproduced."
        )
    watch = watching(shown.Series(len(planned) * seeds, not asked.quiet))
    rows = ablations.described(ablations.train(table, planned, watch, say, asked.fresh))
    words = shown.ablation_words(title, rows, seeds, budget.epochs, str(folder))
    if asked.as_json:
        trained = {"seeds": seeds, "epochs": budget.epochs, "data": str(folder)}
        emit("run", study=study.name, table=table.name, **trained, rows=rows, words=words)
        return
    console().print(shown.ablation(rows))
    for line in words:
        print(line)


def networks(asked: Asked, mode: str, row: str | None, store: Path, batch: int) -> None:
    """Train the networks of a table and show what they reach, beside what is printed."""
    study, table = asked.found()
    from repro.timing.allocation import keep_freed

    keep_freed()
    from repro import lookup
    from repro.report import training as shown
    from repro.report.progress import Steps
    from repro.runners.execution import Execution
    from repro.store import Store
    from repro.training import entries, smoke
    from repro.training import table as trained

    rows, small = lookup.find_rows(table, row), mode == "smoke"
    if mode == "official" and (asked.data is None or not asked.data.is_dir()):
        what = "No data folder is named." if asked.data is None else f"No folder `{asked.data}`."
        raise ReproError(what, "`--train official` needs --data DIR, with what is trained on.")
    data = smoke.data(asked.out / "figures-smoke") if small else asked.data
    wish = entries.Wish(mode, data, asked.out, asked.machine(), asked.epochs)
    wanted = entries.entries(study, table, rows, wish)
    runs = entries.runs(wanted)
    if not asked.quiet:
        say(shown.networks_plan(len(runs), mode))

    def show(total: int, what: str) -> Steps:
        return Steps(total, what, show=not (small or asked.quiet))

    trainer = trained.Trainer(
        watching(shown.Series(len(runs), not asked.quiet)),
        show,
        say,
        Store(store),
        Execution(asked.device, batch, threads=asked.threads),
        asked.fresh,
    )
    reached = trained.train(wanted, trainer)
    found = trained.described(table, wanted, reached)
    words = shown.networks_words(found, mode, study.protocols[table.protocol].on)
    if asked.as_json:
        emit("run", study=study.name, table=table.name, train=mode, rows=found, words=words)
    else:
        console().print(shown.networks(table, found, mode))
        for line in words:
            print(line)
    raise typer.Exit(6 if any(one.failed for one in reached.values()) else 0)


def watching(series: "Series") -> "Watch":
    """Show each training as one of a series."""

    @contextmanager
    def watch(label: str, steps: int, seconds: float | None) -> "Iterator[Callable[[Told], None]]":
        with series.part(label, steps, seconds) as part:
            yield lambda told: part.tell(
                told.step, told.moment.epoch, told.loss, told.rate, told.speed
            )

    return watch
