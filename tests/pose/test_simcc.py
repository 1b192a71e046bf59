"""SimCC: bins along x and y to joints."""

import numpy as np
import pytest

from repro.pose import simcc


def test_the_largest_bin_and_the_smaller_of_the_two_values() -> None:
    across, down = np.zeros((1, 2, 8), np.float32), np.zeros((1, 2, 12), np.float32)
    across[0, 0, 5], down[0, 0, 7] = 0.9, 0.4
    across[0, 1, 3] = 0.9  # nothing along y
    points, scores = simcc.decode(across, down, (6, 4))
    assert points[0, 0].tolist() == [2.5, 3.5]
    assert scores[0].tolist() == pytest.approx([0.4, 0.0])
    assert points[0, 1].tolist() == [-0.5, -0.5]  # as in MMPose, at -1 divided by 2


def test_any_number_of_bins_to_a_pixel() -> None:
    across, down = np.zeros((1, 1, 12), np.float32), np.zeros((1, 1, 4), np.float32)
    across[0, 0, 7], down[0, 0, 3] = 1, 1
    assert simcc.decode(across, down, (2, 4))[0][0, 0].tolist() == pytest.approx([7 / 3, 1.5])


def test_the_mirrored_image_is_brought_back() -> None:
    rng = np.random.default_rng(0)
    across, down = rng.random((1, 3, 8), np.float32), rng.random((1, 3, 4), np.float32)
    order = [0, 2, 1]
    mirrored = [across[:, order, ::-1], down[:, order]]
    back = simcc.mirror_bins(mirrored, order)
    assert (back[0] == across).all() and (back[1] == down).all()


def test_a_value_that_is_no_number_is_told_by_the_score() -> None:
    across = np.full((1, 1, 4), np.nan, np.float32)
    _, scores = simcc.decode(across, np.ones((1, 1, 4), np.float32), (2, 2))
    assert np.isnan(scores).all()
