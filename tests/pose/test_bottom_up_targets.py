"""Bottom-up targets against the official figures, plain readings, and what is decoded from them."""

import itertools
import json
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.papers.skeletons import COCO
from repro.pose import embedding, fields, offsets
from repro.pose.bottom_up_targets import heatmaps, in_turn, joint_indices
from repro.pose.field_targets import field_targets
from repro.pose.limbs import TRAINED
from repro.pose.offset_targets import offset_targets
from repro.pose.whole_image import openpose_fit

FIGURES = json.loads((Path(__file__).parents[1] / "vectors" / "losses.json").read_text("utf-8"))[
    "bottomup"
]
SIZE = (96, 128)


def recorded() -> tuple[np.ndarray, np.ndarray]:
    """The people that the figures were recorded with."""
    draw = {
        name: np.random.default_rng(zlib.crc32(f"0:{name}".encode())) for name in ("joints", "vis")
    }
    return draw["joints"].uniform(-4, 68, (4, 14, 2)), draw["vis"].integers(0, 3, (4, 14))


def crowd(seed: int, joints: int = 17) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Five people in four images, one of them empty, that overlap and leave the maps."""
    random = np.random.default_rng(seed)
    middles = random.uniform(0, (SIZE[1], SIZE[0]), (5, 1, 2))
    points = middles + random.normal(0, 25, (5, joints, 2))
    return points, random.integers(0, 3, (5, joints)), np.array([3, 0, 0, 1, 0]), 4


def standing() -> np.ndarray:
    """Two people (2, 17, 2) side by side in a square input of 368 pixels."""
    across = [0, -5, 5, -12, 12, -30, 30, -40, 40, -45, 45, -20, 20, -25, 25, -25, 25]
    down = [0, -5, -5, 0, 0, 40, 40, 90, 90, 140, 140, 130, 130, 190, 190, 250, 250]
    return np.stack((across, down), axis=1) + np.array([[[100.0, 60]], [[250, 80]]])


def test_heatmaps_are_the_official_ones() -> None:
    points, visible = recorded()
    maps = heatmaps(points, visible, np.zeros(4, dtype=int), 1, (64, 64), 1)
    figures = FIGURES["target_heatmap_64_sigma2"]
    assert maps.sum(dtype=np.float64) == pytest.approx(figures["sum"], rel=1e-9)
    assert (maps > 0).sum() == figures["nonzero"]
    assert maps[maps > 0].min() == pytest.approx(figures["min_nonzero"], rel=1e-6)
    assert maps.max() == figures["max"]
    for index, value in figures["at_nonzero"]:
        assert maps.flat[index] == pytest.approx(value, rel=1e-6)


def test_joint_indices_are_the_official_ones() -> None:
    points, visible = recorded()
    found = joint_indices(points, visible, np.zeros(4, dtype=int), 1, (64, 64), 1)[0]
    figures = FIGURES["target_joint_index"]
    packed = [pair for pair in found[0].tolist() if pair[1]]
    assert packed == [pair for pair in figures["first_person"] if pair[1]]
    assert found[..., 1].sum(axis=1).tolist() == figures["visible_per_person"][:4]
    for joint in np.flatnonzero(found[0, :, 1]):
        column, row = np.trunc(points[0, joint])
        assert found[0, joint, 0] == (joint * 64 + row) * 64 + column


@pytest.mark.parametrize(("sigma", "whole", "stride"), [(2, True, 4), (1, True, 2), (4, False, 4)])
def test_heatmaps_are_those_of_the_plain_reading(sigma: int, whole: bool, stride: int) -> None:
    points, visible, images, count = crowd(1, joints=4)
    points[0, 0] = -0.7 * stride, 5  # one less than a pixel outside
    points[0, 1], visible[0] = (-1.1 * stride, 5), 1
    height, width = SIZE[0] // stride, SIZE[1] // stride
    wanted = np.zeros((count, 4, height, width))
    for person, joint in np.argwhere(visible):
        x, y = points[person, joint] / stride
        if whole:
            x, y = int(x), int(y)
        if not (0 <= x < width and 0 <= y < height):
            continue
        reach = 3 * sigma + 1
        for row, column in itertools.product(range(height), range(width)):
            if (
                math.floor(x) - reach <= column <= math.ceil(x) + reach
                and math.floor(y) - reach <= row <= math.ceil(y) + reach
            ):
                value = math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2))
                place = images[person], joint, row, column
                wanted[place] = max(wanted[place], value)
    found = heatmaps(points, visible, images, count, SIZE, stride, sigma, whole)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert (found[3, 0].max() == 1) == whole  # the joint just outside


def test_offsets_are_those_of_the_plain_reading() -> None:
    points, visible, images, count = crowd(2, joints=5)
    visible[2] = (1, 0, 0, 0, 0)  # too small to have a centre
    points[[1, 4]] = np.random.default_rng(5).normal((60, 50), 15, (5, 2))  # two that meet
    points[4] = 60 + (points[4] - 60) / 2
    visible[[1, 4], 1:] = 2
    height, width = SIZE[0] // 4, SIZE[1] // 4
    maps, found, weights = offset_targets(points, visible, images, count, SIZE)
    wanted = np.zeros((count, 10, height, width))
    shares = np.zeros_like(wanted)
    taken = np.full((count, 5, height, width), np.inf)
    for person in range(5):
        seen = points[person][visible[person] > 0] / 4
        diagonal = np.hypot(*np.ptp(seen, axis=0))
        x, y = map(int, seen.mean(axis=0))
        if diagonal < math.sqrt(32) or not (0 <= x < width and 0 <= y < height):
            continue
        for joint in np.flatnonzero(visible[person]):
            place = points[person, joint] / 4
            if (place < 0).any() or (place >= (width, height)).any():
                continue
            for row, column in itertools.product(range(y - 4, y + 4), range(x - 4, x + 4)):
                own = images[person], joint, row, column
                if 0 <= row < height and 0 <= column < width and diagonal < taken[own]:
                    taken[own] = diagonal
                    both = images[person], slice(2 * joint, 2 * joint + 2), row, column
                    wanted[both] = (column, row) - place
                    shares[both] = 1 / diagonal
    assert (shares > 0).sum() > 500
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(weights, shares, rtol=1e-6)
    np.testing.assert_array_equal(
        maps[:, :5], heatmaps(points, visible, images, count, SIZE, 4, 2, whole=False)
    )


def test_fields_are_those_of_the_plain_reading() -> None:
    points, visible, images, count = crowd(3)
    points[4], visible[[2, 4], 9:] = points[2] + 3, 1  # two that meet
    maps, found = field_targets(points, visible, images, count, SIZE)
    order = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)
    wanted, sums = np.zeros_like(found, dtype=float), np.zeros(maps.shape)
    for person in range(5):
        own = {order[joint]: points[person, joint] for joint in np.flatnonzero(visible[person])}
        if {2, 5} <= set(own):
            own[1] = (own[2] + own[5]) / 2
        for joint, (x, y) in own.items():
            least = [max(int(one - 28), 0) // 8 for one in (x, y)]
            most = [min(int(one + 28), side) // 8 for one, side in ((x, 128), (y, 96))]
            columns, rows = (range(a, b) for a, b in zip(least, most, strict=True))
            for row, column in itertools.product(rows, columns):
                exponent = ((8 * column + 3.5 - x) ** 2 + (8 * row + 3.5 - y) ** 2) / 98
                if exponent <= 4.6052:
                    sums[images[person], joint, row, column] += math.exp(-exponent)
        for limb, (start, end) in enumerate(TRAINED):
            if not {start, end} <= set(own):
                continue
            a, b = own[start] / 8, own[end] / 8
            unit = (b - a) / math.dist(a, b)
            low = [int(max(min(pair) - 1, 0)) for pair in zip(a, b, strict=True)]
            sides = ((a[0], b[0], 16), (a[1], b[1], 12))
            high = [int(min(max(one, other) + 1, side)) for one, other, side in sides]
            for row, column in itertools.product(*(range(low[i], high[i]) for i in (1, 0))):
                if abs((column - a[0]) * unit[1] - (row - a[1]) * unit[0]) <= 1:
                    wanted[images[person], 2 * limb : 2 * limb + 2, row, column] = unit
    assert sums.max() > 1.5
    sums = np.minimum(sums, 1)
    sums[:, 18] = 1 - sums[:, :18].max(axis=1)
    np.testing.assert_allclose(maps, sums, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert (wanted != 0).sum() > 500


def test_a_batch_has_the_targets_of_its_images() -> None:
    points, visible, images, count = crowd(4)
    where = (points, visible, images, count, SIZE)
    joined = [heatmaps(*where, 4), *offset_targets(*where), *field_targets(*where)]
    places = joint_indices(*where, 4)
    assert places.shape == (4, 3, 17, 2)
    for image in range(count):
        own = images == image
        alone = (points[own], visible[own], np.zeros(own.sum(), dtype=int), 1, SIZE)
        single = [heatmaps(*alone, 4), *offset_targets(*alone), *field_targets(*alone)]
        for one, other in zip(joined, single, strict=True):
            np.testing.assert_array_equal(one[image], other[0])
        np.testing.assert_array_equal(places[image, : own.sum()], joint_indices(*alone, 4)[0])
        assert not places[image, own.sum() :].any()
    assert [turn.tolist() for turn in in_turn(images)] == [[1, 3, 0], [2], [4]]


def test_images_without_people_and_joints_without_a_place_have_empty_targets() -> None:
    nobody = (np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros(0, dtype=int), 2, SIZE)
    lost = (np.full((1, 17, 2), math.nan), np.ones((1, 17)), np.zeros(1, dtype=int), 2, SIZE)
    for where in (nobody, lost):
        for maps in (heatmaps(*where, 4), *offset_targets(*where)):
            assert maps.shape[0] == 2
            assert not maps.any()
        maps, vectors = field_targets(*where)
        assert not vectors.any()
        assert not maps[:, :18].any()
        assert (maps[:, 18] == 1).all()
        assert not joint_indices(*where, 4).any()


def test_offset_targets_decode_to_the_people_they_are_of() -> None:
    people = standing()
    maps, found, _ = offset_targets(people, np.ones((2, 17)), np.zeros(2, dtype=int), 1, (368, 368))
    outputs = [torch.from_numpy(maps), torch.from_numpy(found)]
    decoded, _ = offsets.decode(offsets.aggregate(outputs, None, COCO.mirrored, 17))
    decoded = decoded[decoded[:, 0, 0].argsort()]
    np.testing.assert_allclose(decoded[..., :2], people, atol=1e-3)


def test_field_targets_decode_to_the_people_they_are_of() -> None:
    people = standing()
    maps, found = field_targets(people, np.ones((2, 17)), np.zeros(2, dtype=int), 1, (368, 368))
    decoded, _ = fields.decode(maps[0], found[0], openpose_fit((368, 368)))
    decoded = decoded[decoded[:, 0, 0].argsort()]
    assert decoded.shape == (2, 17, 3)
    assert np.abs(decoded[..., :2] - people).max() < 5


def test_heatmaps_with_tags_decode_to_the_people_they_are_of() -> None:
    people, where = standing(), (np.ones((2, 17)), np.zeros(2, dtype=int), 1, (368, 368), 2)
    maps, places = heatmaps(people, *where), joint_indices(people, *where)
    tags = np.zeros((17, 184, 184, 1), dtype=np.float32)
    for person in (0, 1):
        tags.reshape(-1)[places[0, person, :, 0]] = person + 1
    decoded, _ = embedding.group(
        maps[0], tags, embedding.EmbeddingSettings(refine=False, adjust=False)
    )
    decoded = decoded[decoded[:, 0, 0].argsort()]
    np.testing.assert_array_equal(decoded[..., :2], people // 2)
