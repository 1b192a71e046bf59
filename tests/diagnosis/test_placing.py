"""Poses are given to persons by how similar they are, and what is left over is told."""

from pathlib import Path

import numpy as np

from repro.diagnosis import findings
from repro.diagnosis.shares import wrongly_scored
from support.error_scenes import annotated, body, diagnosed, found, moved


def test_the_most_similar_pose_is_the_persons_however_it_is_scored(tmp_path: Path) -> None:
    near = moved(moved(body(200), 9, 0.6), 10, 0.6)
    poses = [found(body(200) + 8, 0.9), found(near, 0.1), found(body(600), 0.4)]
    one = diagnosed(tmp_path, [annotated(1, body(200)), annotated(2, body(600))], poses)
    assert one.placement.pose.tolist() == [1, 2]
    assert one.placement.person.tolist() == [0, 0, 1]
    assert wrongly_scored(one.placement).tolist() == [True, False]
    better_first = [{**poses[0], "score": 0.05}, *poses[1:]]
    one = diagnosed(tmp_path, [annotated(1, body(200)), annotated(2, body(600))], better_first)
    assert not wrongly_scored(one.placement).any()
    equal = [{**poses[0], "score": 0.1}, *poses[1:]]
    one = diagnosed(tmp_path, [annotated(1, body(200)), annotated(2, body(600))], equal)
    assert not wrongly_scored(one.placement).any()


def test_a_pose_at_nobody_is_background_and_one_at_somebody_ignored_is_not(tmp_path: Path) -> None:
    ignored = annotated(2, body(600), num_keypoints=0)
    poses = [found(body(200)), found(body(600)), found(body(400, 1000))]
    one = diagnosed(tmp_path, [annotated(1, body(200)), ignored], poses)
    assert one.placement.background.tolist() == [False, False, True]
    assert one.placement.pose.tolist() == [0, -1] and one.placement.person.tolist() == [0, -1, -1]
    assert one.shares.counts()["false_negative/all/"] == (0, 1)
    assert one.shares.counts()["false_positive/all/"] == (1, 3)


def test_a_person_who_shares_a_pose_has_none(tmp_path: Path) -> None:
    beside = annotated(2, body(210))
    far = annotated(3, body(600))
    one = diagnosed(tmp_path, [annotated(1, body(200)), beside, far], [found(body(200))])
    assert one.placement.pose.tolist() == [0, -1, -1]
    assert one.placement.reached.tolist() == [True, True, False]
    assert one.shares.counts()["false_negative/all/"] == (2, 3)
    assert one.shares.counts()["false_negative/overlap/1-2 beside"] == (1, 2)
    (side,) = findings.findings([one]).sides
    assert (side.found, side.unfound, side.shared) == (1, 2, 1)


def test_only_the_best_twenty_of_an_image_count(tmp_path: Path) -> None:
    poses = [found(body(600), 0.9 - place / 100) for place in range(20)] + [found(body(200), 0.1)]
    one = diagnosed(tmp_path, [annotated(1, body(200))], poses)
    assert one.placement.counted.tolist() == [True] * 20 + [False]
    assert one.placement.pose.tolist() == [-1]


def test_nothing_found_and_nobody_to_be_found(tmp_path: Path) -> None:
    one = diagnosed(tmp_path, [annotated(1, body(200)), annotated(2, body(600))], [])
    assert one.shares.metrics()["jitter/all/"] is None
    assert one.shares.metrics()["false_negative/all/"] == 100
    assert one.shares.metrics()["false_positive/all/"] is None
    assert [remark.count for remark in one.remarks] == [1]
    crowd = annotated(1, body(200), iscrowd=1)
    one = diagnosed(tmp_path, [crowd], [found(body(200))])
    assert one.shares.metrics()["false_negative/all/"] is None
    assert one.mended.metrics()["now"] is None and one.mended.metrics()["only miss"] is None


def test_images_in_any_order_and_ids_of_any_size(tmp_path: Path) -> None:
    people = [
        annotated(1, body(200), image_id=2),
        annotated(2, body(600), image_id=1),
        annotated(3, body(600), image_id=2),
    ]
    poses = [found(body(600), 0.5, image) for image in (2, 1)]
    one = diagnosed(tmp_path, people, poses, images=2)
    assert one.placement.pose.tolist() == [-1, 1, 0]
    part = one.shares.part[:, one.shares.names.index("false_negative/all/")]
    assert np.array_equal(part, [0, 1])
