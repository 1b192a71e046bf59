"""Each joint is what the definitions of Ronchi and Perona make of it."""

from pathlib import Path

import numpy as np
import pytest

from support.error_scenes import MIRRORED, NAMES, annotated, body, diagnosed, found, moved, state

WRIST, NOSE = NAMES.index("left wrist"), NAMES.index("nose")


@pytest.mark.parametrize(
    ("similarity", "kind"),
    [(1.0, "good"), (0.851, "good"), (0.849, "jitter"), (0.501, "jitter"), (0.499, "miss")],
)
def test_near_its_own_place(tmp_path: Path, similarity: float, kind: str) -> None:
    one = diagnosed(
        tmp_path, [annotated(1, body(200))], [found(moved(body(200), WRIST, similarity))]
    )
    assert state(one, 0, WRIST) == kind
    assert one.joints.similarity[0, WRIST] == pytest.approx(similarity)
    others = [state(one, 0, joint) for joint in range(17) if joint != WRIST]
    assert others == ["good"] * 16


def test_a_mirrored_joint_is_an_inversion(tmp_path: Path) -> None:
    points = body(200)
    points[WRIST] = body(200)[MIRRORED[WRIST]] + 3
    one = diagnosed(tmp_path, [annotated(1, body(200))], [found(points)])
    assert state(one, 0, WRIST) == "inversion"


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_joint_of_somebody_else_is_a_swap(tmp_path: Path, mirrored: bool) -> None:
    points, other = body(200), body(600)
    points[WRIST] = other[MIRRORED[WRIST] if mirrored else WRIST] - 2
    points[NOSE] = other[WRIST]  # another joint of another person is no swap
    people = [annotated(1, body(200)), annotated(2, other)]
    one = diagnosed(tmp_path, people, [found(points), found(other)])
    assert state(one, 0, WRIST) == "swap" and state(one, 0, NOSE) == "miss"
    assert [state(one, 1, joint) for joint in range(17)] == ["good"] * 17


def test_the_size_of_the_other_person_counts_for_a_swap(tmp_path: Path) -> None:
    points, other = body(200), body(600)
    points[WRIST] = other[WRIST] + (0, 20)
    for area, kind in ((1e4, "miss"), (4e4, "swap")):
        people = [annotated(1, body(200)), annotated(2, other, area=area)]
        one = diagnosed(tmp_path, people, [found(points)])
        assert state(one, 0, WRIST) == kind


def test_what_is_not_labelled_is_not_judged_and_no_place_for_others(tmp_path: Path) -> None:
    keypoints = np.column_stack([body(200), np.full(17, 2)])
    keypoints[MIRRORED[WRIST], 2] = 0
    points = body(200)
    points[WRIST] = body(200)[MIRRORED[WRIST]]
    person = annotated(1, body(200), keypoints=keypoints.ravel().tolist(), num_keypoints=16)
    one = diagnosed(tmp_path, [person], [found(points)])
    assert state(one, 0, MIRRORED[WRIST]) == "" and state(one, 0, WRIST) == "miss"
    assert np.isinf(one.joints.away[0, MIRRORED[WRIST]])
    assert (one.joints.state >= 0).sum() == 16


def test_a_joint_as_far_away_as_numbers_go_is_a_miss(tmp_path: Path) -> None:
    points = body(200)
    points[WRIST] = 1e300, -1e300
    one = diagnosed(tmp_path, [annotated(1, body(200))], [found(points)])
    assert state(one, 0, WRIST) == "miss"
