"""What a training's best weights find on a few pictures, and what is annotated there, kept to be
looked at.

An evaluation has it anyway. It is a candidate until it is known whether the weights are the best,
and belongs to the step that it names.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro import schema
from repro.data.people import Annotations, Floats
from repro.errors import RunError
from repro.evaluation import predictions
from repro.evaluation.preparing import PreparedEvaluation
from repro.files import write_whole
from repro.papers.protocol import APPLY
from repro.papers.skeletons import Skeleton

FILES = NAME, CANDIDATE = "best-poses.json", "candidate-poses.json"
PICTURES = 8


@dataclass(frozen=True, eq=False)
class ShownPicture:
    """A picture, and the persons on it: (M, K, 3) x, y in its pixels, and a third value."""

    path: Path
    truth: Floats
    """as annotated; the third value is the visibility"""
    found: Floats
    """the best, as many as are annotated at most; the third value is the joint's score"""


@dataclass(frozen=True, eq=False)
class ShownPoses:
    """What was found on a few pictures with the weights after a step."""

    step: int
    skeleton: Skeleton
    """joints and limbs alone"""
    pictures: tuple[ShownPicture, ...]
    upright: bool
    """whether the pictures are turned as their EXIF asks"""


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
    annotations, skeleton = prepared.annotations, prepared.request.protocol.skeleton
    chosen = positions(annotations)
    found = _found(prepared, json.loads(predictions.kept(evaluated)), chosen)
    people = annotations.people
    pictures = [
        {
            "path": str(prepared.source.images / annotations.images.files[place]),
            "truth": people.keypoints[people.image == place].round(2).tolist(),
            "found": [person.round(3).tolist() for person in persons],
        }
        for place, persons in zip(chosen, found, strict=True)
    ]
    content = {
        "joints": skeleton.joints,
        "limbs": skeleton.limbs,
        "upright": prepared.request.protocol.exif == APPLY,
        "pictures": pictures,
    }
    _write(folder / CANDIDATE, content)


def settle(folder: Path, step: int, best: bool) -> None:
    """Keep the candidate as the best weights' poses of a step, or drop it."""
    candidate = folder / CANDIDATE
    if not candidate.is_file():
        return
    if best:
        _write(folder / NAME, {"step": step, **json.loads(candidate.read_text(encoding="utf-8"))})
    candidate.unlink(missing_ok=True)


def read(folder: Path) -> ShownPoses | None:
    """What a folder has; None where that is nothing, or nothing of ours."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = schema.json_file(folder / NAME)
        joints = tuple(map(str, content["joints"]))
        limbs = tuple((int(start), int(end)) for start, end in content["limbs"])
        shape = -1, len(joints), 3
        pictures = tuple(
            ShownPicture(
                Path(row["path"]),
                np.array(row["truth"], float).reshape(shape),
                np.array(row["found"], float).reshape(shape),
            )
            for row in content["pictures"]
        )
        skeleton, upright = Skeleton("", joints, limbs, ()), bool(content.get("upright"))
        return ShownPoses(int(content["step"]), skeleton, pictures, upright)
    return None


def _found(
    prepared: PreparedEvaluation, rows: Sequence[object], chosen: Sequence[int]
) -> list[list[Floats]]:
    """Of each chosen image the persons, the best first, as many as are annotated at most."""
    annotations, instances = prepared.annotations, prepared.instances
    if instances is not None and rows and not isinstance(rows[0], dict):
        points = np.array(rows, float) - 1  # of MPII, a pose for each person, counted from 1
        scored = np.dstack([points, np.ones(points.shape[:2])])
        return [list(scored[instances.image == place]) for place in chosen]
    ids = {annotations.images.ids[place].item(): place for place in chosen}
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
