"""What real images suggest of a printed accuracy: the interval, its anchors, and what is said."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from repro.evidence import estimates
from repro.evidence.checks import AnchorSpread, network_checks
from repro.evidence.estimates import predicted, subset_rules
from repro.papers import evidence
from repro.papers.protocol import GROUND_TRUTH
from repro.plans import selection
from repro.records.record import STALE, Record
from repro.records.requirements import AccuracyRequirement, SubsetRequirement, Wanted
from repro.records.store import Store
from repro.report.terminal import subset_estimate
from repro.verdicts import judge
from repro.verdicts.kinds import KINDS
from support.command_line import Run, parsed
from support.evidence_scenes import (
    OTHERS,
    PICTURES,
    RULES,
    evaluated,
    finder,
    image_set,
    network,
    write,
)

CELL = ("paper2", "table1", "LPN-50", "ap")
FIGURES = {"net 1": 59.0, "net 2": 58.0, "net 3": 57.0}
"""each published at 60"""


def cell(column: str = "ap") -> Wanted:
    """A printed number of LPN-50, whose protocol takes a detector's boxes."""
    (table,) = selection.tables(*CELL[:2])
    row = next(one for one in table.rows if one.label == CELL[2])
    return selection.cell(table, row, table.column(column))


def asked(annotations: str = PICTURES) -> SubsetRequirement:
    """What an evaluation of the cell's network on the images must be."""
    spec = cell().spec
    assert isinstance(spec, AccuracyRequirement)
    rules = replace(spec.protocol, boxes=GROUND_TRUTH)
    name = {"name": spec.weights}
    return SubsetRequirement(spec.model, spec.input, spec.options, name, annotations, rules)


def found(
    figures: Mapping[str, float] = FIGURES, more: Sequence[Record] = (), column: str = "ap"
) -> list[estimates.SubsetEstimate]:
    """The estimates by those anchors and records."""
    own = more or [evaluated(asked(), 64.0, sha256="5" * 64)]
    return estimates.estimates(cell(column), finder(figures, own))


def test_the_interval_is_that_of_one_more_value() -> None:
    known = predicted(60.0, AnchorSpread((1.0, 2.0, 3.0), 3))
    reach = 4.302652729911275 * math.sqrt(4 / 3)  # t with 2 degrees of freedom at .975
    assert known.value == pytest.approx(62.0)
    assert (known.low, known.high) == pytest.approx((62 - reach, 62 + reach))
    five = predicted(60.0, AnchorSpread((0.0, 0.0, 0.0, 0.0, 5.0), 5))
    assert five.high - five.value == pytest.approx(2.7764451051977987 * math.sqrt(6))


def test_it_stays_a_share() -> None:
    known = predicted(99.0, AnchorSpread((1.0, 2.0, 9.0), 3))
    assert known.high == 100.0 and predicted(1.0, AnchorSpread((-9.0, 0.0, 9.0), 3)).low == 0.0


@pytest.mark.parametrize("count", [3, 6])
def test_it_holds_the_next_value_as_often_as_it_says(count: int) -> None:
    draw = random.Random(count)
    held = 0
    for _ in range(2000):
        *differences, true = (draw.gauss(1.0, 2.0) for _ in range(count + 1))
        known = predicted(50.0, AnchorSpread(tuple(differences), count))
        held += known.low <= 50.0 + true <= known.high
    assert 0.935 < held / 2000 < 0.965


def test_what_three_other_networks_miss_is_taken_for_what_this_one_misses(
    own_tables: Path,
) -> None:
    write(own_tables, [network(1), network(2), network(3)])
    (one,) = found()
    assert one.images.name == "few" and one.measured.value == 64.0
    assert [check.delta for check in one.anchors] == [-1.0, -2.0, -3.0]
    assert one.prediction == predicted(64.0, AnchorSpread((1.0, 2.0, 3.0), 3)) and not one.why
    said = " ".join(one.remarks)
    assert "The images are no random sample: the first three." in said
    assert "takes the boxes of COCO_val2017_detections_AP_H_56_person.json" in said
    assert "architecture" not in said


def test_anchors_of_one_architecture_are_told(own_tables: Path) -> None:
    same: dict[str, object] = {"architecture": "kind 1"}
    write(own_tables, [network(1), network(2, **same), network(3)])
    (one,) = found()
    (said,) = (remark for remark in one.remarks if "architecture" in remark)
    assert said.startswith("2 of the 3 anchors are of one architecture (kind 1)")


def test_two_anchors_are_too_few_and_that_is_said(own_tables: Path) -> None:
    write(own_tables, [network(1), network(2), network(3, anchor=False), network(4)])
    (one,) = found()
    assert one.prediction is None and len(one.anchors) == 2 and not one.remarks
    assert one.why == (
        "No estimate: it takes 3 other networks with a published AP, evaluated on these images "
        "with boxes: ground truth; there are 2."
    )
    console = Console(width=300)
    with console.capture() as capture:
        console.print(subset_estimate.shown([one]))
    text = capture.get()
    assert text.startswith("estimate  64.00 %") and one.why in text and estimates.SIGN not in text


def test_anchors_are_other_networks_on_the_same_images_in_such_boxes(own_tables: Path) -> None:
    own = evaluated(asked(), 64.0, sha256=f"{3:064x}")
    protocols = {"plain": RULES, "found": {**RULES, "boxes": "some.json"}}
    elsewhere: dict[str, object] = {"sets": ["other"]}
    write(
        own_tables,
        [
            *map(network, range(1, 4)),
            network(4, **elsewhere),
            network(5, protocol="found"),
            network(6, metric="AR"),
        ],
        [image_set(), image_set("other", OTHERS)],
        protocols,
    )
    figures = {f"net {number}": 59.0 for number in range(1, 7)}
    (one,) = found(figures, [own])
    assert [check.network.label for check in one.anchors] == ["net 1", "net 2"]


def test_a_network_that_was_not_evaluated_there_has_no_estimate(own_tables: Path) -> None:
    write(own_tables, [network(1), network(2), network(3)])
    good = evaluated(asked(), 64.0, sha256="5" * 64)
    for other in (
        replace(good, standing=STALE),
        evaluated(asked(OTHERS), 64.0),
        evaluated(replace(asked(), input=(384, 288)), 64.0),
        evaluated(asked(), 64.0, partial=True),
        evaluated(asked(), 64.0, faithful=False),
        evaluated(replace(asked(), weights={"name": "other"}), 64.0),
        evaluated(replace(asked(), protocol=replace(asked().protocol, decode="DARK")), 64.0),
    ):
        assert found(more=[other]) == []
    assert found(column="flops") == [] and found(column="ar") == []


def test_another_figure_of_the_record_has_no_anchors(own_tables: Path) -> None:
    write(own_tables, [network(1), network(2), network(3)])
    good = evaluated(asked(), 64.0, sha256="5" * 64)
    recall = replace(good.measurements[0], metric="AR")
    (one,) = found(more=[replace(good, measurements=(recall,))], column="ar")
    assert "with a published AR" in one.why


def test_the_rules_of_a_printed_network_are_its_own_but_for_the_boxes() -> None:
    rule = evidence.catalogue().estimates
    spec = cell().spec
    assert rule is not None and isinstance(spec, AccuracyRequirement)
    printed = spec.protocol
    assert subset_rules(printed, rule) == replace(printed, boxes=GROUND_TRUTH)
    given = replace(printed, boxes=GROUND_TRUTH)
    assert subset_rules(given, rule) is given


def test_it_has_a_sign_of_its_own_and_is_no_verdict(
    own_tables: Path, repro: Run, tmp_path: Path
) -> None:
    write(own_tables, [network(1), network(2), network(3)])
    assert estimates.SIGN not in {kind.sign for kind in KINDS.values()}
    bare = parsed(repro("explain", *CELL, "--json").out)
    assert "estimates" not in bare
    store = Store(tmp_path / "records")
    for record in (evaluated(asked(), 64.0, sha256="5" * 64), *_anchors()):
        store.add(record)
    data = parsed(repro("explain", *CELL, "--json").out)
    (one,) = data.pop("estimates")
    assert data == bare and data["verdict"]["kind"] == "missing"
    reach = 4.302652729911275 * math.sqrt(4 / 3)
    assert one["prediction"] == pytest.approx({"value": 66, "low": 66 - reach, "high": 66 + reach})
    assert [anchor["measured"] for anchor in one["anchors"]] == [59.0, 58.0, 57.0]
    done = repro("explain", *CELL)
    text = " ".join(done.out.split())
    assert (
        "estimate ≙ AP 66.0 on all of COCO val2017, 95 % prediction interval 61.0 to 71.0" in text
    )
    assert "61.0 to 71.0; no verdict 64.00 % on 3 images of COCO val2017" in text
    assert "+3.00 net 3, 60.0 less 57.00" in text
    judged = judge.judge_all([cell()], Store(tmp_path / "records").find)
    assert [one.measured for one in judged] == [None] and estimates.SIGN not in json.dumps(bare)


def _anchors() -> list[Record]:
    """The records of the three networks."""
    return [check.record for check in network_checks(finder(FIGURES)) if check.record is not None]
