"""What `plan` and `run` are asked for: which printed numbers, and how to come by them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands.common import names_of
from repro.errors import ReproError

if TYPE_CHECKING:
    from repro.plans.planned import RunSettings
    from repro.records.requirements import Wanted


@dataclass(frozen=True)
class RunRequest:
    """The options that both commands have, in their order."""

    paper: str
    table: str | None
    metric: str
    row: str | None
    store: Path
    data: Path | None
    device: str
    batch: int
    threads: int | None
    budget: float
    fresh: bool
    seeds: int | None
    train: str | None
    epochs: int | None
    out: Path

    @property
    def of_ablation(self) -> bool:
        """Whether the rows of one ablation are to be trained on generated figures."""
        return self.seeds is not None and self.train is None

    def selected(self) -> "tuple[list[Wanted], RunSettings]":
        """The printed numbers that are meant, and the settings of their runs."""
        from repro.plans import selection
        from repro.plans.planned import RunSettings

        self._check_data()
        metrics = names_of(self.metric)
        settings = RunSettings(
            self.data,
            self.device,
            self.batch,
            threads=self.threads,
            timed=selection.names_speed(metrics),
            budget=self.budget,
            train=self.train or "",
            seeds=self.seeds or 1,
            epochs=self.epochs,
            out=self.out,
            fresh=self.fresh,
        )
        tables = selection.tables(self.paper, self.table)
        return selection.select(tables, self.row, metrics), settings

    def _check_data(self) -> None:
        if self.data is None or self.data.is_dir():
            return
        from repro.papers.datasets import SYNTH

        cure = "See --data."
        if str(self.data) == SYNTH and self.train == "smoke":
            cure = "Leave it out: --train smoke makes its own pictures."
        elif str(self.data) == SYNTH:
            cure = "`--data synth` needs --seeds too, and no --train."
        raise ReproError(f"There is no folder `{self.data}`.", cure)


def typed(context: typer.Context, name: str) -> bool:
    """Whether an option was typed, not left alone or taken from the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
