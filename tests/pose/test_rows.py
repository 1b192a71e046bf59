"""Rows of persons, as YOLO-pose and its relatives give them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.pose import rows

SIZE = (64, 64)


def row(middle: float, score: float, *more: float, each: int = 3) -> list[float]:
    """A box of 10 x 20 around a place, and three joints at its middle, its left and its top."""
    joints = [(middle, middle), (middle - 5, middle), (middle, middle - 10)]
    scored = [value for x, y in joints for value in (x, y, 0.25)[:each]]
    return [middle, middle, 10, 20, score, *more, *scored]


def array(*given: list[float]) -> NDArray[np.float32]:
    return np.array(given, np.float32)


def test_of_boxes_that_overlap_the_best_stays() -> None:
    values = array(row(20, 0.5), row(40, 0.6), row(20.5, 0.9), row(50, 0.0005))
    points, scores = rows.decode(values.T, 3, SIZE)
    assert scores.tolist() == pytest.approx([0.9, 0.6])
    assert points[0].tolist() == [[20.5, 20.5, 0.25], [15.5, 20.5, 0.25], [20.5, 10.5, 0.25]]
    turned, _ = rows.decode(values, 3, SIZE)
    assert (turned == points).all()
    # the two boxes have 9.5 x 19.5 pixels in common of 214.75
    both = rows.decode(values.T, 3, SIZE, rows.RowSettings(overlap=0.87))[1]
    assert len(both) == 3


def test_joints_without_a_score_have_the_persons() -> None:
    points, _ = rows.decode(array(row(20, 0.5, each=2)).T, 3, SIZE)
    assert points[0, :, 2].tolist() == [0.5, 0.5, 0.5]


def test_files_that_suppress_boxes_themselves_give_corners_and_a_class() -> None:
    person, dog = row(20, 0.8, 0.0), row(40, 0.9, 1.0)
    person[:4], dog[:4] = [15, 10, 25, 30], [35, 30, 45, 50]
    points, scores = rows.decode(array(person, dog), 3, SIZE)
    assert scores.tolist() == pytest.approx([0.8]) and points[0, 0, :2].tolist() == [20, 20]


def test_yolov7_has_an_objectness_and_the_score_of_its_class() -> None:
    cells = 8 * 8 + 4 * 4 + 2 * 2
    values = np.zeros((3 * cells, 15), np.float32)
    values[7] = row(20, 0.5, 0.5)
    points, scores = rows.decode(values, 3, SIZE)
    assert scores.tolist() == [0.25] and points[0, 0, :2].tolist() == [20, 20]


def test_rows_that_are_not_finite_or_nobodys_are_left_out() -> None:
    values = array(row(20, 0.5), row(40, float("nan")), row(float("inf"), 0.9))
    assert len(rows.decode(values, 3, SIZE)[1]) == 1
    points, scores = rows.decode(array(row(20, 0.0)), 3, SIZE)
    assert points.shape == (0, 3, 3) and scores.shape == (0,)


def test_other_rows_are_refused() -> None:
    for shape in ((13, 100), (5,), (2, 14, 3)):
        with pytest.raises(ReproError, match="no rows of persons with 3 joints") as caught:
            rows.decode(np.zeros(shape, np.float32), 3, SIZE)
        assert "14" in caught.value.hint
