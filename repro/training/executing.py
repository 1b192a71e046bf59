"""Carry out a training, and put its weights beside its record."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import StoreError
from repro.files import sha256
from repro.records.record import Record
from repro.records.runs import TrainingRun
from repro.records.store import Store
from repro.training import course, identity, preparing, smoke
from repro.training.loop import StepReport
from repro.training.preparing import PreparedTraining
from repro.training.request import TrainingRequest
from repro.training.training import Listeners, Training

if TYPE_CHECKING:
    from repro.plans.planned import PlannedRun
    from repro.plans.watch import RunWatch


def execute(
    planned: "PlannedRun", asked: TrainingRequest, store: Store, watch: "RunWatch"
) -> Record | None:
    """The record of a training, gone on with from its last checkpoint unless it begins `again`.

    None in all processes of a training but the first, which alone keeps anything.
    """
    assert isinstance(planned.run, TrainingRun)
    prepared = preparing.prepare(asked, watch.say)
    if prepared.first and asked.out == store.artifacts(planned.run.key):
        store.begin(planned.run)
    with watch.one(planned.name, prepared.steps, "steps") as tell:
        begun = False

        def step(told: StepReport) -> None:
            nonlocal begun
            if not begun:
                tell.start(told.step - 1)
                begun = True
            tell(1, str(told))

        training = begin(prepared, Listeners(watch.say if prepared.first else _silent, step))
        seen = smoke.smoke(training) if asked.steps is not None else None
        if seen is None:
            course.train(training, planned.again)
    if not prepared.first:
        return None
    record = identity.record(planned.run, training, seen)
    keep(record, asked.out, store.artifacts(record.key))
    return record


def _silent(text: str) -> None:
    """The first process speaks for all."""


def begin(prepared: PreparedTraining, listeners: Listeners) -> Training:
    """A training before its first step."""
    return Training(prepared, preparing.network(prepared), *preparing.feed(prepared), listeners)


def keep(record: Record, out: Path, folder: Path) -> None:
    """Put the files that a record names into its folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in record.artifacts:
            if out != folder and not _same(out / name, folder / name):
                (folder / name).unlink(missing_ok=True)
                try:
                    os.link(out / name, folder / name)
                except OSError:
                    shutil.copyfile(out / name, folder / name)
    except OSError as error:
        raise StoreError(
            f"`{folder}` cannot be written: {error.strerror}.", "Make room, and run it again."
        ) from error


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and sha256(one) == sha256(other)
