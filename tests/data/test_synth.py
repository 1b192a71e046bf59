"""The generated data set: the same from the same seed, annotated as it is drawn."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from repro.data import synth
from repro.data.annotations import read
from repro.data.boxes import detected, ground_truth
from repro.data.completeness import check
from repro.data.layout import find
from repro.data.pictures import decoded
from repro.data.synth_poses import posed
from repro.data.synth_scenes import JOINTS, crowding, scene
from repro.errors import ReproError
from repro.papers.skeletons import COCO, CROWDPOSE

SIZE = (96, 128)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 24 and 6 generated pictures."""
    root = tmp_path_factory.mktemp("data")
    assert synth.write(root, train=24, val=6, seed=3, size=SIZE) == root / "synth"
    return root


def digests(root: Path) -> dict[str, str]:
    """The sha256 of every file below a folder."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    synth.write(tmp_path, train=24, val=6, seed=3, size=SIZE)
    assert digests(tmp_path) == digests(folder)
    assert len(digests(tmp_path)) == 24 + 6 + 6


def test_a_picture_depends_on_seed_split_and_number_alone(folder: Path, tmp_path: Path) -> None:
    done: list[int] = []
    synth.write(tmp_path, train=2, val=1, seed=3, size=SIZE, tell=done.append)
    assert done == [1, 1, 1]
    fewer, more = digests(tmp_path), digests(folder)
    pictures = [name for name in fewer if name.endswith(".png")]
    assert len(pictures) == 3 and all(fewer[name] == more[name] for name in pictures)
    synth.write(tmp_path, train=2, val=1, seed=4, size=SIZE)
    other = digests(tmp_path)
    assert all(fewer[name] != other[name] for name in pictures)


def test_it_reads_as_coco_and_as_crowdpose(folder: Path) -> None:
    for dataset, form in (("synth", COCO), ("synth-crowdpose", CROWDPOSE)):
        source = find(folder, dataset, "train")
        found = read(source.annotations, dataset)
        assert found.dataset == form.name and len(found.images) == 24
        picture = decoded(source.images / found.images.files[0])
        assert picture.shape == (*SIZE, 3)
        assert source.boxes and len(detected(source.boxes, found)) > 24
        assert len(ground_truth(found)) > 24
    assert all(one.complete for one in check(folder) if one.dataset.startswith("synth"))


def test_it_never_passes_for_coco(folder: Path) -> None:
    path = find(folder, "synth", "val").annotations
    info = json.loads(path.read_text())["info"]
    assert info["dataset"] == "synth" and info["seed"] == 3 and "not COCO" in info["description"]
    with pytest.raises(ReproError, match="is generated, not coco"):
        read(path, "coco")
    with pytest.raises(ReproError, match="annotations of coco val2017 are not"):
        find(folder / "synth", "coco", "val2017")


def test_annotations_are_consistent(folder: Path) -> None:
    found = read(find(folder, "synth", "train").annotations, "synth")
    people, sizes = found.people, found.images.sizes[found.people.image]
    seen = people.keypoints[..., 2] > 0
    assert (people.labelled == seen.sum(axis=1)).all()
    inside = (people.keypoints[..., :2] >= -0.5).all(axis=2)
    inside &= (people.keypoints[..., :2] <= sizes[:, None, ::-1] - 0.5).all(axis=2)
    assert inside[seen].all() and not people.keypoints[~seen].any()
    assert (people.areas <= people.boxes[:, 2] * people.boxes[:, 3]).all()
    assert (people.boxes[:, :2] + people.boxes[:, 2:] <= sizes[:, ::-1]).all()
    assert set(np.unique(people.keypoints[..., 2])) == {0, 1, 2}
    assert (people.labelled[people.crowd] == 0).all()


def test_areas_and_segments_are_the_pixels_that_are_seen(folder: Path) -> None:
    from pycocotools import mask as masks

    rows = json.loads(find(folder, "synth", "train").annotations.read_text())["annotations"]
    for row in rows:
        runs = masks.frPyObjects(row["segmentation"], *SIZE)
        assert int(masks.area(runs)) == row["area"]
        assert masks.toBbox(runs).tolist() == row["bbox"]


def test_crowdpose_counts_body_joints_only(folder: Path) -> None:
    source = find(folder, "synth-crowdpose", "train")
    rows = json.loads(source.annotations.read_text())["annotations"]
    assert not any("area" in row or "segmentation" in row for row in rows)
    for row in rows:
        assert row["num_keypoints"] == sum(v > 0 for v in row["keypoints"][2:36:3])


def test_pictures_have_what_makes_real_ones_hard() -> None:
    made = [scene(np.random.default_rng([0, 0, index]), SIZE) for index in range(60)]
    people = [len(one.crowd) - int(one.crowd.sum()) for one in made]
    visible = np.concatenate([one.keypoints[..., 2].ravel() for one in made])
    heights = [mask.any(axis=1).sum() for one in made for mask in one.masks]
    assert min(people) >= 0 and 8 <= max(people) <= 12 and 2 < np.mean(people) < 6
    assert (visible == 1).mean() > 0.1 < (visible == 2).mean()
    assert min(heights) < 24 and max(heights) > 80
    assert 1 <= sum(one.crowd.any() for one in made) < 12
    assert any((one.keypoints[~one.crowd][..., 2] == 0).all(axis=1).any() for one in made)


def test_left_is_warm_and_right_is_cool() -> None:
    left, right = [], []
    for index in range(16):
        one = scene(np.random.default_rng([1, 0, index]), (240, 320))
        for points in one.keypoints:
            for side, found in (("left", left), ("right", right)):
                x, y, seen = points[JOINTS.index(f"{side} elbow")]
                if seen == 2:
                    blue, _, red = one.image[round(y), round(x)].astype(int)
                    found.append(red > blue)
    assert min(len(left), len(right)) > 15
    assert np.mean(left) > 0.9 and np.mean(right) < 0.1


def test_bones_keep_their_length_and_left_is_left() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        points, head = posed(rng)
        assert np.allclose(head.T @ head, np.eye(3)) and np.linalg.det(head) > 0
        assert (points["left ear"] - points["right ear"]) @ head[:, 0] > 0
        assert (points["nose"] - points["head"]) @ head[:, 2] > 0
        for side in ("left", "right"):
            hip, knee, ankle = (points[f"{side} {name}"] for name in ("hip", "knee", "ankle"))
            assert np.linalg.norm(knee - hip) == pytest.approx(0.245)
            assert np.linalg.norm(ankle - knee) == pytest.approx(0.245)
            shoulder, elbow = points[f"{side} shoulder"], points[f"{side} elbow"]
            assert np.linalg.norm(elbow - shoulder) == pytest.approx(0.172)


def test_crowding_counts_the_joints_of_others_in_each_box() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [5, 5, 10, 10], [50, 50, 5, 5]])
    keypoints = np.array(
        [
            [[1, 1, 2], [6, 6, 2]],  # the second joint lies in the other box
            [[14, 14, 1], [8, 0, 0]],
            [[51, 51, 2], [52, 52, 1]],
        ],
        float,
    )
    assert crowding(boxes, keypoints) == pytest.approx((0 / 2 + 1 / 1 + 0 / 2) / 3)
    assert crowding(boxes[:0], keypoints[:0]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": 0}, "cannot be made"),
        ({"seed": -1}, "cannot be made"),
        ({"size": (32, 320)}, "too small"),
    ],
)
def test_what_cannot_be_made(options: dict[str, int], message: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=message):
        synth.write(tmp_path, **options)  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "synth").write_text("a file in the way")
    with pytest.raises(ReproError, match="cannot be written to"):
        synth.write(tmp_path, train=1, val=1, size=SIZE)


def test_more_pictures_than_the_disk_holds_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(ReproError, match=r"take about 0\.1 GB and 0\.0 hours, and .* 0\.0 GB free"):
        synth.write(tmp_path, train=900, val=100)
    with pytest.raises(ReproError, match="pictures are too many"):
        synth.write(tmp_path, train=10**400)
    assert not list(tmp_path.iterdir())
