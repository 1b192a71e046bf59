"""A training as a run: what it is, so that its key finds it again; its execution; its record."""

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from repro import env
from repro.checkpoints import containers
from repro.data import stand_ins
from repro.data.batches import Batch
from repro.errors import RunError, StoreError
from repro.files import sha256
from repro.papers.metrics import MAIN
from repro.papers.protocol import IGNORE
from repro.papers.values import Scalar
from repro.records.fingerprint import digest
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import TrainingRun
from repro.records.store import PAGE, Store
from repro.training import preparation
from repro.training.distributed import device_of
from repro.training.loop import StepReport, TrainedNetwork
from repro.training.preparation import CheckedTraining, PreparedTraining
from repro.training.request import TrainingRequest, evaluation_rules
from repro.training.trainer import Listeners, Training, train

if TYPE_CHECKING:
    from repro.plans.planned import PlannedRun
    from repro.plans.watch import RunWatch

WEIGHTS, HISTORY = "best.safetensors", "history.json"
"""the files of a training that its record names by their digests"""


@dataclass(frozen=True, slots=True)
class Smoke:
    """The loss on one batch, before and after a few steps."""

    before: float
    after: float


def run_of(checked: CheckedTraining) -> TrainingRun:
    """The run that a training is, from what was asked and the data that it is done on."""
    request, data = checked.request, checked.data
    source, recipe = request.train, request.resolved.recipe.described()
    on, own = f"{request.protocol.entry.title} {source.split}".strip(), request.protocol.own
    return TrainingRun(
        request.model,
        request.size,
        request.protocol.keypoints,
        dict(request.options),
        request.name,
        {"name": request.resolved.name, **{key: _plain(value) for key, value in recipe.items()}},
        tuple(map(str, request.resolved.deviations)),
        {
            "name": source.headed(stand_ins.named(on, data.rehearsal)),
            "dataset": source.dataset,
            "split": source.split,
            "annotations": data.annotations.sha256,
            "samples": len(data),
            "official": data.official,
            **({} if data.rehearsal is None else {"rehearsal": data.rehearsal}),
            **({} if own is None else {"joints": digest(own.described())}),
            **({} if request.protocol.exif == IGNORE else {"exif": request.protocol.exif}),
        },
        _evaluated(request),
        _start(request),
        request.seed,
        _execution(checked),
    )


def execute(
    planned: "PlannedRun", request: TrainingRequest, store: Store, watch: "RunWatch"
) -> Record | None:
    """The record of a training, gone on with from its last checkpoint unless it begins `again`.

    None in all processes of a training but the first, which alone keeps anything.
    """
    assert isinstance(planned.run, TrainingRun)
    prepared = preparation.prepare(request, watch.say)
    if prepared.first and request.out == store.artifacts(planned.run.key):
        store.begin(planned.run)
    try:
        training, losses = _trained(planned, prepared, watch)
    finally:
        # of a smoke training in the store is left what its record names, and nothing to look at
        shown = request.steps is None or request.out != store.artifacts(planned.run.key)
        if prepared.first and shown:
            watch.trained(request.out)
    if not prepared.first:
        return None
    record = record_of(planned.run, training, losses)
    keep(record, request.out, store.artifacts(record.key))
    return record


def _trained(
    planned: "PlannedRun", prepared: PreparedTraining, watch: "RunWatch"
) -> tuple[Training, Smoke | None]:
    """The training at its end, and of a smoke training what its loss did."""
    with watch.run(planned.name, prepared.steps, "steps") as tell:
        begun = False

        def step(report: StepReport) -> None:
            nonlocal begun
            if not begun:
                tell.start(report.step - 1)
                begun = True
            tell(1, str(report))

        say = watch.say if prepared.first else lambda text: None
        training = Training.of(prepared, Listeners(say, step))
        if prepared.request.steps is not None:
            return training, smoke(training)
        train(training, planned.again)
        return training, None


def smoke(training: Training) -> Smoke:
    """Train as many steps as are allowed; a RunError unless the loss of one batch fell."""
    training.order.set_epoch(0)
    batch = next(iter(training.batches))
    before = loss_of(training.network, batch)
    train(training, fresh=True)
    after = loss_of(training.network, batch)
    if not after < before:
        raise RunError(
            f"The loss of `{training.prepared.request.model}` did not fall in "
            f"{training.state.step:,} steps: {before:.4g} before, {after:.4g} after.",
            "A higher rate may show more: `repro train PAPER MODEL --smoke --lr RATE`.",
        )
    return Smoke(before, after)


def loss_of(network: TrainedNetwork, batch: Batch) -> float:
    """The loss on a batch, as a step would have it."""
    torch.manual_seed(0)
    network.wrapped.train()
    with torch.no_grad():
        return float(sum(network.compare(batch).values()))


def record_of(run: TrainingRun, training: Training, smoke: Smoke | None = None) -> Record:
    """The record of a training that has come to its end."""
    state, out = training.state, training.out
    best = state.best
    loss = state.sums.means().get("loss") if state.sums.steps else state.history[-1].get("loss")
    measured = [Measurement("steps", state.step, "steps")]
    if isinstance(loss, float):
        measured.append(Measurement("loss", loss, ""))
    if best is not None:
        measured.append(Measurement("best_step", best.step, "steps"))
    if best is not None and best.metric:
        measured.append(Measurement(best.metric, best.value, "%"))
    if smoke is not None:
        measured.append(Measurement("loss_before", smoke.before, ""))
        measured.append(Measurement("loss_after", smoke.after, ""))
    files = {name: sha256(out / name) for name in (WEIGHTS, HISTORY) if (out / name).is_file()}
    return Record(
        run.key,
        run.described(),
        tuple(measured),
        env.fingerprint(),
        remarks=training.prepared.remarks,
        artifacts=files,
        code=run.code,
    )


def keep(record: Record, out: Path, folder: Path) -> None:
    """Put the files that a record names into its folder, and the page beside them."""
    if out == folder:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = [PAGE] if (out / PAGE).is_file() else []
        for name in (*record.artifacts, *page):
            source, target = out / name, folder / name
            if target.is_file() and sha256(source) == sha256(target):
                continue
            target.unlink(missing_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
    except OSError as error:
        raise StoreError(
            f"`{folder}` cannot be written: {error.strerror}.", "Make room, and run it again."
        ) from error


def is_whole(record: Record, folder: Path) -> bool:
    """Whether the weights that a record names lie in its folder, to the byte."""
    known = record.artifacts.get(WEIGHTS)
    try:
        return known is not None and sha256(folder / WEIGHTS) == known
    except OSError:
        return False


def outcome(checked: CheckedTraining, record: Record) -> dict[str, object]:
    """What became of a training, for --json."""
    out, resolved = checked.request.out, checked.request.resolved
    metric = next((name for name in MAIN if record.measurement(name)), "")
    answer: dict[str, object] = {
        "name": checked.request.name,
        "folder": str(out),
        "recipe": resolved.described(),
        "step": record.value("steps"),
        "steps": checked.steps,
        "loss": record.value("loss"),
        "best": {
            "file": WEIGHTS,
            "sha256": record.artifacts.get(WEIGHTS),
            "step": record.value("best_step"),
            "metric": metric,
            "value": record.value(metric) if metric else 0.0,
        },
        "weights": str(out / WEIGHTS),
        "history": str(out / HISTORY),
        "record": record.key,
        "remarks": [asdict(one) for one in checked.remarks],
    }
    before, after = record.value("loss_before"), record.value("loss_after")
    if before is not None:
        answer["smoke"] = {"before": before, "after": after, "steps": record.value("steps")}
    return answer


def _evaluated(request: TrainingRequest) -> Mapping[str, object]:
    source = request.evaluated
    if source is None:
        return {}
    return {
        "annotations": sha256(source.annotations),
        "boxes": None if source.boxes is None else sha256(source.boxes),
        "protocol": evaluation_rules(request.protocol, source).described(),
    }


def _start(request: TrainingRequest) -> dict[str, Scalar]:
    if request.weights is None:
        return {}
    chosen = {} if request.entry is None else {"entry": request.entry}
    return {"sha256": containers.digest(request.weights), "partial": request.partial, **chosen}


def _execution(checked: CheckedTraining) -> dict[str, Scalar]:
    request, machine = checked.request, checked.request.machine
    execution: dict[str, Scalar] = {"device": device_of(machine), **machine.described()}
    if request.epoch_steps is not None:
        return {**execution, "steps": checked.steps, "epoch_steps": request.epoch_steps}
    return execution if request.steps is None else {**execution, "steps": request.steps}


def _plain(value: object) -> object:
    """As JSON can hold it: no endless number."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, float) and math.isinf(value) else value
