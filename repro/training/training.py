"""A training under way: what it keeps, and when; what it goes on from."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
import torch.distributed

from repro.data.batches import Batches
from repro.data.sampler import EpochOrder
from repro.errors import RunError
from repro.files import write_whole
from repro.training import evaluation, state, weight_files
from repro.training.evaluation import EpochFigure, Showing
from repro.training.loop import StepReport, TrainedNetwork
from repro.training.preparing import PreparedTraining
from repro.training.standing import Best, Row, Sums, TrainState
from repro.training.supply import Say

if TYPE_CHECKING:
    pass

STATES = "state"
"""the folder of the checkpoints, below a training's"""
PAUSE = 60.0
"""seconds between checkpoints, unless a number of steps is asked for"""


@dataclass(frozen=True)
class Listeners:
    """Who is told of a training."""

    say: Say
    step: Callable[[StepReport], None] = lambda told: None
    evaluation: Showing = lambda total, what: nullcontext(lambda done: None)
    """shows how far an evaluation is"""


@dataclass
class Training:
    """A training under way."""

    prepared: PreparedTraining
    network: TrainedNetwork
    batches: Batches
    order: EpochOrder
    listeners: Listeners
    standing: TrainState = field(default_factory=TrainState)
    saved: float = field(default_factory=time.monotonic)

    @property
    def out(self) -> Path:
        """The folder of all files."""
        return self.prepared.run.out

    @property
    def states(self) -> Path:
        """The folder of the checkpoints."""
        return self.out / STATES

    def resume(self) -> bool:
        """Go on from the newest whole checkpoint, if there is one; whether there was.

        A ReproError names the differences where it is of another training.
        """
        content: dict[str, object] | None = None
        if self.prepared.first:
            content, warnings = state.load(self.states)
            for warning in warnings:
                self.listeners.say(f"warning: {warning}")
            if content is not None:
                own = self.prepared.identity()
                state.check_same(_table(content["identity"]), own, self.out)
                machine = self.prepared.run.machine.described()
                other = state.differences(_table(content["machine"]), machine)
                if other:
                    self.listeners.say(
                        f"warning: goes on, though not bit for bit: {', '.join(other)}."
                    )
        content = self.prepared.fabric.broadcast(content)
        if content is None:
            return False
        self.network.model.load_state_dict(_table(content["model"]))
        self.network.optimizer.load_state_dict(_table(content["optimizer"]))
        if self.network.average is not None:
            self.network.average.restore(cast(dict[str, torch.Tensor], content["average"]))
        self.standing = TrainState.read(_table(content["standing"]))
        return True

    def save(self) -> None:
        """Write a checkpoint, if this process is the one that writes."""
        self.saved = time.monotonic()
        if not self.prepared.first:
            return
        standing, average = self.standing, self.network.average
        content = {
            "identity": self.prepared.identity(),
            "machine": self.prepared.run.machine.described(),
            "model": self.network.model.state_dict(),
            "optimizer": self.network.optimizer.state_dict(),
            "average": {} if average is None else average.values,
            "order": self.order.state(),
            "standing": standing.described(),
        }
        state.save(self.states, standing.step, content)
        write(self.out / "history.json", standing.history)

    def begin_stage(self) -> None:
        """Start a stage after the first from the best weights of the one before."""
        standing = self.standing
        if self.prepared.first and standing.stage_best is not None:
            best = standing.stage_best
            weight_files.fill_same(self.network.model, self.out / best.file, best.sha256)
        if self.prepared.fabric.world_size > 1:
            for value in self.network.model.state_dict().values():
                torch.distributed.broadcast(value, 0)
        self.network.optimizer.state.clear()
        if self.network.average is not None:
            self.network.average.begin(self.network.model)
        standing.stage_best = None

    def after(self, told: StepReport) -> dict[str, EpochFigure]:
        """A step is done: keep count, evaluate and save where it is time; the figures found."""
        schedule, standing = self.prepared.schedule, self.standing
        standing.step = told.step
        standing.sums.add({"loss": told.loss, **told.parts})
        figures: dict[str, EpochFigure] = {}
        if schedule.ends_pass(told.step):
            figures = self._end_pass(told)
        if self._time_to_save(told.step):
            self.save()
        return figures

    def _end_pass(self, told: StepReport) -> dict[str, EpochFigure]:
        standing, moment = self.standing, told.moment
        figures: dict[str, EpochFigure] = {}
        stage_ends = self.prepared.schedule.ends_stage(told.step)
        if self.prepared.run.evaluated is None:
            if stage_ends:
                self._keep_best(moment.stage, {})
        elif self.prepared.schedule.evaluates(told.step):
            figures = self._evaluate(moment.stage)
        row: Row = {
            "stage": moment.stage,
            "epoch": moment.epoch,
            "step": told.step,
            "lr": told.rate,
            **standing.sums.means(),
        }
        if figures:
            row["evaluation"] = {name: asdict(figure) for name, figure in figures.items()}
        standing.history.append(row)
        standing.sums = Sums()
        return figures

    def _time_to_save(self, step: int) -> bool:
        every, schedule = self.prepared.run.save_every, self.prepared.schedule
        if schedule.evaluates(step) or schedule.ends_stage(step):
            return True
        if every is not None:
            return step % every == 0
        return time.monotonic() - self.saved > PAUSE

    def _evaluate(self, stage: int) -> dict[str, EpochFigure]:
        """Evaluate the weights in the first process, and keep them where they are the best."""
        if not self.prepared.first:
            return {}
        run = self.prepared.run
        candidate = self.out / "candidate.safetensors"
        self._keep(candidate, {})
        device = self.prepared.fabric.device
        figures = evaluation.evaluate(
            run, candidate, str(device), self.out / "evaluation", self.listeners.evaluation
        )
        candidate.unlink()
        self._keep_best(stage, figures)
        return figures

    def _keep_best(self, stage: int, figures: dict[str, EpochFigure]) -> None:
        """Keep the weights as they are where they are the best of their stage, or of all."""
        if not self.prepared.first:
            return
        standing, recipe = self.standing, self.prepared.run.resolved.recipe
        metric, value = "", 0.0
        if figures:
            metric, figure = evaluation.primary(figures)
            value = figure.value
        facts = {name: f"{figure.value:.6g}" for name, figure in figures.items()}
        if recipe.stages > 1 and (standing.stage_best is None or value > standing.stage_best.value):
            file = f"stage-{stage + 1}.safetensors"
            sha256 = self._keep(self.out / file, facts)
            standing.stage_best = Best(file, sha256, standing.step, metric, value)
        if standing.best is None or value > standing.best.value or not metric:
            sha256 = self._keep(self.out / "best.safetensors", facts)
            standing.best = Best("best.safetensors", sha256, standing.step, metric, value)

    def _keep(self, path: Path, figures: Mapping[str, str]) -> str:
        """Write the weights that are evaluated: the average's, if the recipe has one."""
        run, average = self.prepared.run, self.network.average
        facts = {
            "model": run.model,
            "name": run.name,
            "recipe": run.resolved.name,
            "deviations": "; ".join(map(str, run.resolved.deviations)),
            "official": "yes" if self.prepared.supply.official else "no",
            "step": f"{self.standing.step}",
            **figures,
        }
        if average is None:
            return weight_files.keep(path, self.network.model, facts)
        with average.lent(self.network.model):
            return weight_files.keep(path, self.network.model, facts)

    def finish(self) -> None:
        """Write the last weights; they are the best too where nothing was evaluated."""
        if not self.prepared.first:
            return
        self._keep(self.out / "last.safetensors", {})
        if self.standing.best is None:
            self._keep_best(self.prepared.schedule.at(max(0, self.standing.step - 1)).stage, {})
        write(self.out / "history.json", self.standing.history)


def write(path: Path, content: object) -> None:
    """Write plain data as JSON, or raise RunError."""
    try:
        write_whole(path, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise RunError(f"`{path}` cannot be written: {error.strerror}.", "Make room.") from error


def _table(value: object) -> dict[str, object]:
    return cast(dict[str, object], value)
