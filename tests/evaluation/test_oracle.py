"""What stands for a perfect network: where its Gaussians are, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from repro.data import annotations, boxes
from repro.data.boxes import Instances
from repro.data.people import Annotations, Images, People
from repro.errors import ReproError
from repro.evaluation import oracle
from repro.evaluation.network import sigma_of
from repro.papers import protocol_choice
from repro.papers.protocol import Protocol, changed
from repro.pose import decode, flip, transforms
from support.evaluation_scenes import Scene

SIZE = (256, 192)
IMAGES = torch.zeros(1, 3, *SIZE)


def protocol(**others: object) -> Protocol:
    _, found = protocol_choice.chosen("truth", "coco", None)
    return changed(found, boxes="ground truth", **others)


def one_person(points: dict[int, tuple[float, float]]) -> tuple[Annotations, Instances]:
    """A person whose region is the image itself, 192 x 256 pixels; joints by their number."""
    keypoints = np.zeros((1, 17, 3))
    for joint, place in points.items():
        keypoints[0, joint] = (*place, 2)
    zero, one = np.zeros(1, np.int64), np.ones(1)
    box = np.array([[0.0, 0.0, 192.0, 256.0]])
    people = People(zero, zero, box, keypoints, one, zero + 17, np.zeros(1, np.bool_))
    images = Images(zero, ("a.png",), np.array([[256, 192]]))
    return Annotations("coco", images, people, ""), Instances(zero, box, one, zero, padding=1.0)


def maps_of(
    points: dict[int, tuple[float, float]],
    mirrored: bool = False,
    rounded: bool = True,
    size: tuple[int, int] = SIZE,
    **others: object,
) -> np.ndarray:
    expected, instances = one_person(points)
    network = oracle.network(expected, instances, size, protocol(**others), rounded)
    (maps,) = network(IMAGES, np.zeros(1, np.int64), mirrored)
    return np.asarray(maps[0].numpy())


def peak(heatmap: np.ndarray) -> tuple[int, int, float]:
    """x, y and height."""
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    return int(column), int(row), float(heatmap.max())


def test_a_joint_inside_has_height_1_and_an_unlabelled_one_nothing() -> None:
    maps = maps_of({3: (40, 80)})
    assert maps.shape == (17, 64, 48)
    assert peak(maps[3]) == (10, 20, 1.0)
    assert maps[4].max() == 0


def test_a_joint_outside_is_faint_at_the_nearest_edge() -> None:
    maps = maps_of({0: (-50, 80), 1: (400, 80), 2: (40, 1000), 3: (-9, -9), 4: (189, 253)})
    faint = pytest.approx(oracle.FAINT)
    assert peak(maps[0]) == (0, 20, faint)
    assert peak(maps[1]) == (47, 20, faint)
    assert peak(maps[2]) == (10, 63, faint)
    assert peak(maps[3]) == (0, 0, faint)
    assert peak(maps[4]) == (47, 63, 1.0)


@pytest.mark.parametrize("udp", [False, True])
def test_decoding_gives_the_joints_back(udp: bool) -> None:
    points = {joint: (20.0 + 9.3 * joint, 31.0 + 11.7 * joint) for joint in range(17)}
    maps = maps_of(points, rounded=False, udp=udp)[None]
    found, scores = decode.decode(maps, "dark-udp" if udp else "dark", sigma=2.0)
    expected, instances = one_person(points)
    place = instances.centres(SIZE), instances.extents(SIZE)
    back = transforms.to_image(found, *place, (64, 48), udp)
    assert np.abs(back[0] - expected.people.keypoints[0, :, :2]).max() < 0.1
    assert scores.min() > 0.8


def test_points_that_go_back_another_way_are_half_a_pixel_of_the_input_off() -> None:
    points = {joint: (20.0 + 9.3 * joint, 31.0 + 11.7 * joint) for joint in range(17)}
    maps = maps_of(points, rounded=False, udp=True, plain_back=True)[None]
    found, _ = decode.decode(maps, "dark", sigma=2.0)
    expected, instances = one_person(points)
    centre, extent = instances.centres(SIZE), instances.extents(SIZE)
    back = transforms.to_image(found, centre, extent, (64, 48), udp=False)
    sides, joints = np.array(SIZE[::-1]), expected.people.keypoints[0, :, :2]
    off = centre + (joints - centre) * (sides - 1) / sides - extent / sides / 2
    assert np.abs(back[0] - off).max() < 0.1
    assert np.abs(back[0] - joints).max() > 0.3


@pytest.mark.parametrize("udp", [False, True])
def test_the_mirrored_image_has_the_other_side(udp: bool) -> None:
    plain = maps_of({5: (40, 80)}, rounded=False, udp=udp)  # left shoulder
    turned = maps_of({5: (40, 80)}, mirrored=True, rounded=False, udp=udp)
    assert turned[5].max() == 0 and turned[6].max() > 0.8
    order = protocol().skeleton.mirrored
    back = flip.mirror_maps(turned[None], order, shift=not udp)[0]
    found, _ = decode.decode(np.stack([plain, back]), "dark", sigma=2.0)
    apart = found[1, 5] - found[0, 5]
    assert apart == pytest.approx([0, 0] if udp else [0.25, 0], abs=0.05)


def test_gaussians_are_as_wide_as_those_of_training() -> None:
    wide = maps_of({0: (80, 80)}, size=(384, 288))
    plain = maps_of({0: (80, 80)})
    assert sigma_of((384, 288)) == 3 and sigma_of((256, 192)) == sigma_of((256, 256)) == 2
    for maps, sigma in ((wide, 3), (plain, 2)):
        x, y, height = peak(maps[0])
        assert maps[0, y, x + 2] / height == pytest.approx(np.exp(-2 / sigma**2), abs=1e-5)


def test_tags_tell_persons_apart(scene: Scene) -> None:
    expected = annotations.read(scene.annotations, "coco")
    _, found = protocol_choice.chosen("litepose_xs_coco", "coco", None)
    network = oracle.network(expected, None, (128, 128), found)
    quarter, half = network(IMAGES, np.zeros(1, np.int64), False)
    assert quarter.shape[1] == 34 and half.shape[1] == 17
    assert [2 * side for side in quarter.shape[2:]] == list(half.shape[2:])
    tags = np.unique(quarter[0, 17:].numpy())
    assert len(tags) > 1 and np.diff(tags).min() >= oracle.APART


def test_what_truth_cannot_stand_for(scene: Scene) -> None:
    expected = annotations.read(scene.annotations, "coco")
    found = boxes.detected(Path(scene.boxes), expected)
    with pytest.raises(ReproError, match="whose person") as caught:
        oracle.network(expected, found, SIZE, protocol())
    assert "--boxes gt" in caught.value.hint
    _, offsets = protocol_choice.chosen("dekr_w48", "coco", None)
    with pytest.raises(ReproError, match="decoded by centre offsets"):
        oracle.network(expected, None, SIZE, offsets)
