"""Train from the first step, or the last checkpoint, to the end.

What it leaves in its folder: `best.safetensors` and `last.safetensors`, the weights of the best
evaluation and of the last step; of a recipe with several stages the best of each; `state`, the
checkpoints; `history.json`, a row for each epoch; `steps.csv`, the course step by step;
`best-poses.json`, what the best weights find on a few pictures; `run.json`, the recipe and what it
was trained on; `tensorboard`; `lock`, which a process that trains holds.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import torch
import torch.distributed

from repro import env
from repro.data.batches import Batches
from repro.data.layout import Source
from repro.data.sampler import EpochOrder
from repro.errors import ReproError, RunError
from repro.files import sweep, write_whole
from repro.records import lock
from repro.training import loop, preparation, shown_poses, state, step_log, validation
from repro.training.dataset import Say
from repro.training.loop import StepReport, TrainedNetwork
from repro.training.preparation import PreparedTraining
from repro.training.state import Best, Row, Sums, TrainState
from repro.training.step_log import StepLog
from repro.training.validation import Curves, EpochFigure, Progress

PAUSE = 60.0
"""seconds between checkpoints, unless a number of steps is asked for"""
LEFT_ALONE = ("Connection closed by peer", "Connection reset by peer", "NCCL communicator")
"""what gloo and NCCL say in the processes that are left"""


@dataclass(frozen=True)
class Listeners:
    """Who is told of a training."""

    say: Say
    step: Callable[[StepReport], None] = lambda report: None
    evaluation: Progress = lambda total, unit: nullcontext(lambda done: None)
    """shows how far an evaluation is"""


@dataclass
class Training:
    """A training under way: what it keeps, and when; what it goes on from."""

    prepared: PreparedTraining
    network: TrainedNetwork
    batches: Batches
    order: EpochOrder
    listeners: Listeners
    state: TrainState = field(default_factory=TrainState)
    saved: float = field(default_factory=time.monotonic)

    @staticmethod
    def of(prepared: PreparedTraining, listeners: Listeners) -> "Training":
        """A training before its first step."""
        network = preparation.network(prepared)
        return Training(prepared, network, *preparation.batches(prepared), listeners)

    @property
    def out(self) -> Path:
        """The folder of all files."""
        return self.prepared.request.out

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.out / state.FOLDER

    def resume(self) -> bool:
        """Go on from the newest whole checkpoint, if there is one; whether there was.

        A ReproError names the differences where it is of another training.
        """
        content = self.prepared.fabric.broadcast(self._checkpoint())
        if content is None:
            return False
        self.network.model.load_state_dict(_table(content["model"]))
        self.network.optimizer.load_state_dict(_table(content["optimizer"]))
        if self.network.average is not None:
            self.network.average.restore(cast(dict[str, torch.Tensor], content["average"]))
        self.state = TrainState.read(_table(content["standing"]))
        return True

    def _checkpoint(self) -> dict[str, object] | None:
        """The content of the newest whole checkpoint, read in the first process."""
        if not self.prepared.first:
            return None
        content, warnings = state.load_checkpoint(self.checkpoints)
        for warning in warnings:
            self.listeners.say(f"warning: {warning}")
        if content is not None:
            state.check_same(_table(content["identity"]), self.prepared.identity(), self.out)
            machine = self.prepared.request.machine.described()
            differing = state.differences(_table(content["machine"]), machine)
            if differing:
                self.listeners.say(
                    f"warning: goes on, though not bit for bit: {', '.join(differing)}."
                )
        return content

    def save(self) -> None:
        """Write a checkpoint, if this process is the one that writes."""
        self.saved = time.monotonic()
        if not self.prepared.first:
            return
        average = self.network.average
        content = {
            "identity": self.prepared.identity(),
            "machine": self.prepared.request.machine.described(),
            "model": self.network.model.state_dict(),
            "optimizer": self.network.optimizer.state_dict(),
            "average": {} if average is None else average.values,
            "order": self.order.state(),
            "standing": self.state.described(),
        }
        state.save_checkpoint(self.checkpoints, self.state.step, content)
        _write(self.out / "history.json", self.state.history)

    def begin_stage(self) -> None:
        """Start a stage after the first from the best weights of the one before."""
        best, model = self.state.stage_best, self.network.model
        if self.prepared.first and best is not None:
            state.load_same_weights(model, self.out / best.file, best.sha256)
        if self.prepared.fabric.world_size > 1:
            for value in model.state_dict().values():
                torch.distributed.broadcast(value, 0)
        self.network.optimizer.state.clear()
        if self.network.average is not None:
            self.network.average.begin(model)
        self.state.stage_best = None

    def after(self, report: StepReport) -> dict[str, EpochFigure]:
        """A step is done: keep count, evaluate and save where it is time; what was measured."""
        self.state.step = report.step
        self.state.sums.add({"loss": report.loss, **report.parts})
        figures: dict[str, EpochFigure] = {}
        if self.prepared.schedule.ends_pass(report.step):
            figures = self._end_pass(report)
        if self._time_to_save(report.step):
            self.save()
        return figures

    def _end_pass(self, report: StepReport) -> dict[str, EpochFigure]:
        schedule, moment = self.prepared.schedule, report.moment
        figures: dict[str, EpochFigure] = {}
        if self.prepared.request.evaluated is None:
            if schedule.ends_stage(report.step):
                self._keep_best(moment.stage, {})
        elif schedule.evaluates(report.step):
            figures = self._evaluate(moment.stage)
        row: Row = {
            "stage": moment.stage,
            "epoch": moment.epoch,
            "step": report.step,
            "lr": report.rate,
            **self.state.sums.means(),
        }
        if figures:
            row["evaluation"] = {name: asdict(figure) for name, figure in figures.items()}
        self.state.history.append(row)
        self.state.sums = Sums()
        return figures

    def _time_to_save(self, step: int) -> bool:
        every, schedule = self.prepared.request.save_every, self.prepared.schedule
        if schedule.evaluates(step) or schedule.ends_stage(step):
            return True
        if every is not None:
            return step % every == 0
        return time.monotonic() - self.saved > PAUSE

    def _evaluate(self, stage: int) -> dict[str, EpochFigure]:
        """Evaluate the weights in the first process, and keep them where they are the best."""
        if not self.prepared.first:
            return {}
        candidate = self.out / "candidate.safetensors"
        self._keep(candidate, {})
        figures = validation.evaluate(
            self.prepared.request,
            candidate,
            str(self.prepared.fabric.device),
            self.out / "evaluation",
            self.listeners.evaluation,
        )
        candidate.unlink()
        self._keep_best(stage, figures)
        best = self.state.best
        shown_poses.settle(self.out, self.state.step, best is None or best.step == self.state.step)
        return figures

    def _keep_best(self, stage: int, figures: dict[str, EpochFigure]) -> None:
        """Keep the weights as they are where they are the best of their stage, or of all."""
        if not self.prepared.first:
            return
        best, stage_best, step = self.state.best, self.state.stage_best, self.state.step
        metric, value = "", 0.0
        if figures:
            metric, figure = validation.primary(figures)
            value = figure.value
        facts = {name: f"{figure.value:.6g}" for name, figure in figures.items()}
        stages = self.prepared.request.resolved.recipe.stages
        if stages > 1 and (stage_best is None or value > stage_best.value):
            file = f"stage-{stage + 1}.safetensors"
            self.state.stage_best = Best(
                file, self._keep(self.out / file, facts), step, metric, value
            )
        if best is None or value > best.value or not metric:
            file = "best.safetensors"
            self.state.best = Best(file, self._keep(self.out / file, facts), step, metric, value)

    def _keep(self, path: Path, figures: Mapping[str, str]) -> str:
        """Write the weights that are evaluated: the average's, if the recipe has one."""
        request, average = self.prepared.request, self.network.average
        facts = {
            "model": request.model,
            "name": request.name,
            "recipe": request.resolved.name,
            "deviations": "; ".join(map(str, request.resolved.deviations)),
            "official": "yes" if self.prepared.data.official else "no",
            "step": f"{self.state.step}",
            **figures,
        }
        model = self.network.model
        with nullcontext() if average is None else average.lent(model):
            return state.save_weights(path, model, facts)

    def finish(self) -> None:
        """Write the last weights; they are the best too where nothing was evaluated."""
        if not self.prepared.first:
            return
        self._keep(self.out / "last.safetensors", {})
        if self.state.best is None:
            self._keep_best(self.prepared.schedule.at(max(0, self.state.step - 1)).stage, {})
        _write(self.out / "history.json", self.state.history)


def train(training: Training, fresh: bool = False) -> None:
    """Train to the end of the recipe, or of the steps that the request allows.

    Raise ReproError while another process trains in the same folder, or where that is unusable.
    """
    with _alone(training):
        begin(training, fresh)
        curves, log = None, None
        if training.prepared.first:
            step = training.state.step
            curves = Curves(training.out / "tensorboard", step)
            log = StepLog(training.out, step, training.prepared.steps)
        try:
            _all_steps(training, curves, log)
        except RuntimeError as error:
            if any(sign in str(error) for sign in LEFT_ALONE):
                raise RunError(
                    "Another process of this training has ended.", "See above."
                ) from error
            raise
        finally:
            if curves is not None:
                curves.close()
        training.finish()


def begin(training: Training, fresh: bool) -> None:
    """Go on from what is in the folder unless all begins anew."""
    prepared, out = training.prepared, training.out
    if prepared.first:
        with _usable(out):
            sweep(out)
            sweep(training.checkpoints)
            if fresh:
                state.clear_checkpoints(training.checkpoints)
    prepared.fabric.barrier()
    resumed = training.resume()
    if prepared.first:
        if not resumed:
            for name in ("history.json", step_log.NAME, *shown_poses.FILES):
                (out / name).unlink(missing_ok=True)
        if resumed:
            step, total = training.state.step, prepared.steps
            training.listeners.say(f"goes on from step {step:,} of {total:,}")
        _write(out / "run.json", described(prepared))


def described(prepared: PreparedTraining) -> dict[str, object]:
    """What a training is, for `run.json`."""
    request = prepared.request
    evaluated = request.evaluated
    return {
        "name": request.name,
        "model": request.model,
        "recipe": request.resolved.described(),
        "identity": prepared.identity(),
        "machine": request.machine.described(),
        "train": _files(request.train),
        "evaluated": None if evaluated is None else _files(evaluated),
        "protocol": request.protocol.described(),
        "epoch_steps": prepared.schedule.steps,
        "steps": prepared.steps,
        "remarks": [asdict(one) for one in prepared.remarks],
        "environment": env.fingerprint(),
    }


def _files(source: Source) -> dict[str, str]:
    """Where the files of a source lie, to look at them again."""
    paths = {"annotations": source.annotations, "images": source.images}
    return {"dataset": source.dataset, **{name: str(path) for name, path in paths.items()}}


def _all_steps(training: Training, curves: Curves | None, log: StepLog | None) -> None:
    prepared, schedule = training.prepared, training.prepared.schedule
    while training.state.step < prepared.steps:
        if schedule.restarts(training.state.step):
            training.begin_stage()
        for report in loop.steps(
            training.network,
            training.batches,
            training.order,
            schedule,
            prepared.request.machine.accumulate,
            training.state.step,
            prepared.request.seed,
        ):
            if log is not None:
                log.add(report)  # before the checkpoint: rows of later steps are forgotten
            figures = training.after(report)
            training.listeners.step(report)
            if curves is not None:
                curves.step(report)
                if figures:
                    curves.evaluation(report.step, figures)
            if report.step == prepared.steps:
                break


@contextlib.contextmanager
def _alone(training: Training) -> Iterator[None]:
    """Make the folder and hold its lock, for all processes of this training."""
    if not training.prepared.first:
        yield
        return
    with _usable(training.out):
        training.out.mkdir(parents=True, exist_ok=True)
    taken = f"Another training is under way in `{training.out}`"
    cure = "Wait for it, or choose another folder: `train --out`, or `run --store`."
    with lock.held(training.out / "lock", taken, cure):
        yield


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReproError(
            f"`{folder}` cannot be used: {error.strerror}.", "Choose another folder with --out."
        ) from error


def _write(path: Path, content: object) -> None:
    """Write plain data as JSON, or raise RunError."""
    try:
        write_whole(path, json.dumps(content, indent=1) + "\n")
    except OSError as error:
        raise RunError(f"`{path}` cannot be written: {error.strerror}.", "Make room.") from error


def _table(value: object) -> dict[str, object]:
    return cast(dict[str, object], value)
