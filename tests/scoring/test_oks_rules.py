"""The rules of the official evaluation, each on one image that can be worked out by hand."""

from pathlib import Path

import pytest

from support.scoring_scenes import Entry, alone, figures, person, pose, written


def precision(folder: Path, people: list[Entry], poses: list[Entry]) -> float | None:
    """AP of one image, as pycocotools has it too."""
    return figures(written(folder, "one", alone(*people), poses), "pycocotools")["AP"]


AT = [100, 50, 1] * 17
ELSEWHERE = [600, 50, 1] * 17


def test_a_worse_pose_after_the_right_one_costs_nothing(tmp_path: Path) -> None:
    poses = [pose(AT, 0.9), pose(ELSEWHERE, 0.8)]
    assert precision(tmp_path, [person(1, 100)], poses) == pytest.approx(1)


def test_a_wrong_pose_before_the_right_one_halves_precision(tmp_path: Path) -> None:
    poses = [pose(AT, 0.8), pose(ELSEWHERE, 0.9)]
    assert precision(tmp_path, [person(1, 100)], poses) == pytest.approx(0.5)


def test_of_equal_scores_the_first_in_the_file_comes_first(tmp_path: Path) -> None:
    poses = [pose(AT, 0.5), pose(ELSEWHERE, 0.5)]
    assert precision(tmp_path, [person(1, 100)], poses) == pytest.approx(1)
    assert precision(tmp_path, [person(1, 100)], poses[::-1]) == pytest.approx(0.5)


def test_only_twenty_poses_of_an_image_count(tmp_path: Path) -> None:
    better = [pose(ELSEWHERE, 0.9)] * 20
    twentieth = precision(tmp_path, [person(1, 100)], [*better[1:], pose(AT, 0.1)])
    assert twentieth == pytest.approx(0.05)
    assert precision(tmp_path, [person(1, 100)], [*better, pose(AT, 0.1)]) == 0


def test_a_crowd_forgives_any_number_of_poses(tmp_path: Path) -> None:
    crowd = person(2, 600, iscrowd=1)
    poses = [*[pose(ELSEWHERE, 0.9)] * 5, pose(AT, 0.5)]
    assert precision(tmp_path, [person(1, 100), crowd], poses) == pytest.approx(1)


def test_a_person_without_labels_forgives_one_pose_near_the_box(tmp_path: Path) -> None:
    nobody = person(2, 600, keypoints=[0, 0, 0] * 17, num_keypoints=0)
    inside = pose([690, 140, 1] * 17, 0.9)  # a box's width beside it and its height below
    for times, value in ((1, 1.0), (2, 0.5)):
        poses = [*[inside] * times, pose(AT, 0.5)]
        assert precision(tmp_path, [person(1, 100), nobody], poses) == pytest.approx(value)


def test_a_person_who_counts_goes_before_one_who_does_not(tmp_path: Path) -> None:
    people = [person(2, 101, iscrowd=1), person(1, 103)]
    assert precision(tmp_path, people, [pose([101, 50, 1] * 17, 1)]) == pytest.approx(1)


def test_a_threshold_that_is_just_reached_suffices(tmp_path: Path) -> None:
    found = [100, 50, 2] * 16 + [0, 0, 0]
    for right, thresholds in ((8, 1), (12, 6)):  # of 16 joints: OKS is 0.5 and 0.75 exactly
        keypoints = found[: 3 * right] + ELSEWHERE[3 * right :]
        ours = precision(tmp_path, [person(1, 100, keypoints=found)], [pose(keypoints, 1)])
        assert ours == pytest.approx(thresholds / 10)
