"""DEKR's decoding: poses put into maps and found again."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate, pad

from repro.errors import ReproError
from repro.papers.skeletons import COCO
from repro.pose.offsets import (
    OffsetSettings,
    aggregate,
    decode,
    mirrored_input,
    suppressed,
)

HEIGHT, WIDTH, JOINTS = 40, 60, 17
PEOPLE = np.random.default_rng(2).uniform(0, 1, (2, JOINTS, 2)) * (25, 35) + [[[0, 2]], [[30, 2]]]


def encoded(points: np.ndarray, centres: tuple[float, ...] = (0.8, 0.6)) -> list[torch.Tensor]:
    """The network's outputs for people (M, K, 2) in pixels of the maps."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    places = np.stack((columns, rows))
    middles = points.mean(axis=1)
    blobs = np.exp(-((places - points[..., None, None]) ** 2).sum(axis=2) / 8)
    hearts = np.exp(-((places - middles[..., None, None]) ** 2).sum(axis=1) / 8)
    own = hearts.argmax(axis=0)
    hearts *= np.array(centres)[:, None, None]
    offsets = places - points.transpose(1, 2, 0)[:, :, own]
    heatmaps = np.concatenate((blobs.max(axis=0), hearts.max(axis=0)[None]))
    both = heatmaps, offsets.reshape(2 * JOINTS, HEIGHT, WIDTH)
    return [torch.from_numpy(maps).float()[None] for maps in both]


def test_people_are_found_where_they_were_put() -> None:
    keypoints, scores = decode(aggregate(encoded(PEOPLE), None, COCO.mirrored, JOINTS))
    assert keypoints.shape == (2, JOINTS, 3)
    np.testing.assert_allclose(keypoints[..., :2], 4 * PEOPLE, atol=1e-4)
    np.testing.assert_allclose(scores, keypoints[..., 2].mean(axis=1), rtol=1e-6)
    assert (scores > (0.6, 0.4)).all()
    assert scores[0] > scores[1]


def test_a_joint_scores_its_heatmap_times_its_centre() -> None:
    maps = aggregate(encoded(PEOPLE), None, COCO.mirrored, JOINTS)
    keypoints, _ = decode(maps)
    enlarged = interpolate(
        torch.from_numpy(maps.heatmaps)[None],
        size=(4 * HEIGHT - 3, 4 * WIDTH - 3),
        mode="bilinear",
        align_corners=True,
    )
    enlarged = pad(enlarged, (0, 3, 0, 3), mode="replicate")[0].numpy()
    columns, rows = np.floor(keypoints[..., :2]).astype(int).transpose(2, 0, 1)
    heat = enlarged[np.arange(JOINTS), rows, columns]
    centres = np.sort(maps.heatmaps[-1][maps.heatmaps[-1] > 0.5])[::-1]
    np.testing.assert_allclose(keypoints[0, :, 2], heat[0] * centres[0], rtol=1e-5)


def test_the_mirrored_image_gives_the_same_people() -> None:
    plain = encoded(PEOPLE)
    turned = PEOPLE[:, list(COCO.mirrored)].copy()
    turned[..., 0] = WIDTH - 1 - turned[..., 0]
    alone = aggregate(plain, None, COCO.mirrored, JOINTS)
    both = aggregate(plain, encoded(turned), COCO.mirrored, JOINTS)
    np.testing.assert_allclose(both.heatmaps, alone.heatmaps, atol=1e-6)
    np.testing.assert_allclose(both.poses, alone.poses, atol=1e-4)


def test_the_mirrored_input_is_moved_so_that_first_pixels_meet() -> None:
    images = torch.arange(16.0).expand(1, 3, 2, 16)
    moved = mirrored_input(images)
    assert moved[0, 0, 0].tolist() == [*range(12, -1, -1), 2, 1, 0]
    assert moved[0, 0, 0, ::4].flip(0).tolist() == [2 - 2, 4, 8, 12]


def test_of_poses_that_share_most_joints_the_one_of_most_heat_stays() -> None:
    points = np.repeat(PEOPLE[:1], 3, axis=0).astype(np.float32)
    points[1] += 0.1
    points[2, :8] += 20
    ranks = np.array([0.5, 0.7, 0.6], dtype=np.float32)
    assert suppressed(points, ranks).tolist() == [1]
    points[2, :9] += 20
    assert suppressed(points, ranks).tolist() == [1, 2]
    assert suppressed(points, ranks, OffsetSettings(shared=16)).tolist() == [1, 2]
    assert suppressed(points[:0], ranks[:0]).tolist() == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_nobody(bad: float) -> None:
    heatmaps, offsets = encoded(PEOPLE)
    heatmaps[:, 3] = bad
    heatmaps[:, -1, :3] = bad
    offsets[:, :, :, :30] = bad
    keypoints, scores = decode(aggregate([heatmaps, offsets], None, COCO.mirrored, JOINTS))
    assert len(keypoints) == 1
    assert np.isfinite(keypoints).all()
    assert np.isfinite(scores).all()


def test_nobody_gives_no_people() -> None:
    empty = [torch.zeros(1, JOINTS + 1, 8, 8), torch.zeros(1, 2 * JOINTS, 8, 8)]
    keypoints, scores = decode(aggregate(empty, empty, COCO.mirrored, JOINTS))
    assert (keypoints.shape, scores.shape) == ((0, JOINTS, 3), (0,))


def test_other_outputs_are_refused() -> None:
    with pytest.raises(ReproError, match=r"\(1, 18, 40, 60\)"):
        aggregate(encoded(PEOPLE), None, COCO.mirrored, 14)
