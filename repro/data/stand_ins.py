"""Generated stand-ins for the official data sets: their layout and file names, fewer pictures.

They are for rehearsals alone. A mark in the folder of each data set says so, and every run on them
keeps its share; no number of their pictures is the official one, so that even without the mark
they pass for no official data.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro import schema
from repro.data import synth
from repro.data.people import Bools, Floats
from repro.data.synth import Row
from repro.data.synth_scenes import JOINTS, Scene, crowding, scene
from repro.errors import ReproError
from repro.files import write_whole
from repro.papers.datasets import Dataset, FileForm
from repro.papers.skeletons import CROWDPOSE, MPII

MARK = "rehearsal.json"
"""in the folder of a data set of stand-ins, written last"""
VERSION = 1
"""grows whenever a seed gives other files"""
LEAST = 8
"""pictures of a split"""
SIDES = (256, 256)
PLENTY = 10**6
"""more pictures than a split has: the numbers of its pictures begin there, times its place"""
ENOUGH = 8
"""joints of a person that MPII's form takes"""
NECK, TOP = MPII.joints.index("upper neck"), MPII.joints.index("head top")
QUALITY = 90


def share_in(folder: Path) -> float | None:
    """The share of a folder of stand-ins; None where it is none.

    Raise ReproError for a broken mark: what is beside it is no official data.
    """
    path = folder / MARK
    if not path.is_file():
        return None
    try:
        share = schema.json_file(path)["share"]
        if isinstance(share, float) and 0 < share <= 1:
            return share
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ReproError(
        f"`{path}` marks generated stand-ins, and is broken.", f"Remove the folder `{folder}`."
    )


def share_of(annotations: Path) -> float | None:
    """The share of the stand-ins that an annotation file is of; None for any other file."""
    folders = annotations.absolute().parents[:2]
    return next((share for share in map(share_in, folders) if share is not None), None)


def named(data: str, share: float | None) -> str:
    """What data are called: of stand-ins their share too."""
    return data if share is None else f"stand-ins for {data}, share {share:g}"


def count(dataset: Dataset, split: str, share: float) -> int:
    """How many pictures stand for those of a split: never as many as there are officially.

    Where only the official number of persons is known it is a picture for each.
    """
    facts = dataset.facts(split)
    official = (facts and (facts.images or facts.people)) or LEAST + 1
    return min(max(LEAST, math.ceil(share * official)), official - 1)


@dataclass(frozen=True)
class _Picture:
    """One generated picture of a split."""

    number: int
    scene: Scene
    outlines: Floats
    """(P, 4) left, top, width, height of what is seen of each person"""

    @staticmethod
    def drawn(number: int, rng: np.random.Generator) -> "_Picture":
        """A picture of that number."""
        made = scene(rng, SIDES)
        outlines = np.array([synth.outline(mask) for mask in made.masks], np.float64)
        return _Picture(number, made, outlines.reshape(-1, 4))

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.number:012d}.jpg"

    def described(self) -> Row:
        """Its entry in an annotation file."""
        height, width = SIDES
        crowded = round(crowding(self.outlines, self.joints(CROWDPOSE.joints)), 2)
        size = {"height": height, "width": width, "crowdIndex": crowded}
        return {"id": self.number, "file_name": self.name, **size}

    def joints(self, names: Iterable[str]) -> Floats:
        """(P, names, 3) x, y and visibility of some joints."""
        return self.scene.keypoints[:, [JOINTS.index(name) for name in names]]


def write(
    folder: Path,
    dataset: Dataset,
    counts: Mapping[str, int],
    share: float,
    seed: int = 0,
    tell: Callable[[int], None] | None = None,
) -> None:
    """Write so many pictures of some splits into the folder of a data set, with all its files.

    A picture depends on the seed, its data set, split and number, not on how many there are. `tell`
    is called with every 1 done. Raise ReproError where the folder cannot be written.
    """
    try:
        for split, pictures in counts.items():
            _write_split(folder, dataset, split, pictures, seed, tell)
        told = {"share": share, "seed": seed, "version": VERSION, "splits": dict(counts)}
        what = f"Generated stand-ins for {dataset.title}: not its pictures, for rehearsals alone."
        write_whole(folder / MARK, json.dumps({"what": what, **told}, indent=1) + "\n")
    except OSError as error:
        raise ReproError(
            f"The stand-ins cannot be written to `{folder}`: {error.strerror or error}.",
            "Make room, give another folder with --out, or a smaller --share.",
        ) from error


def _write_split(
    folder: Path,
    dataset: Dataset,
    split: str,
    pictures: int,
    seed: int,
    tell: Callable[[int], None] | None,
) -> None:
    """The pictures of a split first, then what is said of them."""
    files, place = dataset.splits[split], list(dataset.splits).index(split)
    images, boxes, people = list[Row](), list[Row](), list[Row]()
    for index in range(pictures):
        rng = np.random.default_rng([seed, *dataset.name.encode(), place, index])
        made = _Picture.drawn(place * PLENTY + index + 1, rng)
        _save(folder / files.images.paths[0] / made.name, made.scene)
        images.append(made.described())
        boxes += synth.detected_rows(rng, made.scene, made.outlines, made.number, SIDES)
        people += FORMS[dataset.file_form](made, dataset)
        if tell:
            tell(1)
    if files.boxes.paths:
        synth.dump(folder / files.boxes.paths[0], boxes)
    if files.truth.paths:
        _write_heads(folder / files.truth.paths[0], people)
    document: Row = {
        "info": {"description": f"Generated articulated figures, not {dataset.title}."},
        "images": images,
        "annotations": [{"id": number, **row} for number, row in enumerate(people, 1)],
        "categories": [synth.category_row(dataset.skeleton)],
    }
    annotations = folder / files.annotations.paths[0]
    synth.dump(annotations, document if dataset.file_form == "COCO" else people)


def _save(path: Path, made: Scene) -> None:
    import cv2

    _, data = cv2.imencode(".jpg", made.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    write_whole(path, data.tobytes(), lasting=False)


def _coco_rows(made: _Picture, dataset: Dataset) -> list[Row]:
    return synth.people_rows(made.scene, made.outlines, made.number, dataset)


def _mpii_rows(made: _Picture, dataset: Dataset) -> list[Row]:
    """The persons whose heads and most other joints are seen; MATLAB counts pixels from 1."""
    rows: list[Row] = []
    placed, seen = _mpii_joints(made)
    for person in np.flatnonzero((seen.sum(axis=1) >= ENOUGH) & seen[:, NECK] & seen[:, TOP]):
        left, top, width, height = made.outlines[person].tolist()
        scale = max(width, height) / 200
        points = np.where(seen[person][:, None], placed[person] + 1, -1)
        centre = left + width / 2 + 1, top + height / 2 + 1 - 15 * scale
        rows.append(
            {
                "image": made.name,
                "center": [round(value, 1) for value in centre],
                "scale": round(scale, 4),
                "joints": points.round(1).tolist(),
                "joints_vis": seen[person].astype(int).tolist(),
            }
        )
    return rows


def _mpii_joints(one: _Picture) -> tuple[Floats, Bools]:
    """(P, 16, 2) places of MPII's joints, counted from 0, and (P, 16) whether each is labelled."""
    middles = {
        "pelvis": ("left hip", "right hip"),
        "thorax": ("left shoulder", "right shoulder"),
        "upper neck": ("neck",),
    }
    parts = [one.joints(middles.get(name, (name,))) for name in MPII.joints]
    placed = np.stack([part[..., :2].mean(axis=1) for part in parts], axis=1)
    return placed, np.stack([(part[..., 2] > 0).all(axis=1) for part in parts], axis=1)


def _write_heads(path: Path, rows: list[Row]) -> None:
    """MPII's file of joints and head boxes: a square about the middle of head top and neck."""
    from io import BytesIO

    from scipy.io import savemat

    joints = np.array([row["joints"] for row in rows], np.float64)
    missing = 1 - np.array([row["joints_vis"] for row in rows], np.float64)
    neck, top = joints[:, NECK], joints[:, TOP]
    half = np.maximum(np.linalg.norm(top - neck, axis=1, keepdims=True), 4) / 2
    heads = np.stack([(neck + top) / 2 - half, (neck + top) / 2 + half], axis=0)  # (2, N, 2)
    content = BytesIO()
    truth = {
        "jnt_missing": missing.T,
        "pos_gt_src": joints.transpose(1, 2, 0),
        "headboxes_src": heads.transpose(0, 2, 1),
    }
    savemat(content, truth)
    write_whole(path, content.getvalue())


FORMS: Mapping[FileForm, Callable[[_Picture, Dataset], list[Row]]] = {
    "COCO": _coco_rows,
    "HRNet": _mpii_rows,
}
"""how the persons of a picture are written down"""
