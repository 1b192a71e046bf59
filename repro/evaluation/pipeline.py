"""One evaluation, from files to figures: read (see `preparing`), predict, score.

Whatever can move a figure lies here or is reached from here, so that the code of an evaluation's
key is followed from this module. It knows no record and no store.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from repro.data import boxes, mpii
from repro.data.boxes import Instances
from repro.data.layout import Source
from repro.data.people import Annotations, Floats, Poses
from repro.errors import RunError
from repro.evaluation import inference, predictions
from repro.evaluation.inference import Tell
from repro.evaluation.loading import opened
from repro.evaluation.preparing import PreparedEvaluation
from repro.evaluation.shards import Shards
from repro.papers.datasets import Tool
from repro.papers.protocol import Protocol
from repro.records.measurement import Measurement
from repro.records.remarks import Remark
from repro.scoring.score import Score, of_points, of_poses

SHARDS = "shards"
"""the folder of what an evaluation has read so far"""


def measure(
    prepared: PreparedEvaluation, folder: Path, tell: Tell, fresh: bool = False
) -> tuple[tuple[Measurement, ...], Mapping[str, str], tuple[Remark, ...]]:
    """The figures of an evaluation, and what a reader must know of them and of the inputs.

    Its images must be there, see PreparedEvaluation. Poses go to `folder` shard by shard; an
    interrupted run goes on where it stopped, unless `fresh`: then it begins anew.
    """
    request, source = prepared.request, prepared.source
    annotations, instances = prepared.annotations, prepared.instances
    truth = truth_of(request.protocol, source, annotations)
    network = opened(request, annotations, instances, prepared.size)
    shards = Shards(folder / SHARDS)
    if fresh:
        shards.clear()
    poses, _ = inference.poses(
        network, request, prepared.size, source.images, annotations, instances, shards, tell
    )
    predictions.keep(folder, poses, request.protocol.chosen, annotations)
    score = scored(source, annotations, instances, truth, poses, request.protocol.tool)
    if not score.measurements:
        raise RunError("Nobody is to be found in these annotations, so there is nothing to score.")
    return score.measurements, _notes(prepared), prepared.remarks()


def _notes(prepared: PreparedEvaluation) -> dict[str, str]:
    """How many joints no top-down network can find, since its input does not show them."""
    annotations, instances = prepared.annotations, prepared.instances
    if instances is None or not (instances.person >= 0).any():
        return {}
    unseen = boxes.outside(annotations, instances, prepared.size)
    labelled = int((annotations.people.keypoints[instances.person][..., 2] > 0).sum())
    persons = f"of {int(unseen.any(axis=1).sum()):,} of {len(unseen):,} persons"
    return {"outside": f"{int(unseen.sum()):,} of {labelled:,} labelled joints, {persons}"}


def truth_of(rules: Protocol, source: Source, annotations: Annotations) -> mpii.Truth | None:
    """MPII's joints and head boxes, a row for each person; None for other data sets."""
    if rules.entry.measure != "PCKh" or source.truth is None:
        return None
    return mpii.matching(mpii.truth(source.truth), annotations)


def scored(
    source: Source,
    annotations: Annotations,
    instances: Instances | None,
    truth: mpii.Truth | None,
    poses: Poses,
    tool: Tool | None = None,
) -> Score:
    """The figures with 95 % intervals; the official evaluator must agree with ours.

    `tool` is the package that scores by OKS; the data set's own if it is None.
    """
    if truth is None or instances is None:
        return of_poses(source.annotations, annotations, poses, tool=tool)
    return of_points(truth, points_of(annotations, instances, poses), annotations.people.image)


def points_of(annotations: Annotations, instances: Instances, poses: Poses) -> Floats:
    """(P, K, 2) the poses of MPII's persons, in the order of the list."""
    points = np.zeros((len(annotations.people), poses.keypoints.shape[1], 2))
    points[instances.person] = poses.keypoints[..., :2]
    return points
