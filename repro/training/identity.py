"""A training as a run: what it is, so that its key finds it again, and its record."""

import math
from collections.abc import Mapping
from pathlib import Path

from repro import env
from repro.files import sha256
from repro.papers.protocol import DATASETS
from repro.papers.values import Scalar
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import TrainingRun
from repro.training.evaluation import PRIMARY
from repro.training.machine import device
from repro.training.preparing import Checked
from repro.training.request import evaluation_rules
from repro.training.smoke import Smoke
from repro.training.training import Training

WEIGHTS, HISTORY = "best.safetensors", "history.json"
"""the files of a training that its record names by their digests"""


def run_of(checked: Checked) -> TrainingRun:
    """The run that a training is, from what was asked and the data that it is done on."""
    asked, annotations = checked.run, checked.supply.annotations
    dataset, split = asked.train.dataset, asked.train.split
    recipe = asked.resolved.recipe.described()
    return TrainingRun(
        asked.model,
        asked.size,
        asked.protocol.keypoints,
        dict(asked.options),
        asked.name,
        {"name": asked.resolved.name, **{key: _plain(value) for key, value in recipe.items()}},
        tuple(map(str, asked.resolved.deviations)),
        {
            "name": f"{DATASETS[dataset]} {split} ({asked.train.annotations.name})",
            "dataset": dataset,
            "split": split,
            "annotations": annotations.sha256,
            "samples": len(checked.supply),
            "official": checked.supply.official,
        },
        _evaluated(checked),
        _start(checked),
        asked.seed,
        _execution(checked),
    )


def record(run: TrainingRun, training: Training, smoke: Smoke | None = None) -> Record:
    """The record of a training that has come to its end."""
    state, out = training.standing, training.out
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
        artifacts=files,
        code=run.code,
    )


def outcome(checked: Checked, record: Record) -> dict[str, object]:
    """What became of a training, for --json."""
    out = checked.run.out
    metric = next((one for one in PRIMARY if record.measurement(one)), "")
    found: dict[str, object] = {
        "name": checked.run.name,
        "folder": str(out),
        "recipe": checked.run.resolved.described(),
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
    }
    before, after = record.value("loss_before"), record.value("loss_after")
    if before is not None:
        found["smoke"] = {"before": before, "after": after, "steps": record.value("steps")}
    return found


def is_whole(record: Record, folder: Path) -> bool:
    """Whether the weights that a record names lie in its folder, to the byte."""
    known = record.artifacts.get(WEIGHTS)
    try:
        return known is not None and sha256(folder / WEIGHTS) == known
    except OSError:
        return False


def _evaluated(checked: Checked) -> Mapping[str, object]:
    asked = checked.run
    if asked.evaluated is None:
        return {}
    return {
        "annotations": sha256(asked.evaluated.annotations),
        "boxes": None if asked.evaluated.boxes is None else sha256(asked.evaluated.boxes),
        "protocol": evaluation_rules(asked.protocol, asked.evaluated).described(),
    }


def _start(checked: Checked) -> dict[str, Scalar]:
    if checked.run.weights is None:
        return {}
    return {"sha256": sha256(checked.run.weights), "partial": checked.run.partial}


def _execution(checked: Checked) -> dict[str, Scalar]:
    asked = checked.run.machine
    found: dict[str, Scalar] = {"device": device(asked), **asked.described()}
    if checked.run.steps is not None:
        found["steps"] = checked.run.steps
    return found


def _plain(value: object) -> object:
    """As JSON can hold it: no endless number."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, float) and math.isinf(value) else value
