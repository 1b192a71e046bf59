"""How many samples the official data sets have."""

import pytest

from repro.estimates import amounts
from repro.papers.datasets import DATASETS
from repro.papers.protocol import GROUND_TRUTH, changed
from repro.papers.study import load_study


@pytest.mark.parametrize(
    ("dataset", "split", "whole", "count"),
    [
        ("coco", "train2017", False, 149_813),
        ("coco", "train2017", True, 118_287),
        ("mpii", "train", False, 22_246),
        ("crowdpose", "trainval", True, 12_000),
        ("crowdpose", "trainval", False, round(12_000 * 7_074 / 2_000)),
        ("synth", "train", False, None),
    ],
)
def test_trainings_are_as_large_as_published(
    dataset: str, split: str, whole: bool, count: int | None
) -> None:
    assert amounts.samples(DATASETS[dataset], split, whole) == count


def test_an_evaluation_looks_at_the_boxes_that_its_protocol_names() -> None:
    rules = load_study("paper1").protocols["coco-val2017"]
    assert amounts.looked_at(rules) == 104_125
    assert amounts.looked_at(changed(rules, boxes=GROUND_TRUTH)) == 6_352
    assert amounts.images(rules) == 5_000
