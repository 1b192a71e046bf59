"""What is drawn for a sample: from what it follows, how it is spread, and where it puts joints."""

import math

import cv2
import numpy as np
import pytest

from repro.data import augmentation
from repro.data.augmentation import ImageAugmentation, PersonAugmentation, View, generator
from repro.pose.transforms import crop

PAPER1 = PersonAugmentation(0.5, 0.3, 0.5, 40, 0.6, 0.2, 0.3)
LITEPOSE = ImageAugmentation(0.5, 30, (0.75, 1.5), 40)
BOX = View(np.array([100.0, 80]), np.array([60.0, 80]))
UPPER = np.arange(17) < 11


def person(labelled: int) -> np.ndarray:
    """Joints of which the first are labelled, the upper body left of x = 100."""
    joints = np.zeros((17, 3))
    joints[:, 0] = np.where(UPPER, 90, 110) + np.arange(17) % 3
    joints[:, 1] = 60 + np.arange(17)
    joints[:labelled, 2] = 2
    return joints


def drawn(rules: PersonAugmentation, joints: np.ndarray, count: int) -> list[View]:
    """Views of the epochs of one person."""
    return [
        augmentation.person_view(rules, generator(1, epoch, 5), BOX, joints, UPPER, 0.75)
        for epoch in range(count)
    ]


def share(chosen: list[bool]) -> float:
    return sum(chosen) / len(chosen)


def test_draws_follow_from_seed_epoch_and_position_alone() -> None:
    first = generator(3, 4, 5).random(4)
    assert np.array_equal(first, generator(3, 4, 5).random(4))
    for other in ((4, 4, 5), (3, 5, 4), (3, 4, 6), (3, 5, 5), (0, 0, 0)):
        assert not np.isin(first, generator(*other).random(4)).any()


def test_views_of_persons_are_spread_as_officially() -> None:
    views = drawn(PAPER1, person(17), 4000)
    whole = [view for view in views if np.array_equal(view.centre, BOX.centre)]
    assert share([view not in whole for view in views]) == pytest.approx(0.3, abs=0.03)
    half = [view for view in views if view not in whole]
    assert share([view.centre[0] < 100 for view in half]) == pytest.approx(0.69, abs=0.05)
    growth = np.array([view.extent / BOX.extent for view in whole])
    assert growth[:, 0] == pytest.approx(growth[:, 1])
    assert growth.min() == 0.5 and growth.max() == 1.5
    assert (growth[:, 0] == 0.5).mean() == pytest.approx(0.159, abs=0.025)
    assert np.median(growth) == pytest.approx(1, abs=0.03)
    turned = np.array([view.rotation for view in views if view.rotation])
    assert len(turned) / len(views) == pytest.approx(0.6, abs=0.03)
    assert abs(turned).max() == 80 and np.median(abs(turned)) == pytest.approx(0.674 * 40, abs=2)
    assert (turned > 0).mean() == pytest.approx(0.5, abs=0.04)
    assert share([view.mirrored for view in views]) == pytest.approx(0.5, abs=0.03)


def test_no_half_body_of_eight_joints_and_no_variation_by_default() -> None:
    assert all(view.centre is BOX.centre for view in drawn(PAPER1, person(8), 100))
    for view in drawn(PersonAugmentation(), person(17), 10):
        assert np.array_equal(view.extent, BOX.extent)
        assert (view.rotation, view.mirrored) == (0, False)


def test_half_a_body_is_shown_around_the_mean_of_its_joints() -> None:
    joints = np.zeros((17, 3))
    joints[:3, :2] = (10, 20), (40, 20), (10, 80)
    found = augmentation.half_body(joints, np.arange(17) < 3, 0.75)
    assert found is not None
    assert found.centre == pytest.approx((20, 40))
    assert found.extent == pytest.approx((1.5 * 45, 1.5 * 60))  # 30 x 60 grows to 3:4
    assert augmentation.half_body(joints, np.arange(17) == 1, 0.75) is None
    assert augmentation.half_body(joints, np.arange(17) > 3, 0.75) is None


@pytest.mark.parametrize("udp", [False, True])
def test_joints_stay_on_their_pixels_however_the_view_is_mirrored_and_turned(udp: bool) -> None:
    image = np.zeros((160, 220, 3), np.uint8)
    cv2.circle(image, (120, 66), 4, (255, 255, 255), -1)
    for rotation in (0.0, 35.0, -70.0):
        for mirrored in (False, True):
            view = View(BOX.centre, BOX.extent, rotation, mirrored)
            matrix = augmentation.person_matrix(view, (128, 96), 220, udp)
            plain = View(BOX.centre, BOX.extent, rotation)
            if mirrored:  # the same as the plain view of the mirrored image
                plain = View(np.array([219 - 100.0, 80]), BOX.extent, rotation)
            seen = image[:, ::-1] if mirrored else image
            official = augmentation.person_matrix(plain, (128, 96), 220, udp)
            found = crop(image, matrix, (128, 96))
            assert np.abs(found - crop(seen, official, (128, 96)).astype(float)).mean() < 0.05
            rows, columns = np.nonzero(found[..., 0] > 127)
            point = matrix[:, :2] @ (120, 66) + matrix[:, 2]
            assert point == pytest.approx((columns.mean(), rows.mean()), abs=0.3)


def test_nothing_is_shown_beyond_the_reach() -> None:
    random = np.random.default_rng(0)
    for rules in (PAPER1, PersonAugmentation(scale_factor=0.25, rotation_factor=10)):
        away = augmentation.reach(rules, BOX.extent)
        most = np.zeros(2)
        for _ in range(2000):
            turn = np.clip(random.standard_normal(), -2, 2) * rules.rotation_factor
            grown = 1 + rules.scale_factor * np.clip(random.standard_normal(), -1, 1)
            view = View(BOX.centre, BOX.extent * grown, float(turn))
            matrix = augmentation.person_matrix(view, (128, 96), 220)
            corners = np.array([(0, 0), (96, 0), (0, 128), (96, 128)]) - matrix[:, 2]
            back = corners @ np.linalg.inv(matrix[:, :2]).T - BOX.centre
            most = np.maximum(most, np.abs(back).max(axis=0))
        assert (most <= away + 1e-9).all() and (most > 0.95 * away).all()


def test_boxes_move_once_a_run() -> None:
    boxes = np.tile((10.0, 20, 40, 80), (2000, 1))
    moved = augmentation.moved(boxes, PAPER1, 7)
    assert np.array_equal(moved, augmentation.moved(boxes, PAPER1, 7))
    assert not np.array_equal(moved, augmentation.moved(boxes, PAPER1, 8))
    assert np.array_equal(moved[:, 2:], boxes[:, 2:])
    away = np.abs(moved - boxes)[:, :2] / boxes[:, 2:]
    assert (away > 0).any(axis=1).mean() == pytest.approx(0.3, abs=0.03)
    assert 0.19 < away.max() <= 0.2
    assert np.array_equal(augmentation.moved(boxes, PersonAugmentation(), 7), boxes)


def test_the_matrix_of_a_whole_image_is_the_official_one() -> None:
    view = View(np.array([300.0, 200]), np.array([380.0, 380]), 17)
    official = [  # get_affine_matrix of LitePose and HigherHRNet
        [0.28185824386278935, 0.08617271297091188, -45.792015753019186],
        [-0.08617271297091188, 0.28185824386278935, 25.48016511871569],
    ]
    assert augmentation.image_matrix(view, 112) == pytest.approx(np.array(official))
    mirrored = augmentation.image_matrix(View(view.centre, view.extent, 17, True), 112)
    point = np.array([310, 190, 1])
    x, y = np.array(official) @ point
    assert mirrored @ point == pytest.approx((111 - x, y))


def test_views_of_whole_images_are_spread_as_officially() -> None:
    size = (300, 600)
    views = [augmentation.image_view(LITEPOSE, generator(0, n, 0), size) for n in range(3000)]
    sides = np.array([view.extent[0] for view in views]) / 300
    assert 0.75 <= sides.min() < 0.76 and 1.49 < sides.max() <= 1.5
    assert sides.mean() == pytest.approx(1.125, abs=0.02)
    turns = np.array([view.rotation for view in views])
    assert np.abs(turns).max() <= 30 and turns.std() == pytest.approx(60 / math.sqrt(12), abs=0.6)
    away = np.array([view.centre for view in views]) - (300, 150)
    limit = np.trunc(40 * sides * 300 / 200)[:, None]
    assert np.array_equal(away, np.round(away))
    assert (away >= -limit).all() and (away < limit).all()
    assert (away < -0.95 * limit).any() and (away > 0.9 * limit).any()
    assert share([view.mirrored for view in views]) == pytest.approx(0.5, abs=0.03)
