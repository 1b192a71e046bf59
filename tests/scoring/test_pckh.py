"""PCKh is HRNet's: counted joint by joint in plain loops it is the same."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from repro.data.mpii import Truth
from repro.data.people import Floats
from repro.errors import ReproError
from repro.papers.datasets import MPII_TRUTHS
from repro.papers.skeletons import MPII
from repro.scoring import pckh
from repro.scoring.score import score

PEOPLE = 60
ORDER = (
    *("rank", "rkne", "rhip", "lhip", "lkne", "lank", "pelv", "thor"),
    *("neck", "head", "rwri", "relb", "rsho", "lsho", "lelb", "lwri"),
)
"""the names in the official file, in its order"""
PARTS = {"Shoulder": "sho", "Elbow": "elb", "Wrist": "wri", "Hip": "hip", "Knee": "kne"}


def truth(seed: int = 0) -> Truth:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 300, (PEOPLE, 1, 2))
    heads = np.concatenate([corner, corner + random.uniform(10, 90, (PEOPLE, 1, 2))], axis=1)
    points = random.uniform(0, 600, (PEOPLE, 16, 2))
    return Truth(points, random.random((PEOPLE, 16)) < 0.8, heads, "")


def predicted(one: Truth, seed: int = 0) -> Floats:
    random = np.random.default_rng(seed)
    return one.points + random.normal(0, 12, one.points.shape)


def plainly(one: Truth, points: Floats, bound: float) -> tuple[dict[str, float], float]:
    """Percent of each joint, and the mean of all joints but pelvis and thorax."""
    right, number = dict.fromkeys(ORDER, 0), dict.fromkeys(ORDER, 0)
    for person in range(PEOPLE):
        (left, top), (far, low) = one.heads[person]
        head = 0.6 * math.hypot(far - left, low - top)
        for place, joint in enumerate(ORDER):
            if one.annotated[person, place]:
                number[joint] += 1
                away = math.dist(points[person, place], one.points[person, place])
                right[joint] += away / head <= bound
    mean = [joint for joint in ORDER if joint not in ("pelv", "thor")]
    shares = {joint: 100 * right[joint] / number[joint] for joint in ORDER}
    return shares, 100 * sum(right[j] for j in mean) / sum(number[j] for j in mean)


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_plain_loops(seed: int) -> None:
    one = truth(seed)
    points = predicted(one, seed)
    hits = pckh.evaluate(one, points)
    shares, mean = plainly(one, points, 0.5)
    assert list(hits.joints().values()) == pytest.approx(list(shares.values()))
    found = hits.metrics()
    assert found["Mean"] == pytest.approx(mean)
    assert found["Mean@0.1"] == pytest.approx(plainly(one, points, 0.11)[1])
    assert found["Head"] == pytest.approx(shares["head"])
    assert found["Ankle"] == pytest.approx((shares["lank"] + shares["rank"]) / 2)
    for name, part in PARTS.items():
        assert found[name] == pytest.approx((shares[f"l{part}"] + shares[f"r{part}"]) / 2)
    assert list(found) == ["Head", *PARTS, "Ankle", "Mean", "Mean@0.1"]


def test_the_bound_itself_is_right() -> None:
    heads = np.tile([[0.0, 0.0], [30.0, 40.0]], (PEOPLE, 1, 1))  # half of 0.6 x 50 pixels is 15
    one = replace(truth(), heads=heads, points=np.zeros((PEOPLE, 16, 2)))
    for away, share in ((15.0, 100.0), (15.0001, 0.0)):
        hits = pckh.evaluate(one, np.tile([away, 0.0], (PEOPLE, 16, 1)))
        assert hits.metrics()["Mean"] == pytest.approx(share)


def test_pelvis_and_thorax_are_not_in_the_mean() -> None:
    one = truth()
    points = one.points.copy()
    points[:, [MPII.joints.index("pelvis"), MPII.joints.index("thorax")]] += 1e6
    assert pckh.evaluate(one, points).metrics()["Mean"] == pytest.approx(100)


def test_joints_that_are_never_annotated_have_no_figure() -> None:
    one = truth()
    annotated = one.annotated.copy()
    annotated[:, MPII.joints.index("head top")] = False
    hits = pckh.evaluate(replace(one, annotated=annotated), one.points)
    assert hits.metrics()["Head"] is None
    assert hits.metrics()["Mean"] == pytest.approx(100)
    assert hits.absent() == {"Head": "joints never annotated"}
    nothing = pckh.evaluate(replace(one, annotated=annotated & False), one.points)
    assert set(nothing.metrics().values()) == {None}


def test_a_resample_is_what_its_copies_give() -> None:
    one = truth()
    points = predicted(one)
    image = np.sort(np.random.default_rng(1).integers(0, 40, PEOPLE))
    hits = pckh.evaluate(one, points, image)
    weights = np.random.default_rng(2).integers(0, 3, len(hits.units))
    copies = np.repeat(np.arange(PEOPLE), weights[hits.unit])
    again = Truth(one.points[copies], one.annotated[copies], one.heads[copies], "")
    expected = pckh.evaluate(again, points[copies]).metrics()
    found = hits.resampled(weights[None])
    assert {name: float(value[0]) for name, value in found.items()} == pytest.approx(expected)


def test_another_number_of_people_is_refused() -> None:
    with pytest.raises(ReproError, match="59 poses for 60 persons"):
        pckh.evaluate(truth(), np.zeros((59, 16, 2)))


def official(folder: Path, one: Truth, name: str = "mpii_gt_valid.mat") -> Path:
    """The file as it is: counted from 1."""
    path = folder / name
    contents = {
        "pos_gt_src": np.moveaxis(one.points + 1, 0, -1),
        "headboxes_src": np.moveaxis(one.heads + 1, 0, -1),
        "jnt_missing": (~one.annotated).T.astype(np.uint8),
    }
    savemat(path, contents)
    return path


def test_predictions_count_from_1_unless_said(tmp_path: Path) -> None:
    one = truth()
    points = predicted(one)
    expected = pckh.evaluate(one, points).metrics()
    path = official(tmp_path, one)
    found = tmp_path / "found.json"
    for moved, zero_based in ((points, True), (points + 1, False)):
        found.write_text(json.dumps(moved.tolist()))
        scored = score("mpii", path, found, zero_based=zero_based, resamples=20)
        assert scored.metrics == pytest.approx(expected)
    assert scored.evaluator.startswith("PCKh (HRNet)")
    assert scored.images is None
    assert scored.intervals["Mean"].low < expected["Mean"] < scored.intervals["Mean"].high


def valid(folder: Path, one: Truth, people: int = PEOPLE) -> Path:
    path = folder / "valid.json"
    rows = [
        {
            "image": f"{number // 2}.jpg",
            "joints": np.where(seen[:, None], joints + 1, -1).tolist(),
            "joints_vis": seen.astype(int).tolist(),
            "center": [300.0, 300.0],
            "scale": 2.5,
        }
        for number, (joints, seen) in enumerate(zip(one.points, one.annotated, strict=True))
    ]
    path.write_text(json.dumps(rows[:people]))
    return path


@pytest.mark.parametrize("name", MPII_TRUTHS)
def test_the_head_boxes_beside_a_list_have_the_names_of_the_layout(
    name: str, tmp_path: Path
) -> None:
    one = truth()
    found = tmp_path / "found.json"
    found.write_text(json.dumps(predicted(one).tolist()))
    official(tmp_path, one, name)
    scored = score("mpii", valid(tmp_path, one), found, zero_based=True, resamples=20)
    assert scored.images == PEOPLE / 2


def test_a_valid_json_needs_the_head_boxes_beside_it(tmp_path: Path) -> None:
    one = truth()
    found = tmp_path / "found.json"
    found.write_text(json.dumps(predicted(one).tolist()))
    listed = valid(tmp_path, one)
    with pytest.raises(ReproError, match="has no head boxes") as error:
        score("mpii", listed, found)
    assert "mpii_gt_valid.mat" in error.value.hint
    path = official(tmp_path, one)
    scored = score("mpii", listed, found, zero_based=True, resamples=20)
    alone = score("mpii", path, found, zero_based=True, resamples=20)
    assert scored.metrics == alone.metrics
    assert scored.images == PEOPLE / 2
    assert scored.intervals != alone.intervals  # people of an image are drawn together
    with pytest.raises(ReproError, match=r"Person 0 .* is not among the 60 whose head boxes"):
        score("mpii", valid(tmp_path, truth(5)), found)
    some = valid(tmp_path, one, 40)
    with pytest.raises(ReproError, match="60 poses for 40 persons"):
        score("mpii", some, found)
    found.write_text(json.dumps(predicted(one)[:40].tolist()))
    assert score("mpii", some, found, zero_based=True, resamples=20).poses == 40
