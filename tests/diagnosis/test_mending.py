"""Mending errors gives the accuracy of poses without them, with the intervals of a bootstrap."""

import json
from pathlib import Path

import numpy as np
import pytest

from repro.data.annotations import read
from repro.data.people import Floats
from repro.diagnosis import diagnose
from repro.diagnosis.influence import linear
from repro.diagnosis.kinds import KINDS
from repro.records.store import Store
from repro.scoring import oks
from repro.scoring.confidence import bootstrap
from repro.scoring.matches import Matches
from support.error_scenes import MIRRORED, annotated, body, diagnosed, found, moved
from support.scoring_scenes import Scene, scene


@pytest.fixture(params=range(3))
def hard(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return scene(tmp_path, request.param, images=40, noise=0.2)


def test_after_all_kinds_are_mended_everybody_is_found(tmp_path: Path) -> None:
    points = [body(200), body(600)]
    wrong = moved(points[0], 9, 0.3)
    wrong[7], wrong[11] = points[0][MIRRORED[7]], points[1][11]
    wrong = moved(wrong, 15, 0.6)
    people = [annotated(number + 1, one) for number, one in enumerate(points)]
    people.append(annotated(3, body(400, 1000)))
    poses = [
        found(wrong, 0.5),
        found(points[0] + 14, 0.6),
        found(points[1] + np.array([5, 0]), 0.4),
        found(body(3000), 0.9),
    ]
    one = diagnosed(tmp_path, people, poses)
    states = {kind for kind in KINDS if one.shares.counts().get(f"{kind}/all/", (0, 0))[0]}
    assert states == set(KINDS)
    values = one.mended.metrics()
    turns = [values[f"up to {kind}"] for kind in KINDS]
    assert values["now"] is not None and None not in turns
    assert turns == sorted(turns, key=lambda value: value or 0) and turns[-1] == pytest.approx(100)
    for kind in KINDS:
        assert values[f"only {kind}"] >= values["now"] - 1e-9  # type: ignore[operator]
    assert values["gain of only false_negative"] == pytest.approx(
        values["only false_negative"] - values["now"]  # type: ignore[operator]
    )


def test_what_is_without_a_kind_gains_nothing_by_mending_it(tmp_path: Path) -> None:
    people = [annotated(1, body(200)), annotated(2, body(600))]
    one = diagnosed(tmp_path, people, [found(body(200) + 12, 0.5), found(body(600), 0.9)])
    values = one.mended.metrics()
    for kind in ("inversion", "swap", "scoring", "false_positive", "false_negative"):
        assert one.shares.counts()[f"{kind}/all/"][0] == 0
        assert values[f"gain of only {kind}"] == 0
    assert values["gain of up to jitter"] > 0  # type: ignore[operator]


def area(matches: Matches, weights: Floats) -> float:
    """The mean area below the best precision, with each image so often."""
    copies, total = weights[matches.image], (weights * matches.expected[0]).sum()
    areas = []
    for right, wrong in zip(matches.right[0], matches.wrong[0], strict=True):
        hits = np.flatnonzero(right)
        precision = np.cumsum(copies * right)[hits] / np.cumsum(copies * (right | wrong))[hits]
        best = np.maximum.accumulate(precision[::-1])[::-1]
        areas.append((copies[hits] * best).sum() / total)
    return 100 * float(np.mean(areas))


def test_the_influence_of_an_image_is_the_derivative_of_the_area_below_the_curve(
    hard: Scene,
) -> None:
    matches = oks.evaluate(hard.annotations(), hard.poses)
    one = linear(matches)
    assert one.metrics()["AP"] == pytest.approx(100 * matches.metrics()["AP"])  # type: ignore[operator]
    weights, step = np.ones(len(matches.units)), 1e-6
    for image in range(len(weights)):
        more = weights.copy()
        more[image] += step
        slope = (area(matches, more) - area(matches, weights)) / step
        assert one.influence[image] == pytest.approx(slope, abs=1e-3)
    assert abs(one.influence.sum()) < 1e-8  # as many of all images give the same


def test_intervals_are_as_wide_as_those_of_the_bootstrap(tmp_path: Path) -> None:
    ratios = []
    for seed in range(4):
        hard = scene(tmp_path, seed, images=150, ties=False, noise=0.1)
        matches = oks.evaluate(hard.annotations(), hard.poses)
        whole, quick = (bootstrap(one, 400)["AP"] for one in (matches, linear(matches)))
        ratios.append((quick.high - quick.low) / (100 * (whole.high - whole.low)))
    assert 0.85 < float(np.mean(ratios)) < 1.15


def test_the_pairs_are_those_of_the_evaluation(hard: Scene) -> None:
    """With everything but joints as it is, AP now is the official one."""
    wanted = diagnose.expected(hard.truth, "coco")
    one = diagnose.diagnose(str(hard.found), Store(hard.truth.parent), wanted)
    exact = oks.evaluate(read(hard.truth), hard.poses).metrics()["AP"]
    assert one.mended.metrics()["now"] == pytest.approx(100 * exact)  # type: ignore[operator]
    assert json.dumps(one.shares.metrics())  # plain numbers
