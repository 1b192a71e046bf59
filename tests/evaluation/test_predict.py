"""Predicting: what is found on a picture depends on nothing but that picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from repro.data.pictures import Pixels
from repro.errors import ReproError
from repro.evaluation import choice, predict
from repro.evaluation.predict import FoundPoses, Predictor, ScoredBoxes, boxes_by_picture
from support.evaluation_scenes import onnx_file

BOX = (10.0, 12.0, 50.0, 70.0)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return onnx_file(tmp_path / "net.onnx", value=1.0)


def predictor(network: Path) -> Predictor:
    rules: dict[str, object] = {"exif": "apply"}
    _, request = choice.requested(str(network), rules=rules)
    return Predictor(request)


def same(one: FoundPoses, other: FoundPoses) -> bool:
    assert one.boxes is not None and other.boxes is not None
    return (
        np.array_equal(one.poses.keypoints, other.poses.keypoints)
        and np.array_equal(one.poses.scores, other.poses.scores)
        and np.array_equal(one.boxes, other.boxes)
    )


def scenes(rng: np.random.Generator) -> list[tuple[Pixels, ScoredBoxes]]:
    """Pictures of several sizes: without a box, with one, with several that overlap."""
    made: list[tuple[Pixels, ScoredBoxes]] = []
    for number in range(6):
        pixels = rng.integers(0, 255, (90 + 17 * number, 120 - 9 * number, 3)).astype(np.uint8)
        boxes = [(BOX, 0.9), ((12.0, 14.0, 48.0, 66.0), 0.8), ((-5.0, 0.0, 40.0, 200.0), 1.0)]
        made.append((pixels, boxes[: number % 4]))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_is_seen_as_if_it_were_alone(seed: int, network: Path) -> None:
    rng = np.random.default_rng(seed)
    all_scenes = scenes(rng)
    alone = [predictor(network).poses(pixels, boxes) for pixels, boxes in all_scenes]
    shared = predictor(network)
    order: Sequence[int] = rng.choice(6, size=9).tolist()  # some twice, some never
    for place in order:
        assert same(shared.poses(*all_scenes[place]), alone[place])


def test_a_person_is_seen_as_if_there_were_no_other(network: Path) -> None:
    pixels, _ = scenes(np.random.default_rng(9))[3]
    apart = [(BOX, 0.9), ((60.0, 60.0, 20.0, 40.0), 0.8)]
    both = predictor(network).poses(pixels, apart)
    each = [predictor(network).poses(pixels, [box]) for box in apart]
    assert np.array_equal(both.poses.keypoints, np.concatenate([x.poses.keypoints for x in each]))


def test_what_is_strange_in_given_boxes_is_told(network: Path) -> None:
    shared = predictor(network)
    pixels = np.zeros((100, 100, 3), np.uint8)
    shared.poses(pixels, [(BOX, 1.0), ((200.0, 1.0, 9.0, 9.0), 1.0), ((50.0, 50.0, 90.0, 9.0), 1)])
    shared.poses(pixels)
    told = [str(remark) for remark in shared.remarks()]
    assert told[0].startswith("1 of 2 pictures have no box and were taken as one person each")
    assert told[1].startswith("1 of 3 boxes lie wholly outside")
    assert told[2].startswith("1 of 3 boxes end beyond")
    assert not predictor(network).remarks()


def test_boxes_go_to_the_picture_that_they_name() -> None:
    rows = [(BOX, 1.0)]
    names = ["a.jpg", "one/b.jpg", "two/b.jpg", "two/c.jpg"]
    assert set(boxes_by_picture({"two/b.jpg": rows, "far/a.jpg": rows}, names)) == {
        "two/b.jpg",
        "a.jpg",
    }
    assert len(boxes_by_picture({"c.jpg": rows, "two\\c.jpg": rows}, names)["two/c.jpg"]) == 2
    with pytest.raises(ReproError, match=r"`b\.jpg`, which is one/b\.jpg as well as two/b\.jpg"):
        boxes_by_picture({"b.jpg": rows}, names)
    with pytest.raises(ReproError, match="not among the pictures"):
        boxes_by_picture({"d.jpg": rows}, names)
    assert predict.parse_box("1,2,3,4") == (1, 2, 3, 4)
