"""Result files are read to the last bit, or refused in one sentence that names the place."""

import json
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.scoring import results

POSE = {"image_id": 7, "category_id": 1, "keypoints": [0.1, 2, 1] * 17, "score": 0.25}
GOOD = json.dumps([POSE, {**POSE, "image_id": 8}, {**POSE, "score": -3}])


def file(folder: Path, text: str | bytes, name: str = "found.json") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_poses_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = results.read(file(tmp_path, GOOD), 17)
    assert found.poses.image_ids.tolist() == [7, 8, 7]
    assert found.poses.scores.tolist() == [0.25, 0.25, -3]
    assert found.poses.keypoints.shape == (3, 17, 3)
    assert found.poses.keypoints[1, 16].tolist() == [0.1, 2, 1]
    assert found.boxes is None


def test_no_poses_are_poses_too(tmp_path: Path) -> None:
    assert results.read(file(tmp_path, "[]"), 14).poses.keypoints.shape == (0, 14, 3)


def test_boxes_are_read_if_the_first_pose_has_one(tmp_path: Path) -> None:
    boxed = json.dumps([{**POSE, "bbox": [1, 2, 3, 4.5]}])
    found = results.read(file(tmp_path, boxed), 17)
    assert found.boxes is not None
    assert found.boxes.tolist() == [[1, 2, 3, 4.5]]
    with pytest.raises(ReproError, match="lacks `bbox` in entry 1"):
        results.read(file(tmp_path, json.dumps([{**POSE, "bbox": [1, 2, 3, 4]}, POSE])), 17)


def altered(old: str, new: str) -> str:
    """The good file with the second of three places changed."""
    parts = GOOD.split(old)
    assert len(parts) > 3
    return old.join(parts[:2]) + new + old.join(parts[2:])


KEYPOINTS = json.dumps(POSE["keypoints"])
SCORE = '"score": '


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (GOOD[:-30], "ends too early"),
        ("poses", "is not JSON"),
        (b"\xff\xfe[]", "is not JSON"),
        ("[" * 5000, "is not JSON"),
        ("{}", "does not hold a list"),
        ("3", "does not hold a list"),
        ("[[]]", "entry 0"),
        ("[null]", "entry 0"),
        (altered('"score"', '"sore"'), "lacks `score` in entry 1"),
        (altered('"keypoints"', '"points"'), "lacks `keypoints` in entry 1"),
        (altered('"image_id"', '"image"'), "lacks `image_id` in entry 1"),
        (altered('"category_id"', '"category"'), "lacks `category_id` in entry 1"),
        (altered(KEYPOINTS, "[1, 2, 1]"), "has 3 numbers as `keypoints` in entry 1"),
        (altered(KEYPOINTS, '"all"'), "`keypoints` = 'all' in entry 1"),
        (altered(KEYPOINTS, "[" + "null, " * 50 + "1]"), "`keypoints` .* in entry 1"),
        (altered(KEYPOINTS, "[" + "[1], " * 50 + "1]"), "`keypoints` .* in entry 1"),
        (altered(KEYPOINTS, "[" + '"1", ' * 50 + "1]"), "`keypoints` .* in entry 1"),
        (altered(KEYPOINTS, "[NaN" + ", 1" * 50 + "]"), "nan in `keypoints` of entry 1"),
        (altered(KEYPOINTS, "[-1e999" + ", 1" * 50 + "]"), "-inf in `keypoints` of entry 1"),
        (altered("category_id", 'category_id": 2, "id'), "`category_id` = 2 in entry 1"),
        (altered("image_id", 'image_id": "a", "id'), "`image_id` = 'a' in entry 1"),
        (altered("image_id", 'image_id": 1.5, "id'), "`image_id` = 1.5 in entry 1"),
        (altered("score", 'score": "high", "s'), "`score` = 'high' in entry 1"),
        (altered("score", 'score": null, "s'), "`score` = None in entry 1"),
        (
            altered("score", 'score": NaN, "s'),
            "nan.* entry 1|entry 1.*nan|`score` = nan in entry 1",
        ),
        (altered("score", 'score": Infinity, "s'), "inf in `score` of entry 1|= inf in entry 1"),
    ],
)
def test_what_is_wrong_is_named(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=message) as error:
        results.read(file(tmp_path, text), 17)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200 + len(str(tmp_path))
    assert error.value.hint


def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, message in (
        (tmp_path, "is not a file"),
        (tmp_path / "nowhere.json", "does not exist"),
    ):
        with pytest.raises(ReproError, match=message):
            results.read(path, 17)
    monkeypatch.setattr(results, "LIMIT", 100)
    with pytest.raises(ReproError, match="more than 100"):
        results.read(file(tmp_path, GOOD), 17)


def test_no_damage_goes_unnoticed_or_unexplained(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for _ in range(150):
        text = bytearray(GOOD.encode())
        for place in random.integers(0, len(text), 3):
            text[place] = random.choice(list(b'0123456789.-eE{}[]",: '))
        try:
            found = results.read(file(tmp_path, bytes(text)), 17).poses
        except ReproError as error:
            assert error.hint
        else:
            assert found.keypoints.shape == (3, 17, 3)
            assert np.isfinite(found.keypoints).all()


POINTS = np.arange(96.0).reshape(3, 16, 2)


def test_mpii_poses_come_as_json_and_as_matlab_files(tmp_path: Path) -> None:
    from scipy.io import savemat

    listed = file(tmp_path, json.dumps(POINTS.tolist()))
    savemat(tmp_path / "official.mat", {"pos_pred_src": np.moveaxis(POINTS, 0, -1)})
    savemat(tmp_path / "hrnet.mat", {"preds": POINTS, "other": 3}, do_compression=True)
    for path in (listed, tmp_path / "official.mat", tmp_path / "hrnet.mat"):
        assert np.array_equal(results.points(path), POINTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "does not hold a list"),
        (json.dumps(POINTS[:, :15].tolist()), "entry 0"),
        (json.dumps([*POINTS[:2].tolist(), [[1, 2]]]), "entry 2"),
        (json.dumps([POINTS[0].tolist(), None]), "entry 1"),
        (json.dumps([POINTS[0].tolist(), (POINTS[0] * np.nan).tolist()]), "entry 1"),
        (json.dumps(np.full((2, 16, 2), "1").tolist()), "entry 0"),
    ],
)
def test_wrong_mpii_poses_are_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=message):
        results.points(file(tmp_path, text))


def test_wrong_matlab_poses_are_refused(tmp_path: Path) -> None:
    from scipy.io import savemat

    path = tmp_path / "found.mat"
    for contents, message in (
        ({"pos_pred_src": POINTS}, "has no poses"),
        ({"points": POINTS}, "has no poses"),
        ({"preds": np.full_like(POINTS, np.nan)}, "not finite in entry 0"),
    ):
        savemat(path, contents)
        with pytest.raises(ReproError, match=message):
            results.points(path)
    with pytest.raises(ReproError, match="cannot be read as MATLAB's"):
        results.points(file(tmp_path, GOOD, "found.mat"))
