"""Lightweight OpenPose's decoding: people put into maps and found again, and a plain reading."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from repro.errors import ReproError
from repro.pose.fields import COCO, OFFICIAL, decode
from repro.pose.limbs import LIMBS, Limb
from repro.pose.whole_image import PaddedFit, openpose_fit

SIZE = (300, 400)
STANDING = np.array(
    [
        *((50, 20), (55, 16), (45, 16), (62, 18), (38, 18), (75, 50), (25, 50), (85, 85), (15, 85)),
        *((90, 120), (10, 120), (65, 125), (35, 125), (67, 170), (33, 170), (70, 215), (30, 215)),
    ],
    dtype=float,
)
"""COCO's joints of one person in image pixels"""


def own_joints(people: np.ndarray) -> np.ndarray:
    """The network's joints (M, 18, 2) of people (M, 17, 2): the neck between the shoulders."""
    joints = np.empty((len(people), 18, 2))
    joints[:, COCO] = people
    joints[:, 1] = people[:, 5:7].mean(axis=1)
    return joints


def encoded(people: np.ndarray, fit: PaddedFit) -> tuple[np.ndarray, np.ndarray]:
    """Heatmaps (19, h, w) and fields (38, h, w) of people (M, 17, 2) in image pixels."""
    height, width = fit.size[0] // 8, fit.size[1] // 8
    rows, columns = np.indices((height, width))
    heatmaps, fields = np.zeros((19, height, width)), np.zeros((38, height, width))
    for joints in (fit.to_input(own_joints(people)) - 3.5) / 8:
        for joint, (x, y) in enumerate(joints):
            blob = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2)
            heatmaps[joint] = np.maximum(heatmaps[joint], blob)
        for limb in LIMBS:
            start, end = joints[limb.start], joints[limb.end]
            length = np.linalg.norm(end - start)
            dx, dy = (end - start) / length
            along = (columns - start[0]) * dx + (rows - start[1]) * dy
            across = (columns - start[0]) * dy - (rows - start[1]) * dx
            on = (along > -1.5) & (along < length + 1.5) & (np.abs(across) < 1.5)
            fields[limb.field][on], fields[limb.field + 1][on] = dx, dy
    return heatmaps.astype(np.float32), fields.astype(np.float32)


@pytest.mark.parametrize("size", [SIZE, (400, 280), (700, 800)])
def test_people_are_found_where_they_were_put(size: tuple[int, int]) -> None:
    fit = openpose_fit(size)
    people = STANDING + np.array([[[5, 20]], [[110, 60]]])
    people *= size[0] / 300
    keypoints, scores = decode(*encoded(people, fit), fit)
    assert keypoints.shape == (2, 17, 3)
    found = fit.to_image(keypoints[..., :2])
    assert np.abs(found[found[:, 0, 0].argsort()] - people).max() < 2.5 * size[0] / 300
    np.testing.assert_allclose(found % 1, 0.5, atol=1e-6)
    # 18 joints and 17 limbs of nearly 1 each, times 17
    assert (scores > 0.85 * 35 * 17).all()
    assert (scores < 1.05 * 35 * 17).all()


def test_a_joint_that_is_not_seen_is_at_the_corner_of_the_image() -> None:
    fit = openpose_fit(SIZE)
    heatmaps, fields = encoded(STANDING[None] + 40, fit)
    heatmaps[COCO[9]] = 0
    keypoints, _ = decode(heatmaps, fields, fit)
    assert keypoints[0, 9, 2] == 0
    np.testing.assert_allclose(fit.to_image(keypoints[0, 9, :2]), 0, atol=1e-9)
    assert (np.delete(keypoints[0, :, 2], 9) > 0.8).all()


def test_two_joints_are_nobody() -> None:
    fit = openpose_fit(SIZE)
    heatmaps, fields = encoded(STANDING[None] + 40, fit)
    heatmaps[[joint for joint in range(18) if joint not in (0, 1)]] = 0
    assert len(decode(heatmaps, fields, fit)[0]) == 0
    heatmaps, _ = encoded(STANDING[None] + 40, fit)
    heatmaps[[joint for joint in range(18) if joint not in (0, 1, 2)]] = 0
    assert len(decode(heatmaps, fields, fit)[0]) == 1


Place = tuple[float, float, float]
"""x, y, score"""
Pairing = tuple[float, int, int]
"""how well two places are joined; which start, which end"""


def plain(heatmaps: np.ndarray, fields: np.ndarray, fit: PaddedFit) -> list[np.ndarray]:
    """The official procedure as it goes about it: 17 times x, y, score, then the person's score."""
    heat, vectors = enlarged(heatmaps, fit), enlarged(fields, fit)
    kinds = [peaks(heat[..., kind]) for kind in range(18)]
    people: list[dict[str, object]] = []
    for limb in LIMBS:
        starts, ends = kinds[limb.start], kinds[limb.end]
        for rating, i, j in matched(rated(vectors[..., limb.field : limb.field + 2], starts, ends)):
            if limb[:2] in ((2, 16), (5, 17)):
                complete(people, limb, i, j)
            else:
                grow(people, limb, i, j, rating, starts[i][2], ends[j][2])
    return [
        row_of(person, kinds)
        for person in people
        if person["count"] >= 3 and person["total"] / person["count"] >= 0.2
    ]


def enlarged(maps: np.ndarray, fit: PaddedFit) -> np.ndarray:
    """Maps of the image's size."""
    above, left, below, right = fit.margins
    maps = cv2.resize(maps.transpose(1, 2, 0), (0, 0), fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    maps = maps[above : maps.shape[0] - below, left : maps.shape[1] - right]
    return cv2.resize(maps, fit.image_size[::-1], interpolation=cv2.INTER_CUBIC)


def peaks(heat: np.ndarray) -> list[Place]:
    """The maxima of a heatmap, no two of them near each other."""
    padded = np.pad(np.where(heat < 0.1, 0, heat), 1)
    inner = padded[1:-1, 1:-1]
    highest = (inner > padded[1:-1, 2:]) & (inner > padded[1:-1, :-2])
    highest &= (inner > padded[2:, 1:-1]) & (inner > padded[:-2, 1:-1])
    places: list[Place] = []
    for x, y in sorted(zip(*np.nonzero(highest)[::-1], strict=True), key=lambda place: place[0]):
        if all(np.hypot(x - other[0], y - other[1]) >= 6 for other in places):
            places.append((x, y, inner[y, x]))
    return places


def rated(vectors: np.ndarray, starts: list[Place], ends: list[Place]) -> list[Pairing]:
    """The pairs of places that a field joins."""
    pairings = []
    for j, end in enumerate(ends):
        for i, start in enumerate(starts):
            vector = np.array(end[:2], float) - start[:2]
            unit = vector / (np.linalg.norm(vector) + 1e-6)
            values = []
            for step in range(10):
                x, y = np.round(start[:2] + vector * step / 9).astype(int)
                values.append(vectors[y, x] @ unit)
            passed = [value for value in values if value > 0.05]
            if len(passed) > 8:
                pairings.append((sum(passed) / (len(passed) + 1e-6), i, j))
    return pairings


def matched(pairings: list[Pairing]) -> Iterator[Pairing]:
    """The best pairs, each place in one of them."""
    used: tuple[set[int], set[int]] = set(), set()
    for rating, i, j in sorted(pairings, key=lambda row: -row[0]):
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            yield rating, i, j


def complete(people: list[dict[str, object]], limb: Limb, i: int, j: int) -> None:
    """Add one end of a limb to whom has the other, for nothing."""
    for person in people:
        has = person["joints"]
        if has.get(limb.start) == i and limb.end not in has:
            has[limb.end] = j
        elif has.get(limb.end) == j and limb.start not in has:
            has[limb.start] = i


def grow(
    people: list[dict[str, object]],
    limb: Limb,
    i: int,
    j: int,
    rating: float,
    start_score: float,
    end_score: float,
) -> None:
    """Add a limb to those who have its start, or begin a person with it."""
    gain = end_score + rating
    owners = [person for person in people if person["joints"].get(limb.start) == i]
    for person in owners:
        person["joints"][limb.end] = j
        person["total"] += gain
        person["count"] += 1
    if not owners:
        joints = {limb.start: i, limb.end: j}
        people.append({"joints": joints, "total": gain + start_score, "count": 2})


def row_of(person: dict[str, object], kinds: list[list[Place]]) -> np.ndarray:
    """17 times x, y, score of COCO's joints, then the person's score."""
    row = np.zeros((17, 3))
    for joint, own in enumerate(COCO):
        if own in person["joints"]:
            row[joint] = kinds[own][person["joints"][own]]
            row[joint, :2] += 0.5
    return np.append(row.ravel(), person["total"] * (person["count"] - 1))


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_a_crowd_are_read_as_in_the_plain_reading(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = ((150, 200), (200, 110), (120, 160), (96, 300))[seed]
    fit = openpose_fit(size)
    people = STANDING * rng.uniform(0.3, 0.6, (5, 1, 2)) + rng.uniform(0, 90, (5, 1, 2))
    heatmaps, fields = encoded(people, fit)
    heatmaps *= rng.uniform(0.2, 1, (19, 1, 1)).astype(np.float32)
    heatmaps += rng.normal(0, 0.02, heatmaps.shape).astype(np.float32)
    fields += rng.normal(0, 0.2, fields.shape).astype(np.float32)
    expected = np.array(plain(heatmaps, fields, fit))
    keypoints, scores = decode(heatmaps, fields, fit)
    keypoints[..., :2] = fit.to_image(keypoints[..., :2])
    found = np.concatenate((keypoints.reshape(len(keypoints), -1), scores[:, None]), axis=1)
    assert found.shape == expected.shape
    assert len(found) >= 3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_spoils_nothing_else(bad: float) -> None:
    fit = openpose_fit(SIZE)
    heatmaps, fields = encoded(STANDING[None] + 40, fit)
    before = decode(heatmaps, fields, fit)
    heatmaps[:, -2:], fields[:, -2:] = bad, bad
    after = decode(heatmaps, fields, fit)
    np.testing.assert_allclose(after[0], before[0], atol=1e-3)
    keypoints, scores = decode(np.full_like(heatmaps, bad), np.full_like(fields, bad), fit)
    assert (keypoints.shape, scores.shape) == ((0, 17, 3), (0,))


def test_maps_of_other_data_sets_or_images_are_refused() -> None:
    fit = openpose_fit(SIZE)
    heatmaps, fields = encoded(STANDING[None], fit)
    with pytest.raises(ReproError, match="16 heatmaps and 32 fields"):
        decode(heatmaps[:16], fields[:32], fit, OFFICIAL)
    with pytest.raises(ReproError, match="46 x 46 pixels are not"):
        decode(heatmaps[..., :46], fields[..., :46], fit)
