"""An evaluation as a run: what it is, so that its key finds it again, and its record."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repro import env
from repro.checkpoints import matching, reading
from repro.data import stand_ins
from repro.data.annotations import is_official
from repro.evaluation import predictions
from repro.evaluation.devices import device_of
from repro.evaluation.exported import options_of
from repro.evaluation.preparing import PreparedEvaluation
from repro.evaluation.request import FILES, TRUTH, EvaluationRequest
from repro.exported.opening import content_digest
from repro.files import sha256
from repro.papers.protocol import GROUND_TRUTH, Protocol
from repro.papers.values import Scalar
from repro.records.fingerprint import digest
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.remarks import Remark
from repro.records.runs import EvaluationRun, count_run, weights_name

if TYPE_CHECKING:
    from torch import nn

Facts = Mapping[str, Scalar]
MAIN = ("AP", "Mean")
LEAST = 2.0
"""per cent of the main figure, below which a network that works cannot be"""
PICTURES = "pictures"
"""the note of a record that tells its pictures from others of the same names"""


def run_of(prepared: PreparedEvaluation, weights: Facts | None = None) -> EvaluationRun:
    """The run that an evaluation is; ReproError where the weights do not fit the network.

    `weights` says what they are where their training is still to come.
    """
    request, rules = prepared.request, prepared.request.protocol
    device_of(request.execution)
    return EvaluationRun(
        request.model,
        prepared.size,
        rules.keypoints,
        dict(request.options),
        weights_of(prepared) if weights is None else weights,
        _data(prepared),
        rules.described(),
        _execution(request),
        evaluator(rules),
    )


def execute(
    run: EvaluationRun,
    prepared: PreparedEvaluation,
    folder: Path,
    tell: Callable[[int], None],
    fresh: bool = False,
) -> Record:
    """The record of an evaluation; see `pipeline.measure` for what becomes of `folder`.

    ReproError for images that are not there, before torch is loaded.
    """
    prepared.check_images()
    from repro.evaluation import pipeline, probe

    measured, notes, remarks = pipeline.measure(prepared, folder, tell, fresh)
    remarks = (*remarks, *next_to_nothing(measured, prepared.request))
    pictures = pictures_of(prepared)
    if pictures is not None:
        notes = {**notes, PICTURES: pictures}
    if "training" in run.weights:
        notes = {**notes, "weights": sha256(prepared.request.file)}
    return Record(
        run.key,
        run.described(),
        measured,
        env.fingerprint(),
        notes={**prepared.request.pixels, **prepared.request.file_facts, **notes},
        remarks=(*prepared.request.remarks, *of_checkpoint(prepared.request), *remarks),
        artifacts={predictions.NAME: sha256(folder / predictions.NAME)},
        code=run.code,
        probe=probe.of(run.described()),
    )


def next_to_nothing(
    measured: Sequence[Measurement], request: EvaluationRequest
) -> tuple[Remark, ...]:
    """What to check where an accuracy is so low that something must be wrong."""
    main = next((one for one in measured if one.metric in MAIN), None)
    if main is None or main.value >= LEAST:
        return ()
    text = (
        f"{main.metric} is {main.value:.2f} %, next to nothing. Check that the weights are trained"
    )
    text += ", --colour, --normalise, --boxes, and whether --dataset has the joints of the network"
    if request.model in FILES:
        text += "; of a file also --head, --layout, --input and --output-name"
    return (Remark("accuracy", f"{text}."),)


def other_pictures(record: Record, prepared: PreparedEvaluation) -> tuple[Remark, ...]:
    """The remark on a record that was made with other pictures than those that are there."""
    kept, present = record.notes.get(PICTURES), pictures_of(prepared)
    if kept is None or present is None or kept == present:
        return ()
    text = (
        f"The pictures in `{prepared.source.images}` are not those of the kept record: made anew."
    )
    return (Remark("pictures", text),)


def weights_of(prepared: PreparedEvaluation) -> Facts:
    """What a record says of the weights: whose they are, their digest, and what fits."""
    request = prepared.request
    if request.model == TRUTH:
        return {}
    path = request.file
    if request.model in FILES:
        return {
            "name": path.name,
            "sha256": content_digest(path),
            **options_of(request.output, request.layout),
        }
    count_run(request.model, prepared.size, request.protocol.keypoints, request.options)
    state = reading.read(path, entry=request.entry)
    outline = _outline(request.model, request.protocol.keypoints, **request.options)
    match = matching.matched(outline, state, request.partial)
    trained = reading.facts(path)
    name = trained.get("name", usual_name(prepared))
    facts: dict[str, Scalar] = {"name": name, "sha256": state.sha256}
    if trained.get("deviations") or trained.get("official", "yes") != "yes":
        facts["faithful"] = False
    if request.entry is not None or any(fit for _, fit in match.rivals.values()):
        facts["entry"] = match.source.name
    if not match.whole:
        facts |= {"partial": True, "loaded": f"{len(match.names)} of {match.tensors} tensors"}
    return facts


def of_checkpoint(request: EvaluationRequest) -> tuple[Remark, ...]:
    """What of a checkpoint is taken, and what is not; nothing of an exported file."""
    if request.model in (TRUTH, *FILES):
        return ()
    state = reading.read(request.file, entry=request.entry)
    outline = _outline(request.model, request.protocol.keypoints, **request.options)
    return matching.remarks(state, matching.matched(outline, state, request.partial))


@functools.lru_cache(64)
def _outline(model: str, keypoints: int, **options: Scalar | tuple[Scalar, ...]) -> "nn.Module":
    """A network without values; a plan asks for it again and again."""
    import torch

    from repro.evaluation.network import created

    with torch.device("meta"):
        return created(model, keypoints, options)


def usual_name(prepared: PreparedEvaluation) -> str:
    """What the weights of an evaluation's network are called."""
    request = prepared.request
    dataset = request.protocol.dataset
    return weights_name(request.model, prepared.size, dataset, request.options, request.variant)


def _data(prepared: PreparedEvaluation) -> dict[str, Scalar]:
    rules, source = prepared.request.protocol, prepared.source
    annotations, instances = prepared.annotations, prepared.instances
    share, boxes = stand_ins.share_of(source.annotations), None
    if instances is not None and rules.boxes != GROUND_TRUTH:
        boxes = len(instances) + instances.left_out.empty + instances.left_out.low
    facts: dict[str, Scalar] = {
        "name": source.headed(stand_ins.named(rules.on, share)),
        "dataset": rules.dataset,
        "split": rules.split,
        "annotations": annotations.sha256,
        "images": len(annotations.images),
        "people": len(annotations.people),
        "official": share is None and is_official(rules.chosen, rules.split, annotations, boxes),
        **({} if share is None else {"rehearsal": share}),
    }
    if instances is not None:
        facts["instances"] = len(instances)
    if boxes is not None and source.boxes is not None:
        facts["boxes"] = sha256(source.boxes)
    if rules.entry.measure == "PCKh" and source.truth is not None:
        facts["truth"] = sha256(source.truth)
    return facts


def pictures_of(prepared: PreparedEvaluation) -> str | None:
    """A digest of the pictures by their names and sizes in bytes; None where one is not there.

    One annotation file can stand beside several folders: stored otherwise, in another quality.
    """
    files, folder = prepared.annotations.images.files, prepared.source.images
    names = [files[position] for position in prepared.positions]
    try:
        return digest([(name, (folder / name).stat().st_size) for name in names])
    except (OSError, ValueError):
        return None


def _execution(request: EvaluationRequest) -> dict[str, Scalar]:
    execution = request.execution
    facts: dict[str, Scalar] = {
        "device": execution.device,
        "batch": 1 if request.protocol.bottom_up else execution.batch,
        "precision": "float32",
    }
    return facts if execution.threads is None else {**facts, "threads": execution.threads}


def evaluator(rules: Protocol) -> str:
    """The name and version of what scores by a protocol."""
    if rules.entry.measure == "PCKh":
        return rules.entry.evaluator
    return f"{rules.tool} {env.version(rules.tool)}"
