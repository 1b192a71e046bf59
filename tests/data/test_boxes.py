"""Instances: cleaned ground truth, a detector's boxes, MPII's regions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from repro.data import mpii
from repro.data.annotations import read
from repro.data.boxes import LeftOut, detected, ground_truth, outside
from repro.errors import ReproError
from support.data_files import box, document, entry, person, saved


def test_boxes_of_labelled_persons_are_cleaned_as_officially(tmp_path: Path) -> None:
    content = document()  # images of 120 x 100 (id 7) and 80 x 90 (id 5)
    content["annotations"] = [
        person(1, 5, bbox=[-5.5, 10, 50, 20]),
        person(2, 7, bbox=[100, 90, 40.5, 30]),
        person(3, 7, bbox=[10, 10, 0.4, 7]),
        person(4, 5, iscrowd=1),
        person(5, 5, keypoints=[0] * 51),
        person(6, 5, area=0),
        person(7, 5, bbox=[200, 10, 20, 20]),
        person(8, 5, bbox=[10, 10, 0.5, 0.5]),
    ]
    found = ground_truth(read(saved(tmp_path, content)))
    assert found.boxes.tolist() == [[100, 90, 19, 9], [10, 10, 0, 6], [0, 10, 49, 19]]
    assert found.person.tolist() == [1, 2, 0]
    assert found.image.tolist() == [0, 0, 1]
    assert found.scores.tolist() == [1, 1, 1]
    assert found.left_out == LeftOut(crowd=1, unlabelled=1, empty=3)


def test_regions_have_the_proportions_of_the_input(tmp_path: Path) -> None:
    found = ground_truth(read(saved(tmp_path, document())))
    assert found.boxes.tolist() == [[10, 12, 59, 77]]  # ends at 79 - 10, 89 - 12
    assert found.centres((256, 192)).tolist() == [[39.5, 50.5]]
    assert found.extents((256, 192))[0] == pytest.approx([59 * 1.25, 59 / 192 * 256 * 1.25])
    assert found.extents((256, 256))[0] == pytest.approx([77 * 1.25] * 2)


def test_labelled_joints_outside_of_their_region_are_found(tmp_path: Path) -> None:
    content = document()
    places = {0: (39.5, 50.5, 2), 1: (3.0, 50.5, 2), 2: (2.0, 50.5, 1), 3: (2.0, 50.5, 0)}
    joints = [value for joint in range(17) for value in places.get(joint, (0.0, 0.0, 0))]
    content["annotations"] = [person(1, 5, keypoints=joints)]
    annotations = read(saved(tmp_path, content))
    found = ground_truth(annotations)  # its region begins at 39.5 - 59 * 1.25 / 2 = 2.625
    assert np.argwhere(outside(annotations, found, (256, 192))).tolist() == [[0, 2]]
    assert not outside(annotations, replace(found, padding=1.5), (256, 192)).any()
    assert not outside(annotations, replace(found, person=np.array([-1])), (256, 192)).any()


def test_detected_boxes_are_used_as_they_are_and_what_is_left_out_is_counted(
    tmp_path: Path,
) -> None:
    annotations = read(saved(tmp_path, document()))
    rows = [
        box(5, -3, 2, 500, 10, score=0.9),
        box(7, 1, 2, 3, 4, score=0.01),
        box(5, 1, 1, 9, 9, category=3),
        box(6, 1, 1, 9, 9),
        box(7, 4, 4, 0, 6),
        box(7, 4, 4, 0, 0),
        box(5, 90, 4, 5, 5),
    ]
    found = detected(saved(tmp_path, rows, "boxes.json"), annotations, least_score=0.1)
    assert found.image.tolist() == [0, 1, 1]
    assert found.boxes.tolist() == [[4, 4, 0, 6], [-3, 2, 500, 10], [90, 4, 5, 5]]
    assert found.person.tolist() == [-1, -1, -1]
    assert found.left_out == LeftOut(empty=1, other=1, unknown=1, low=1)
    assert found.outside == 1
    assert len(detected(tmp_path / "boxes.json", annotations)) == 4


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"boxes": []}, "is not a list"),
        ([box(5, 1, 1, float("nan"), 3)], "is not JSON"),
        ([box(5, 1, 1, -3, 3)], r"`bbox` = \[1, 1, -3, 3\] in entry 0"),
        ([box(5, 1, 1, 3)], "4 finite numbers"),
        ([{"image_id": 5, "bbox": [1, 1, 2, 2]}], "lacks `score` in entry 0"),
        ([], "has no persons"),
        ([box(5, 1, 1, 3, 3, category=2)], "has no persons"),
        ([box(99, 1, 1, 3, 3)], "no persons on these images"),
        ([box(5, 1, 1, 3, 3)], "no box scored 0.6 or more"),
    ],
)
def test_box_files_that_cannot_be_used(rows: object, message: str, tmp_path: Path) -> None:
    annotations = read(saved(tmp_path, document()))
    with pytest.raises(ReproError, match=message):
        detected(saved(tmp_path, rows, "boxes.json"), annotations, least_score=0.6)


def test_mpii_counts_from_zero_and_keeps_the_order_of_the_list(tmp_path: Path) -> None:
    found = read(saved(tmp_path, [entry("b.jpg"), entry("a.jpg"), entry("b.jpg", scale=2.0)]))
    assert found.dataset == "mpii"
    assert found.images.files == ("b.jpg", "a.jpg")
    assert found.images.sizes.tolist() == [[0, 0], [0, 0]]
    assert found.people.image.tolist() == [0, 1, 0]
    assert found.people.labelled.tolist() == [15, 15, 15]
    assert found.people.keypoints[0, 0].tolist() == [10, 20, 2]
    assert found.people.keypoints[0, 15].tolist() == [0, 0, 0]
    regions = ground_truth(found)
    assert regions.person.tolist() == [0, 1, 2]
    assert regions.centres((256, 256)) == pytest.approx(np.array([[100, 65], [100, 65], [100, 80]]))
    assert regions.extents((256, 256)) == pytest.approx(np.array([[250] * 2] * 2 + [[500] * 2]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scale": 0}, "`scale` = 0 in entry 1; it must be above 0"),
        ({"joints": [[1, 2]]}, "16 x 2 finite numbers"),
        ({"center": [1, None]}, "2 finite numbers"),
        ({"image": 3}, "it must be a name"),
    ],
)
def test_broken_entries_of_mpii(fields: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=message):
        read(saved(tmp_path, [entry("a.jpg"), entry("b.jpg", **fields)]))


def truth_file(folder: Path, people: int = 3, **changes: np.ndarray) -> Path:
    from scipy.io import savemat

    arrays = {
        "jnt_missing": np.zeros((16, people), np.uint8),
        "pos_gt_src": np.full((16, 2, people), 5.0),
        "headboxes_src": np.arange(4.0 * people).reshape(2, 2, people),
    }
    arrays["jnt_missing"][4, 1] = 1
    path = folder / "gt_valid.mat"
    savemat(path, {**arrays, **changes})
    return path


def test_the_truth_for_pckh(tmp_path: Path) -> None:
    found = mpii.truth(truth_file(tmp_path))
    assert found.points.shape == (3, 16, 2) and (found.points == 4).all()
    assert not found.annotated[1, 4] and found.annotated.sum() == 47
    assert found.heads[2].tolist() == [[1, 4], [7, 10]]
    with pytest.raises(ReproError, match="no `jnt_missing` of 16 x persons"):
        mpii.truth(truth_file(tmp_path, jnt_missing=np.zeros((16, 2))))
    with pytest.raises(ReproError, match="not finite"):
        mpii.truth(truth_file(tmp_path, pos_gt_src=np.full((16, 2, 3), np.nan)))
    (tmp_path / "no.mat").write_bytes(b"hello")
    with pytest.raises(ReproError, match="cannot be read as MATLAB's"):
        mpii.truth(tmp_path / "no.mat")
    with pytest.raises(ReproError, match="not the official release") as caught:
        read(truth_file(tmp_path))
    assert "valid.json" in caught.value.hint


def release_file(folder: Path) -> Path:
    """Three images, of which the first two are to train on, and the joints of the first."""
    from scipy.io import savemat

    points = np.array(
        [(11.0, 21.0, 6.0, 1.0), (31.0, 41.0, 9.0, 0.0)],
        dtype=[(name, "O") for name in ("x", "y", "id", "is_visible")],
    )
    body = {"scale": 2.0, "objpos": {"x": 101.0, "y": 51.0}, "annopoints": {"point": points}}
    bare = {"scale": 1.0, "objpos": {"x": 1.0, "y": 1.0}}
    annolist = np.empty(3, dtype=[("image", "O"), ("annorect", "O")])
    for place, (name, rect) in enumerate((("a.jpg", body), ("b.jpg", bare), ("c.jpg", body))):
        annolist[place] = ({"name": name}, rect)
    path = folder / "mpii_human_pose_v1_u12_1.mat"
    savemat(path, {"RELEASE": {"annolist": annolist, "img_train": np.array([1, 1, 0])}})
    return path


def test_the_official_release_of_mpii(tmp_path: Path) -> None:
    found = read(release_file(tmp_path))
    assert found.images.files == ("a.jpg",)
    assert found.people.labelled.tolist() == [2]
    assert found.people.keypoints[0, 6].tolist() == [10, 20, 2]
    assert found.people.keypoints[0, 9].tolist() == [30, 40, 1]
    assert ground_truth(found).centres((256, 256)).tolist() == [[100, 80]]


def test_a_damaged_release_is_one_sentence(tmp_path: Path) -> None:
    path = release_file(tmp_path)
    good, random, refused = path.read_bytes(), np.random.default_rng(0), 0
    for number in range(200):
        text = bytearray(good)
        for place in random.integers(128, len(text), 4):
            text[place] = random.integers(256)
        path.write_bytes(text if number % 3 else text[: random.integers(len(text))])
        try:
            read(path)
        except ReproError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 50


@pytest.mark.parametrize(
    "numbers", [[5, 5, 1e-300, 1e-300], [5, 5, 1e300, 9], [-1e300, 5, 9, 9], [5, 5, 0, 1e-9]]
)
def test_a_box_that_is_in_no_image_is_refused_with_its_place(
    tmp_path: Path, numbers: list[float]
) -> None:
    annotations = read(saved(tmp_path, document()))
    rows = [box(5, 1, 2, 30, 40), box(5, *numbers)]
    with pytest.raises(ReproError, match=r"has `bbox` = .* in entry 1; it must be"):
        detected(saved(tmp_path, rows, "boxes.json"), annotations)
    content = document()
    content["annotations"][0].update(bbox=numbers)
    with pytest.raises(ReproError, match=r"has `bbox` = .* in annotations\[0\]"):
        read(saved(tmp_path, content))
