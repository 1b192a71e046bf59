"""How far the choice of images moves an accuracy, and which differences that may explain."""

import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import pytest

from repro.errors import ReproError
from repro.papers import sampling
from repro.papers.sampling import SamplingWidths
from repro.papers.study import Column, Row, Table
from repro.records.runs import EvaluationRun
from repro.records.store import Store
from repro.verdicts import gains, noise
from repro.verdicts.noise import BEYOND, PERHAPS, WITHIN, SamplingNoise
from support.command_line import ROOT

SMALL, LARGE = 92, 182
"""images of the committed evaluations"""
LABELLED = {SMALL: 113, LARGE: 334}


def of_val(metric: str = "AP") -> SamplingNoise:
    """The noise on COCO val2017."""
    found = noise.on_split(metric, "coco", "val2017")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def halves() -> dict[int, dict[str, list[float]]]:
    """Images -> metric -> half the 95 % interval of each committed evaluation."""
    store, found = Store(ROOT / "records"), defaultdict[int, dict[str, list[float]]](dict)
    for outline in store.outlines(EvaluationRun.kind, 1000):
        stored = store.at(outline.path)
        assert stored is not None
        data = stored.record.spec["data"]
        assert isinstance(data, Mapping)
        for one in stored.record.measurements:
            if one.low is not None and one.high is not None:
                widths = found[data["images"]].setdefault(one.metric, [])
                widths.append((one.high - one.low) / 2)
    return found


def test_the_widths_of_one_figure_are_those_of_the_committed_evaluations(
    halves: dict[int, dict[str, list[float]]],
) -> None:
    known = sampling.widths("coco")
    assert known is not None and known.labelled == LABELLED[LARGE]
    assert f"{len(halves[LARGE]['AP'])} evaluations" in known.source
    for metric, width in known.alone.items():
        assert width == pytest.approx(fmean(halves[LARGE][metric]), abs=0.005)


def test_fewer_persons_widen_as_the_rule_says(halves: dict[int, dict[str, list[float]]]) -> None:
    """Where it can be seen: from 334 to 113 persons."""
    scale = math.sqrt(LABELLED[LARGE] / LABELLED[SMALL])
    for metric in ("AP", "AP50", "AR"):
        seen = fmean(halves[SMALL][metric])
        assert scale * fmean(halves[LARGE][metric]) == pytest.approx(seen, rel=0.2)


def test_widths_fall_with_the_root_of_the_persons() -> None:
    known, val = sampling.widths("coco"), of_val()
    assert known is not None and (val.persons, val.about) == (6352, False)
    assert val.alone == pytest.approx(known.alone["AP"] * math.sqrt(known.labelled / 6352))
    dev = noise.on_split("AP", "coco", "test-dev2017")
    assert dev is not None and dev.about
    assert dev.persons == round(20288 * 6352 / 5000)
    assert dev.alone / val.alone == pytest.approx(math.sqrt(6352 / dev.persons))
    assert val.decodings is not None and val.decodings < val.networks < math.sqrt(2) * val.alone


def test_pairs_that_nobody_measured_are_bounded_by_independent_ones() -> None:
    mpii = noise.on_split("Mean", "mpii", "val")
    assert mpii is not None and not mpii.paired and mpii.decodings is None
    assert mpii.networks == pytest.approx(math.sqrt(2) * mpii.alone)
    assert mpii.call(0.03) == PERHAPS and mpii.call(2 * mpii.alone) == BEYOND
    assert "at most" in noise.explained(mpii)


@pytest.mark.parametrize(
    ("metric", "dataset", "split"),
    [
        ("params", "coco", "val2017"),
        ("AP", "coco", "minival"),
        ("AP", "mpii", "val"),
        ("AP", "synth", "val"),
        ("Mean", "coco", "val2017"),
    ],
)
def test_where_nothing_is_known_nothing_is_said(metric: str, dataset: str, split: str) -> None:
    assert noise.on_split(metric, dataset, split) is None


def test_a_small_difference_is_within_noise_and_a_large_one_is_not() -> None:
    val = of_val()
    assert val.decodings is not None
    middle = (val.decodings + val.networks) / 2
    calls = [val.call(points) for points in (0.03, -0.03, middle, 1.01 * val.networks)]
    assert calls == [WITHIN, WITHIN, PERHAPS, BEYOND]
    assert [val.call(one, one_network=True) for one in (0.03, middle)] == [WITHIN, BEYOND]
    assert noise.told(val, [0.03]).startswith("0.03 points of AP on COCO val2017: within noise,")
    assert "0.03 to 0.3 points" in noise.told(val, [0.3, 0.03])
    assert "perhaps noise or less" in noise.told(val, [0.3, 0.03])


@pytest.mark.parametrize(
    ("widths", "said"),
    [
        ({"alone": {"AP": 0.0}}, "the width 0"),
        ({"alone": {"AP": 4.0}, "networks": {"params": 1.0}}, "params"),
        ({"alone": {"AP": 4.0}, "labelled": 0}, "has 0 persons"),
        ({"alone": {"AP": 4.0}, "datasets": ("lsp",)}, "lsp"),
    ],
)
def test_wrong_widths_are_named(widths: dict[str, object], said: str) -> None:
    fields: dict[str, object] = {"datasets": ("coco",), "labelled": 9, "source": "a test"} | widths
    with pytest.raises(ReproError, match=said):
        SamplingWidths(**fields)  # type: ignore[arg-type]


def test_a_folder_of_tables_need_not_have_the_file(own_tables: Path) -> None:
    (own_tables / sampling.FILE).unlink()
    assert sampling.widths("coco") is None and noise.on_split("AP", "coco", "val2017") is None


AP, GAIN = Column("ap", "AP", "AP", "%"), Column("gain", "Δ", "AP_gain", "points")
TABLE = Table(
    number="IV",
    caption="",
    where="",
    protocol="coco-val2017",
    columns=(Column("macs", "MACs", "macs", "G"), AP, GAIN),
    rows=(
        Row("None", {"ap": "65.56", "macs": "0.58"}),
        Row("2x", {"ap": "65.59", "macs": "0.68"}, after="None"),
        Row("x", {"ap": "65.83"}, after="None"),
        Row("all", {"gain": "+2.50"}),
    ),
)
object.__setattr__(TABLE, "study", "paper1")


def test_gains_are_differences_to_the_row_before_and_printed_ones() -> None:
    found = [(one.row.label, one.column.key, one.points) for one in gains.printed_gains(TABLE)]
    assert found == [
        ("2x", "ap", pytest.approx(0.03)),
        ("x", "ap", pytest.approx(0.27)),
        ("all", "gain", 2.5),
    ]
    calls = [one.call for one in gains.printed_gains(TABLE)]
    assert calls == [WITHIN, PERHAPS, BEYOND]
    none, twice, _, whole = TABLE.rows
    assert gains.of_cell(TABLE, twice, AP).startswith("+0.03 after `None`: within noise.")
    alone = gains.of_cell(TABLE, none, AP)
    assert alone.startswith("On COCO val2017") and "another training" in alone
    assert gains.of_cell(TABLE, whole, GAIN).startswith(f"It is {BEYOND}.")
    assert gains.of_cell(TABLE, none, TABLE.columns[0]) == ""
