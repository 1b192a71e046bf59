"""Printed accuracy is held against evaluations of the official data, and of nothing else."""

from dataclasses import replace
from fractions import Fraction

import pytest

from repro.papers import study
from repro.plans import selection
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.requirements import AccuracyRequirement, Wanted
from repro.records.runs import weights_name
from repro.report.contents import ReportContents
from repro.report.files import markdown
from repro.verdicts.judge import judge


def wanted(row: str = "Ours 256x192", column: str = "ap") -> Wanted:
    """A cell of paper1 Table I."""
    table = study.load_table("paper1", "table1")
    one = next(each for each in table.rows if each.label == row)
    return selection.cell(table, one, table.column(column))


def spec(accuracy: AccuracyRequirement, **changes: object) -> dict[str, object]:
    """The spec of an evaluation that fills the cell, but for the changes."""
    found: dict[str, object] = {
        "kind": "evaluate",
        "model": accuracy.model,
        "input": list(accuracy.input),
        "keypoints": accuracy.keypoints,
        "options": dict(accuracy.options),
        "weights": {"name": accuracy.weights, "sha256": "00"},
        "data": {"official": True},
        "protocol": accuracy.protocol.described(),
    }
    return found | changes


def judged(value: float, **interval: float) -> tuple[str, str]:
    """Verdict and reason on the printed 65.8."""
    record = Record("key", {}, (Measurement("AP", value, "%", **interval),), {})
    verdict = judge(wanted(), lambda spec: record).verdict
    return verdict.kind, verdict.reason


def test_only_the_papers_own_protocol_on_the_official_data_fills_a_cell() -> None:
    accuracy = wanted().spec
    assert isinstance(accuracy, AccuracyRequirement) and accuracy.fits(spec(accuracy))
    rules = accuracy.protocol.described()
    for changes in (
        {"data": {"official": False}},
        {"data": {}},
        {"weights": {"name": accuracy.weights, "partial": True}},
        {"weights": {"name": "hwl_mobilenetv3_256x192_coco-F-2x"}},
        {"weights": {}},
        {"input": [384, 288]},
        {"model": "lpn_50"},
        {"keypoints": 16},
        {"options": {"attention": "se"}},
        {"kind": "count"},
        *({"protocol": rules | {key: "other"}} for key in rules),
    ):
        assert not accuracy.fits(spec(accuracy, **changes)), changes


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (65.84, "match"),
        (65.89, "match"),
        (66.3, "near"),
        (65.31, "near"),
        (66.31, "off"),
        (60, "off"),
    ],
)
def test_an_accuracy_is_judged_in_points(value: float, kind: str) -> None:
    assert judged(value)[0] == kind


def test_the_reason_has_the_interval_and_the_difference() -> None:
    reason = judged(66.75, low=65.9, high=67.4)[1]
    assert reason == "66.75 %, 95 % interval over images 65.9 to 67.4; +0.95 points."


def test_a_cell_without_an_evaluation_says_what_it_takes() -> None:
    verdict = judge(wanted(), lambda spec: None).verdict
    assert verdict.kind == "missing" and "must be trained" in verdict.reason
    table = study.load_table("paper1", "table2")
    server = selection.cell(table, table.rows[0], table.column("ap"))
    assert server.spec is None and "evaluation server" in server.lacking


def test_rows_that_differ_in_training_only_have_weights_of_their_own() -> None:
    for paper, name in (("paper1", "table4"), ("paper4", "table8"), ("paper2", "table4")):
        cells = selection.select([study.load_table(paper, name)], metrics=["AP"])
        keys = [(cell.column.key, cell.spec.weights) for cell in cells if cell.spec]
        assert len(set(keys)) == len(keys) > 4
    assert weights_name("litepose_s_crowdpose", (448, 448), "crowdpose", variant="tau-0.1") == (
        "litepose_s_448x448_crowdpose-tau-0.1"
    )
    assert weights_name(
        "wlitepose_s", (448, 448), "crowdpose", {"dfc": (1, 2), "deconv": False}
    ) == ("wlitepose_s-deconv=False-dfc=1+2_448x448_crowdpose")


def test_a_column_decodes_as_its_heading_says() -> None:
    table = study.load_table("paper2", "table5")
    row = next(one for one in table.rows if one.label == "LPN-50")
    decodings = {selection.protocol(table, row, column).decode for column in table.columns}
    assert "beta-soft-argmax(40)+quarter" in decodings and "argmax+quarter" in decodings
    assert selection.protocol(table, table.rows[3], table.columns[1]).colour == "RGB"
    assert selection.protocol(table, row, table.columns[1]).colour == "BGR"


def test_measured_accuracy_stands_beside_the_printed_one() -> None:
    cell = wanted()
    record = Record("key", {}, (Measurement("AP", 65.9, "%"),), {})
    cells = [judge(cell, lambda spec: record)]
    assert cells[0].delta == Fraction(65.9) - Fraction(658, 10)
    text = markdown.results(ReportContents(cells, (), (), {})).whole
    assert "| AP ours" in text and "| [65.90][key] ≈" in text and "| +0.10 " in text
    other = replace(record, measurements=(Measurement("AR", 1.0, "%"),))
    assert judge(cell, lambda spec: other).verdict.kind == "missing"
