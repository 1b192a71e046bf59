"""Of an evaluation's poses a few are kept, in pixels of their pictures, for the best weights."""

import gzip
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from repro.data.people import Annotations, Images, People
from repro.evaluation import predictions
from repro.papers.skeletons import COCO, MPII
from repro.training import shown_poses


def annotated(persons: list[int], joints: int) -> Annotations:
    """A picture for each number of persons; their ids begin with 100."""
    image = np.repeat(np.arange(len(persons)), persons)
    count, pictures = len(image), len(persons)
    keypoints = np.full((count, joints, 3), 2.0)
    keypoints[:, :, 0] = np.arange(count)[:, None]
    none = np.zeros(count, np.int64)
    people = People(
        none, image, np.zeros((count, 4)), keypoints, np.ones(count), none, none.astype(bool)
    )
    files = tuple(f"{place}.png" for place in range(pictures))
    images = Images(np.arange(pictures) + 100, files, np.full((pictures, 2), 64))
    return Annotations("coco", images, people, "")


def kept(folder: Path, annotations: Annotations, rows: object, **evaluation: object) -> None:
    (folder / predictions.NAME).write_bytes(gzip.compress(json.dumps(rows).encode()))
    prepared = SimpleNamespace(
        annotations=annotations, source=SimpleNamespace(images=Path("in")), **evaluation
    )
    shown_poses.keep_candidate(prepared, folder, folder)  # type: ignore[arg-type]


def by(skeleton: object, exif: str = "ignore") -> SimpleNamespace:
    return SimpleNamespace(protocol=SimpleNamespace(skeleton=skeleton, exif=exif))


def test_as_many_as_are_annotated_are_kept_the_best_first(tmp_path: Path) -> None:
    annotations = annotated([2, 0, 1], 17)
    rows = [
        {"image_id": image, "keypoints": [score, 1, 0.5] * 17, "score": score}
        for image, score in ((100, 0.2), (102, 0.9), (100, 0.8), (100, 0.5), (101, 1.0))
    ]
    kept(tmp_path, annotations, rows, request=by(COCO), instances=None)
    assert shown_poses.read(tmp_path) is None  # nothing is settled
    shown_poses.settle(tmp_path, 7, best=False)
    assert shown_poses.read(tmp_path) is None
    kept(tmp_path, annotations, rows, request=by(COCO), instances=None)
    shown_poses.settle(tmp_path, 8, best=True)
    shown = shown_poses.read(tmp_path)
    assert shown is not None and shown.step == 8 and shown.skeleton.limbs == COCO.limbs
    assert [one.path for one in shown.pictures] == [Path("in/0.png"), Path("in/2.png")]
    assert not shown.upright
    first, second = shown.pictures
    assert first.found[:, 0, 0].tolist() == [0.8, 0.5] and second.found[:, 0, 0].tolist() == [0.9]
    assert first.truth[:, 0, 0].tolist() == [0, 1] and first.truth.shape == (2, 17, 3)
    shown_poses.settle(tmp_path, 9, best=True)  # there is no candidate
    assert not (tmp_path / shown_poses.CANDIDATE).exists()


def test_the_poses_of_mpii_are_those_of_the_persons(tmp_path: Path) -> None:
    annotations = annotated([1, 2], 16)
    rows = [[[number + 1, 5]] * 16 for number in range(3)]
    instances = SimpleNamespace(image=np.array([0, 1, 1]))
    kept(tmp_path, annotations, rows, request=by(MPII, "apply"), instances=instances)
    shown_poses.settle(tmp_path, 1, best=True)
    shown = shown_poses.read(tmp_path)
    assert shown is not None and shown.upright
    assert [one.found[:, 0, :2].tolist() for one in shown.pictures] == [[[0, 4]], [[1, 4], [2, 4]]]


def test_pictures_are_from_the_whole_set() -> None:
    assert shown_poses.positions(annotated([1] * 100, 17)) == [0, 14, 28, 42, 57, 71, 85, 99]
    assert shown_poses.positions(annotated([0, 1, 0], 17)) == [1]
