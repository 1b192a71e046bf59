"""Intervals hold what they promise, and pairs are judged on the same images."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.scoring import confidence, oks
from repro.scoring.matches import Matches
from support.scoring_scenes import Entry, contents, scene, written


@dataclass(frozen=True)
class Shares:
    """The share of units that were right, and of those in a rare group."""

    right: np.ndarray
    rare: np.ndarray
    units: np.ndarray

    @staticmethod
    def of(right: np.ndarray, rare: int = 0, first: int = 0) -> "Shares":
        numbers = np.arange(len(right))
        return Shares(right, numbers < rare, numbers + first)

    def metrics(self) -> dict[str, float | None]:
        found = self.resampled(np.ones((1, len(self.units)), np.int64))
        return {name: None if np.isnan(one[0]) else float(one[0]) for name, one in found.items()}

    def resampled(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        with np.errstate(invalid="ignore"):
            rare = weights @ (self.right & self.rare) / (weights @ self.rare)
        return {"share": weights @ self.right / weights.sum(axis=1), "rare": rare}


def drawn(seed: int, units: int = 150, chance: float = 0.3) -> Shares:
    return Shares.of(np.random.default_rng(seed).random(units) < chance)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = 0
    for seed in range(200):
        interval = confidence.bootstrap(drawn(seed), 300, seed)["share"]
        held += interval.low <= 0.3 <= interval.high
    assert 0.90 <= held / 200 <= 0.98


def test_a_seed_decides_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    one = drawn(0)
    first = confidence.bootstrap(one, 300, seed=3)
    assert confidence.bootstrap(one, 300, seed=3) == first
    assert confidence.bootstrap(one, 300, seed=4) != first
    monkeypatch.setattr(confidence, "CELLS", 1000)
    assert confidence.bootstrap(one, 300, seed=3) == first


def test_every_resample_has_as_many_units() -> None:
    weights = np.concatenate(list(confidence.copies(70, 500, 1)))
    assert weights.shape == (500, 70)
    assert (weights.sum(axis=1) == 70).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(70), abs=0.2)
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_a_figure_that_resamples_may_lack_still_has_an_interval() -> None:
    one = Shares.of(np.ones(50, np.bool_), rare=1)
    assert confidence.bootstrap(one, 200)["rare"] == confidence.Interval(1, 1)
    assert "rare" not in confidence.bootstrap(Shares.of(np.ones(50, np.bool_)), 200)


def test_one_unit_says_nothing_of_others() -> None:
    one = Shares.of(np.ones(1, np.bool_))
    assert confidence.bootstrap(one) == {}
    assert confidence.paired(one, one) == {}


def test_the_same_evaluation_does_not_differ_from_itself() -> None:
    found = confidence.paired(drawn(0), drawn(0))["share"]
    assert found == confidence.Difference(0, 0, 0, 1)


def test_pairs_are_told_apart_sooner_than_strangers() -> None:
    one = drawn(0, 400)
    better = Shares.of(one.right | (np.random.default_rng(9).random(400) < 0.04))
    found = confidence.paired(one, better)["share"]
    before, after = confidence.bootstrap(one)["share"], confidence.bootstrap(better)["share"]
    assert before.high > after.low
    assert 0 < found.low < found.value < found.high
    assert found.chance < 0.01
    back = confidence.paired(better, one)["share"]
    assert (back.value, back.low, back.high) == pytest.approx(
        (-found.value, -found.high, -found.low)
    )


def test_no_difference_is_seldom_taken_for_one() -> None:
    chances = [
        confidence.paired(drawn(seed), drawn(seed + 1000), 300)["share"].chance
        for seed in range(100)
    ]
    assert np.mean(np.array(chances) < 0.05) <= 0.12
    assert np.mean(chances) == pytest.approx(0.5, abs=0.1)


def test_evaluations_on_other_images_are_refused() -> None:
    with pytest.raises(ReproError, match="150 and 150, 140 in common"):
        confidence.paired(drawn(0), Shares.of(drawn(0).right, first=10))


def copied(folder: Path, dataset: str, weights: dict[int, int]) -> Matches:
    """The evaluation of a scene in which images occur several times, each time with its own id."""
    truth, found = contents(scene(folder, 6, dataset, images=10, ties=False))

    def again(entries: list[Entry], key: str) -> list[Entry]:
        return [
            {**entry, key: int(str(entry[key])) + 1000 * copy}
            for entry in entries
            for copy in range(weights[int(str(entry[key]))])
        ]

    people = [
        {**person, "id": number + 1}
        for number, person in enumerate(again(truth["annotations"], "image_id"))
    ]
    images = [
        {**image, "file_name": f"{image['id']}.jpg"} for image in again(truth["images"], "id")
    ]
    document = {**truth, "annotations": people, "images": images}
    one = written(folder, "copied", document, again(found, "image_id"))
    return oks.evaluate(one.annotations(), one.poses)


@pytest.mark.parametrize("dataset", ["coco", "crowdpose"])
def test_a_resample_is_what_its_copies_give(dataset: str, tmp_path: Path) -> None:
    one = scene(tmp_path, 6, dataset, images=10, ties=False)
    matches = oks.evaluate(one.annotations(), one.poses)
    random = np.random.default_rng(1)
    weights = np.concatenate([np.ones((1, 10), np.int64), random.integers(0, 4, (6, 10))])
    found = matches.resampled(weights)
    for row, numbers in enumerate(weights):
        each = dict(zip(matches.units.tolist(), numbers.tolist(), strict=True))
        expected = copied(tmp_path, dataset, each).metrics()
        for name, value in expected.items():
            here = found[name][row]
            if value is None:
                assert np.isnan(here)
            else:
                rounded = 1e-4 if name in ("AP_easy", "AP_medium", "AP_hard") else 1e-12
                assert here == pytest.approx(value, abs=rounded)


@pytest.mark.thorough
def test_precision_intervals_hold_the_truth(tmp_path: Path) -> None:
    one = scene(tmp_path, 0, images=500)
    whole = oks.evaluate(one.annotations(), one.poses)
    truth = whole.metrics()["AP"]
    assert truth is not None
    random = np.random.default_rng(0)
    held = 0
    for _ in range(40):
        chosen = np.zeros(500, np.bool_)
        chosen[random.permutation(500)[:60]] = True
        interval = confidence.bootstrap(whole.only(chosen), 150)["AP"]
        held += interval.low <= truth <= interval.high
    assert held >= 35


def test_described_intervals_are_plain_numbers(tmp_path: Path) -> None:
    one = scene(tmp_path, 1)
    interval = confidence.bootstrap(oks.evaluate(one.annotations(), one.poses), 50)["AP"]
    json.dumps([interval.low, interval.high])
