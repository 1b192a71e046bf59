"""Train from the first step, or the last checkpoint, to the end.

What it leaves in its folder: `best.safetensors` and `last.safetensors`, the weights of the best
evaluation and of the last step; of a recipe with several stages the best of each; `state`, the
checkpoints; `history.json`, a row for each epoch; `run.json`, the recipe and what it was trained
on; `tensorboard`; `lock`, which a process that trains holds.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from repro import env
from repro.errors import ReproError, RunError
from repro.files import sweep
from repro.records import lock
from repro.training import loop, state
from repro.training.preparing import PreparedTraining
from repro.training.training import Training, write

if TYPE_CHECKING:
    from repro.training.scalars import Scalars

LEFT_ALONE = ("Connection closed by peer", "Connection reset by peer", "NCCL communicator")
"""what gloo and NCCL say in the processes that are left"""


def train(training: Training, fresh: bool = False) -> None:
    """Train to the end of the recipe, or of the steps that the run allows.

    Raise ReproError while another process trains in the same folder, or where that is unusable.
    """
    with _alone(training):
        _train(training, fresh)


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


def _train(training: Training, fresh: bool) -> None:
    prepared = training.prepared
    run, schedule = prepared.run, prepared.schedule
    begin(training, fresh)
    standing = training.standing
    scalars = _scalars(training)
    try:
        while standing.step < prepared.steps:
            if schedule.restarts(standing.step):
                training.begin_stage()
            for told in loop.steps(
                training.network,
                training.batches,
                training.order,
                schedule,
                run.machine.accumulate,
                standing.step,
                run.seed,
            ):
                figures = training.after(told)
                training.listeners.step(told)
                if scalars is not None:
                    scalars.step(told)
                    if figures:
                        scalars.evaluation(told.step, figures)
                if told.step == run.steps:
                    break
            else:
                continue
            break
    except RuntimeError as error:
        if any(sign in str(error) for sign in LEFT_ALONE):
            raise RunError("Another process of this training has ended.", "See above.") from error
        raise
    finally:
        if scalars is not None:
            scalars.close()
    training.finish()


def begin(training: Training, fresh: bool) -> None:
    """Go on from what is in the folder unless all begins anew."""
    prepared, out = training.prepared, training.out
    if prepared.first:
        with _usable(out):
            sweep(out)
            sweep(training.states)
            if fresh:
                state.clear(training.states)
    prepared.fabric.barrier()
    resumed = training.resume()
    if prepared.first:
        total = prepared.steps
        if resumed:
            training.listeners.say(f"goes on from step {training.standing.step:,} of {total:,}")
        write(out / "run.json", described(prepared))


def described(prepared: PreparedTraining) -> dict[str, object]:
    """What a run is, for its record."""
    run = prepared.run
    return {
        "name": run.name,
        "model": run.model,
        "recipe": run.resolved.described(),
        "identity": prepared.identity(),
        "machine": run.machine.described(),
        "protocol": run.protocol.described(),
        "steps": prepared.steps,
        "environment": env.fingerprint(),
    }


def _scalars(training: Training) -> "Scalars | None":
    if not training.prepared.first:
        return None
    from repro.training.scalars import Scalars  # tensorboard takes a second

    return Scalars(training.out / "tensorboard", training.standing.step)
