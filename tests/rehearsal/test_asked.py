"""What a rehearsal asks for is given by a rehearsal of the same share, and by nothing else."""

from dataclasses import replace

import pytest

from repro.papers import lookup
from repro.papers.metrics import SPEED
from repro.plans import selection
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted
from repro.records.runs import network_name
from repro.rehearsal import asked


def wanted(paper: str, table: str) -> list[Wanted]:
    return selection.select([lookup.find_table(lookup.find_study(paper), table)])


def evaluation(requirement: AccuracyRequirement, **share: float) -> dict[str, object]:
    """The spec of an evaluation by the rules of a requirement, official or of a rehearsal."""
    official = not share
    rules = requirement.plain
    assert isinstance(rules, dict)
    data = {"official": official, **share}
    weights = {"name": requirement.weights, "faithful": official, **share}
    return {**rules, "kind": "evaluate", "data": data, "weights": weights}


def test_accuracies_of_the_three_kinds_do_not_mix() -> None:
    ordinary = next(
        cell.spec
        for cell in wanted("paper1", "table1")
        if isinstance(cell.spec, AccuracyRequirement)
    )
    small, large = (replace(ordinary, rehearsal=share) for share in (0.02, 0.5))
    specs = [
        evaluation(ordinary),
        evaluation(ordinary, rehearsal=0.02),
        evaluation(ordinary, rehearsal=0.5),
    ]
    fitting = [[one.fits(spec) for spec in specs] for one in (ordinary, small, large)]
    assert fitting == [[True, False, False], [False, True, False], [False, False, True]]
    for part in ("data", "weights"):  # of weights, or on data, that are of no rehearsal
        other = {**specs[1], part: {**specs[1][part], "rehearsal": None}}  # type: ignore[dict-item]
        assert not small.fits(other) and not ordinary.fits(other)


def test_speeds_of_the_three_kinds_do_not_mix() -> None:
    ordinary = next(
        cell.spec for cell in wanted("paper4", "table1") if isinstance(cell.spec, SpeedRequirement)
    )
    usual = {
        "kind": "speed",
        "networks": list(map(network_name, ordinary.networks)),
        "backends": ["eager"],
        "batch": ordinary.batch,
        "precision": "fp32",
        "stage": "net",
        "flip": False,
        "protocol": "repro",
    }
    specs = [usual, {**usual, "rehearsal": 0.02}, {**usual, "rehearsal": 0.5}]
    asking = [ordinary, *(replace(ordinary, rehearsal=share) for share in (0.02, 0.5))]
    fitting = [[one.fits(spec) for spec in specs] for one in asking]
    assert fitting == [[True, False, False], [False, True, False], [False, False, True]]


def test_speeds_of_another_device_are_timed_here_and_counts_stay_counts() -> None:
    cells = wanted("paper1", "table5")
    rehearsed = asked.rehearsed(cells, 0.02)
    assert any(cell.spec is None for cell in cells if cell.column.metric in SPEED)
    for before, after in zip(cells, rehearsed, strict=True):
        if after.column.metric in SPEED:
            assert isinstance(after.spec, SpeedRequirement) and after.rehearsal == 0.02
        elif after.rehearsal is None:
            assert after == before
    assert len(selection.speeds(rehearsed)) == 1


def test_what_nobody_can_run_is_not_rehearsed() -> None:
    for cell in asked.rehearsed(wanted("paper4", "table1"), 0.02):
        assert (cell.spec is None) == (cell.row.cited is not None)


@pytest.mark.parametrize(
    ("paper", "table", "splits"),
    [
        ("paper1", "table1", {"coco": ["train2017", "val2017"]}),
        ("paper1", "table2", {"coco": ["train2017", "val2017"]}),
        ("paper1", "table3", {"mpii": ["train", "val"]}),
    ],
)
def test_stand_ins_are_made_of_what_a_table_is_trained_and_evaluated_on(
    paper: str, table: str, splits: dict[str, list[str]]
) -> None:
    assert asked.splits(wanted(paper, table)) == splits
