"""The stages around a network: an image file to its input, its maps to joints in the image."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from repro.errors import ReproError
from repro.speed.measure import stages
from repro.speed.measure.subjects import Subject


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """The threads of a network are set by its backend; here there is none."""
    torch.set_num_threads(1)


def test_crops_come_out_of_a_file_and_joints_go_back_into_it(tmp_path: Path) -> None:
    subject = Subject("lpn_50", (64, 48), 17, batch=3)
    around = stages.around(subject, tmp_path, 0)
    (path,) = tmp_path.glob("*.jpg")
    assert cv2.imread(str(path)).shape == (480, 640, 3)
    images = around.pre()
    assert images.shape == (3, 3, 64, 48)
    assert images.std() > 0.2
    points, scores = around.post()  # type: ignore[misc]
    assert points.shape == (3, 17, 2)
    seen = points[scores > 0.5]
    assert len(seen) > 10
    assert (seen >= -20).all()
    assert (seen <= (660, 500)).all()


def test_what_the_decoding_finds_is_what_was_planted(tmp_path: Path) -> None:
    subject = Subject("simplebaseline_resnet50", (256, 192), 17)
    path, annotations = stages.sample_picture(subject, tmp_path, 0)
    points, scores = stages.around(subject, tmp_path, 0).post()  # type: ignore[misc]
    planted = annotations.people.keypoints[0]
    seen = (planted[:, 2] > 0) & (scores[0] > 0.5)
    assert seen.sum() > 5
    assert np.abs(points[0, seen] - planted[seen, :2]).max() < 8
    assert path.exists()


def test_the_flip_test_averages_both_maps(tmp_path: Path) -> None:
    plain, flipped = (
        stages.around(Subject("hwl_mobilenetv3", (64, 48), 17, flip=on), tmp_path, 0)
        for on in (False, True)
    )
    one, other = plain.post()[0], flipped.post()[0]  # type: ignore[index]
    assert one.shape == other.shape
    assert not np.array_equal(one, other)


def test_a_whole_image_is_grouped_into_the_persons_on_it(tmp_path: Path) -> None:
    subject = Subject("litepose_xs", (256, 256), 17, flip=True)
    around = stages.around(subject, tmp_path, 0)
    assert around.pre().shape == (1, 3, 256, 256)
    keypoints, scores = around.post()  # type: ignore[misc]
    assert len(keypoints) == len(scores) >= 3
    assert keypoints.shape[1:] == (17, 3)
    assert keypoints[..., :2].max() <= 500


@pytest.mark.parametrize(
    ("model", "size", "batch", "message"),
    [
        ("litepose_xs", (256, 256), 2, "one image at a time"),
        ("litepose_xs", (240, 240), 1, "the nearest is 256x256"),
        ("lightweight_openpose", (368, 368), 1, "decoded by part affinity fields"),
    ],
)
def test_what_such_a_network_never_gets_is_refused(
    tmp_path: Path, model: str, size: tuple[int, int], batch: int, message: str
) -> None:
    with pytest.raises(ReproError, match=message):
        stages.around(Subject(model, size, 17, batch=batch), tmp_path, 0)
