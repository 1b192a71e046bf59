"""What publishers state of data sets and metrics, beside what the program counts itself."""

from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.papers import public_facts
from repro.papers.datasets import DATASETS
from repro.scoring import oks_rules


def test_counts_of_the_program_and_stated_figures_stand_side_by_side() -> None:
    known = public_facts.load()
    train = known.dataset("coco")["train2017"]
    facts = DATASETS["coco"].facts("train2017")
    assert facts and isinstance(train, dict)
    assert train["images"] == facts.images and train["with_joints"] < facts.images
    assert known.dataset("crowdpose")["joints"] == 14
    assert known.source("datasets", "coco", ("train2017", "with_joints"))
    assert not known.source("datasets", "coco", ("train2017", "images"))
    assert not known.source("datasets", "coco", ("joints",))


def test_every_figure_has_its_source() -> None:
    known = public_facts.load()
    stated = [one for splits in known.datasets.values() for one in splits.values()]
    for figures in (*stated, *known.metrics.values()):
        assert figures and all(one.source.strip() and one.value > 0 for one in figures.values())


def test_the_stated_thresholds_are_those_that_score() -> None:
    known = public_facts.load()
    ap = {what: one.value for what, one in known.metrics["AP"].items()}
    assert np.allclose(
        np.linspace(ap["lowest"], ap["highest"], int(ap["thresholds"])), oks_rules.THRESHOLDS
    )
    assert np.allclose(np.diff(oks_rules.THRESHOLDS), ap["step"])
    figures = {one.name: one.threshold for one in oks_rules.rules("coco").figures}
    for name in ("AP50", "AP75"):
        place = figures[name]
        assert place is not None
        assert np.isclose(oks_rules.THRESHOLDS[place], known.metrics[name]["threshold"].value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[datasets.coco2.whole]", "There is no data set `coco2`"),
        ("[metrics.AQ]", "There is no metric `AQ`"),
        ('[datasets.coco.whole]\nimages = { value = 1, sauce = "x" }', "There is no key"),
        ("[datasets.coco.whole]\nimages = { value = 1 }", "`datasets.coco.whole.images.source`"),
        ("[sets]", "There is no key `sets`"),
        (
            '[datasets.coco.val2017]\nimages = { value = 4999, source = "x" }',
            "`images` of coco val2017 is stated, and the program has it",
        ),
    ],
)
def test_a_wrong_file_is_named(own_tables: Path, text: str, message: str) -> None:
    (own_tables / public_facts.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ReproError) as error:
        public_facts.load()
    assert message in str(error.value)


def test_without_the_file_the_counts_remain(own_tables: Path) -> None:
    (own_tables / public_facts.FILE).unlink()
    known = public_facts.load()
    val = known.dataset("coco")["val2017"]
    assert isinstance(val, dict) and val["images"] == 5000
    with pytest.raises(ReproError, match="There is no stated metric `AP`"):
        known.metric("AP")
    with pytest.raises(ReproError, match="There is no data set `synth`"):
        known.dataset("synth")
