"""The poses that a training's best weights give on a few pictures, kept to be looked at.

An evaluation has them anyway. They are a candidate until it is known whether the weights are the
best, and belong to the step that they name.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.people import Annotations, Floats
from repro.errors import RunError
from repro.evaluation import predictions
from repro.evaluation.pipeline import PreparedEvaluation
from repro.files import write_whole
from repro.papers.datasets import DATASETS

FILES = NAME, CANDIDATE = "best-poses.json", "candidate-poses.json"
PICTURES = 8


@dataclass(frozen=True, eq=False)
class ShownPicture:
    """A picture, and the persons found on it."""

    image: int
    """its position in the annotations"""
    people: Floats
    """(M, K, 3) x, y in pixels and the joint's score; as many as are annotated at most"""


@dataclass(frozen=True, eq=False)
class ShownPoses:
    """What was found on a few pictures with the weights after a step."""

    step: int
    pictures: tuple[ShownPicture, ...]


def positions(annotations: Annotations) -> list[int]:
    """A few images with labelled persons, from the whole length of their list."""
    people = annotations.people
    labelled = np.unique(people.image[(people.keypoints[..., 2] > 0).any(axis=1)])
    if len(labelled) <= PICTURES:
        return [int(place) for place in labelled]
    chosen = np.linspace(0, len(labelled) - 1, PICTURES).round().astype(int)
    return [int(labelled[place]) for place in chosen]


def keep_candidate(prepared: PreparedEvaluation, evaluated: Path, folder: Path) -> None:
    """Keep what an evaluation that has just ended found on a few pictures."""
    chosen = positions(prepared.annotations)
    found = _found(prepared, json.loads(predictions.kept(evaluated)), chosen)
    rows = [
        {"image": place, "people": [person.round(2).tolist() for person in people]}
        for place, people in zip(chosen, found, strict=True)
    ]
    _write(folder / CANDIDATE, rows)


def settle(folder: Path, step: int, best: bool) -> None:
    """Keep the candidate as the best weights' poses of a step, or drop it."""
    candidate = folder / CANDIDATE
    if not candidate.is_file():
        return
    if best:
        pictures = json.loads(candidate.read_text(encoding="utf-8"))
        _write(folder / NAME, {"step": step, "pictures": pictures})
    candidate.unlink(missing_ok=True)


def read(folder: Path) -> ShownPoses | None:
    """What a folder has; None where that is nothing, or nothing of ours."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        pictures = tuple(
            ShownPicture(int(row["image"]), np.array(row["people"], float))
            for row in content["pictures"]
        )
        return ShownPoses(int(content["step"]), pictures)
    return None


def _found(
    prepared: PreparedEvaluation, rows: Sequence[object], chosen: Sequence[int]
) -> list[list[Floats]]:
    """Of each chosen image the persons, the best first, as many as are annotated at most."""
    annotations, instances = prepared.annotations, prepared.instances
    if DATASETS[prepared.request.protocol.dataset].measure == "PCKh" and instances is not None:
        points = np.array(rows, float) - 1
        scored = np.dstack([points, np.ones(points.shape[:2])])
        return [list(scored[instances.image == place]) for place in chosen]
    ids = {int(annotations.images.ids[place]): place for place in chosen}
    found: dict[int, list[tuple[float, Floats]]] = {place: [] for place in chosen}
    for row in rows:
        if isinstance(row, dict) and row["image_id"] in ids:
            person = np.array(row["keypoints"], float).reshape(-1, 3)
            found[ids[row["image_id"]]].append((float(row["score"]), person))
    people = []
    for place in chosen:
        best = sorted(found[place], key=lambda one: -one[0])
        annotated = int((annotations.people.image == place).sum())
        people.append([person for _, person in best[:annotated]])
    return people


def _write(path: Path, content: object) -> None:
    try:
        write_whole(path, json.dumps(content) + "\n")
    except OSError as error:
        raise RunError(f"`{path}` cannot be written: {error.strerror}.", "Make room.") from error
