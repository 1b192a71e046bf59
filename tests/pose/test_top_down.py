"""Geometry, targets, flip and suppression of top-down estimation, against the official code."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.papers.skeletons import COCO
from repro.pose import flip, nms, targets, transforms

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "topdown.json").read_text("utf-8"))


def apart(found: object, wanted: object) -> float:
    """The largest difference."""
    return float(np.abs(np.asarray(found, dtype=float) - np.asarray(wanted, dtype=float)).max())


def test_boxes_become_the_official_centres_and_scales() -> None:
    for one in VECTORS["boxes"]:
        centres, extents = transforms.centres_and_extents(np.array([one["box"]]), one["size"])
        assert apart(centres[0], one["centre"]) == 0
        assert apart(extents[0] / 200, one["scale"]) < 1e-6


@pytest.mark.parametrize(
    "box", [(5, 5, 0, 0), (5, 5, -1, 9), (5, math.nan, 4, 4), (0, 0, math.inf, 1), (0, 0, 1e300, 1)]
)
def test_a_box_that_shows_nothing_is_refused_by_its_numbers(box: tuple[float, ...]) -> None:
    with pytest.raises(ReproError, match=rf"\[{float(box[0])}") as error:
        transforms.centres_and_extents(np.array([(0, 0, 9, 9), box]), (256, 192))
    assert error.value.hint


def test_a_box_of_no_width_takes_its_width_from_its_height() -> None:
    _, extents = transforms.centres_and_extents(np.array([(0, 0, 0, 100)]), (256, 192))
    assert apart(extents, [[93.75, 125]]) < 1e-4


def test_no_boxes_give_no_regions() -> None:
    centres, extents = transforms.centres_and_extents(np.zeros((0, 4)), (256, 192))
    assert centres.shape == extents.shape == (0, 2)


@pytest.mark.parametrize("one", VECTORS["matrices"])
def test_matrices_take_the_region_where_the_official_ones_do(one: dict[str, list[float]]) -> None:
    centre, extent = np.array(one["centre"]), np.array(one["scale"]) * 200
    corners = [(x, y, 1) for x in (0, 640) for y in (0, 480)]
    for kind, sign in (("plain", 1), ("udp", -1)):  # MMPose's UDP turns the other way
        udp = kind == "udp"
        found = transforms.matrix(centre, extent, one["size"], sign * one["rotation"], udp)
        assert apart(np.array(corners) @ found.T, np.array(corners) @ np.array(one[kind]).T) < 2e-4


@pytest.mark.parametrize("one", VECTORS["matrices"])
def test_points_go_back_where_the_official_ones_do(one: dict[str, list[float]]) -> None:
    centre, extent = np.array([one["centre"]]), np.array([one["scale"]]) * 200
    size = (one["size"][0] // 4, one["size"][1] // 4)
    points = np.array([[(0, 0), (17.25, 40.5), (size[1], size[0])]])
    wanted = np.dstack((points, np.ones((1, 3)))) @ np.array(one["map_to_image"]).T
    assert apart(transforms.to_image(points, centre, extent, size), wanted) < 2e-5


@pytest.mark.parametrize("udp", [False, True])
def test_to_image_undoes_the_matrix(udp: bool) -> None:
    centres, extents = transforms.centres_and_extents(
        np.array([(30, 40, 55, 80), (3, 9, 90, 20)]), (256, 192)
    )
    image = np.array([[(31.5, 44), (60, 70)], [(5, 10), (80, 28)]])
    for n in range(2):
        to_input = transforms.matrix(centres[n], extents[n], (256, 192), udp=udp)
        inputs = image[n] @ to_input[:, :2].T + to_input[:, 2]
        maps = inputs * (np.array([47, 63]) / (191, 255) if udp else 1 / 4)
        back = transforms.to_image(
            maps[None], centres[n : n + 1], extents[n : n + 1], (64, 48), udp=udp
        )
        assert apart(back[0], image[n]) < 1e-4


def test_a_crop_shows_the_box_and_black_beyond_the_image() -> None:
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    image[10:30, 20:35] = (10, 20, 30)
    region = transforms.centres_and_extents(np.array([(20.0, 10, 15, 20)]), (64, 48))
    crop = transforms.crop(image, transforms.matrix(region[0][0], region[1][0], (64, 48)), (64, 48))
    assert crop.shape == (64, 48, 3) and crop.dtype == np.uint8
    assert crop[32, 24].tolist() == [10, 20, 30]
    filled = (crop[..., 0] > 5).sum() / crop[..., 0].size
    assert filled == pytest.approx(1 / 1.25**2, abs=0.03)
    region = transforms.centres_and_extents(np.array([(-300.0, -300, 15, 20)]), (64, 48))
    crop = transforms.crop(image, transforms.matrix(region[0][0], region[1][0], (64, 48)), (64, 48))
    assert not crop.any()


@pytest.mark.parametrize("one", VECTORS["targets"])
def test_targets_are_the_official_ones(one: dict[str, list[float]]) -> None:
    maps, weights = targets.gaussian(
        np.array([one["points"]]), np.array([one["visible"]]), one["size"], sigma=one["sigma"]
    )
    width = one["size"][1] // 4
    best = maps[0].reshape(5, -1).argmax(axis=1)
    assert maps.shape == (1, 5, one["size"][0] // 4, width) and maps.dtype == np.float32
    assert apart(weights[0], one["weights"]) == 0
    assert apart(np.stack((best % width, best // width), axis=1), one["argmax"]) == 0
    assert apart(maps[0].sum(axis=(1, 2), dtype=np.float64), one["sums"]) < 1e-5
    assert (maps[0] > 0).sum(axis=(1, 2)).tolist() == one["nonzero"]
    assert maps[0, 0].reshape(-1)[best[0] + 1] == pytest.approx(
        one["right_of_first_peak"], abs=1e-7
    )


def test_a_target_beyond_reach_weighs_nothing_and_one_that_touches_does() -> None:
    points = np.array([[(-33.9, 40), (-30, 40), (213.9, 40), (214, 40), (np.nan, 4), (40, 1e300)]])
    maps, weights = targets.gaussian(points, np.ones((1, 6)), (256, 192))
    assert weights[0].tolist() == [
        1,
        1,
        1,
        0,
        0,
        0,
    ]  # a square may end at column -1, not begin at 48
    assert not maps[0, [0, 1, 3, 4, 5]].any() and maps[0, 2].any()


def test_hidden_joints_weigh_as_much_as_visible_ones() -> None:
    points = np.full((1, 3, 2), 100.0)
    maps, weights = targets.gaussian(points, np.array([[0, 1, 2]]), (256, 192))
    assert weights.tolist() == [[0, 1, 1]]
    assert not maps[0, 0].any() and (maps[0, 1] == maps[0, 2]).all()


def test_exact_targets_have_their_middle_at_the_joint() -> None:
    points = np.array([[(101.3, 77.9)]])
    cut, _ = targets.gaussian(points, np.ones((1, 1)), (256, 192), rounded=False)
    whole, _ = targets.gaussian(points, np.ones((1, 1)), (256, 192), rounded=False, cut=math.inf)
    y, x = np.mgrid[:64, :48]
    formula = np.exp(-((x - 101.3 / 4) ** 2 + (y - 77.9 / 4) ** 2) / 8)
    assert apart(whole[0, 0], formula) < 1e-6
    inside = np.zeros((64, 48), dtype=bool)
    inside[19 - 6 : 19 + 7, 25 - 6 : 25 + 7] = True
    assert apart(cut[0, 0], np.where(inside, formula, 0)) < 1e-6


def test_mirrored_maps_come_back_shifted_or_not() -> None:
    y, x = np.mgrid[:64, :48]
    centres = ((10.3, 20.1), (40.6, 5.2), (3.2, 60.4))
    maps = np.array([np.exp(-((x - a) ** 2 + (y - b) ** 2) / 8) for a, b in centres], np.float32)
    maps = maps[None]
    before = maps.copy()

    def places(found: np.ndarray) -> list[list[int]]:
        best = found[0].reshape(3, -1).argmax(axis=1)
        return np.stack((best % 48, best // 48), axis=1).tolist()

    back = flip.mirror_maps(maps, (0, 2, 1), shift=False)
    shifted = flip.mirror_maps(maps, (0, 2, 1), shift=True)
    assert places(back) == [[37, 20], [44, 60], [6, 5]]
    assert places(shifted) == [[38, 20], [45, 60], [7, 5]]
    assert (shifted[..., 0] == back[..., 0]).all() and (shifted[..., 1:] == back[..., :-1]).all()
    assert (maps == before).all()
    assert (flip.mirror_maps(back, (0, 2, 1), shift=False) == maps).all()


def test_scores_and_kept_persons_are_the_official_ones() -> None:
    one = VECTORS["nms"]
    people = np.array(one["keypoints"]).reshape(-1, 17, 3)
    scores = nms.rescore(people[..., 2], np.array(one["box_scores"]))
    areas = np.array(one["areas"])
    assert apart(scores, one["rescored"]) < 1e-15
    assert apart(nms.oks(people, areas, COCO.sigmas), one["oks"]) < 1e-15
    assert nms.oks_nms(people, scores, areas, COCO.sigmas).tolist() == one["kept"]
    assert nms.oks_nms(people[..., :2], scores, areas, COCO.sigmas).tolist() == one["kept"]
    assert sorted(nms.oks_nms(people, scores, areas, COCO.sigmas, 1)) == list(range(len(people)))


def test_a_person_without_a_sure_joint_scores_nothing() -> None:
    joints = np.array([[0.1, 0.2, 0.05], [0.1, 0.4, 0.8], [math.nan, 0.5, 0.1]])
    assert apart(nms.rescore(joints, np.array([1, 0.5, 1])), [0, 0.3, 0.5]) < 1e-15


def test_suppression_of_nobody_of_twins_and_of_nan() -> None:
    sigmas = COCO.sigmas
    nobody = nms.oks_nms(np.zeros((0, 17, 3)), np.zeros(0), np.zeros(0), sigmas)
    assert nobody.shape == (0,) and nobody.dtype == np.int64
    people = np.random.default_rng(1).uniform(0, 100, (4, 17, 2))
    people[2] = people[0]
    people[3, 5] = math.nan
    areas = np.full(4, 2000.0)
    # of equals the later one wins, as officially; a score of NaN comes last
    assert nms.oks_nms(people, np.array([0.5, 0.7, 0.5, 0.9]), areas, sigmas).tolist() == [3, 1, 2]
    assert nms.oks_nms(people, np.array([0.5, math.nan, 0.6, 0.9]), areas, sigmas).tolist() == [
        *(3, 2, 1)
    ]
