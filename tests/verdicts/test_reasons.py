"""Why cells of papers 1 to 3 do not match: every number of the reasons, made again here."""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from repro.counting import counter
from repro.papers import study
from repro.plans import selection
from repro.records.record import Record
from repro.records.runs import CountRun, count_run
from repro.records.store import Store
from repro.verdicts.judge import Cell, judge, judge_all

STORE = Store(Path(__file__).parents[2] / "records")
TOLD = ("off", "near", "convention", "unreproducible")
PAPERS = ("paper1", "paper2", "paper3")


@functools.cache
def cells() -> dict[str, Cell]:
    """The cells with a verdict that needs a reason, by their place."""
    tables = [
        study.load_table(paper, name) for paper in PAPERS for name in study.table_names(paper)
    ]
    judged = judge_all(selection.select(tables), STORE.find)
    return {cell.wanted.place: cell for cell in judged if cell.verdict.kind in TOLD}


def record_of(run: CountRun) -> Record:
    """The record of a count."""
    record = STORE.find(run)
    assert record is not None, f"{run} is not counted"
    return record


def printed(paper: str, table: str, row: str, column: str) -> str:
    """A cell as printed."""
    rows = study.load_table(paper, table).rows
    return next(one.cells[column] for one in rows if one.label == row)


def others(paper: str, model: str, metric: str, source: str) -> str:
    """What others publish of a network, without its unit."""
    values = study.load_study(paper).third_party
    found = [
        one.value
        for one in values
        if (one.model, one.metric) == (model, metric) and one.source.startswith(source)
    ]
    return found[0].rstrip("GM")


def distance(cell: Cell) -> str:
    """How far our cost lies from the printed one."""
    assert cell.measured is not None
    return f"Ours is {float(100 * (cell.measured.value / cell.published.value - 1)):+.2f} % from"


def vipnas_params(cell: Cell) -> list[str]:
    assert cell.measured is not None
    theirs = others("paper1", "vipnas_mobilenetv3", "params", "MMPose model zoo")
    return [
        f"{cell.published.text} is quoted",
        "ViPNAS_MobileNetV3",
        f"has {float(cell.measured.value) / 1e6:.4f}M parameters, {theirs}M in MMPose's model zoo",
        f"no public code gives {cell.published.text}.",
    ]


def vipnas_macs(cell: Cell) -> list[str]:
    record = record_of(count_run("vipnas_mobilenetv3", (256, 192)))
    params, mmcv, hrnet = (
        float(record.value(metric, rules) or 0)
        for metric, rules in (("params", None), ("macs", "mmcv"), ("macs", "hrnet"))
    )
    quoted = float(printed("paper1", "table1", "ViPNAS 256x192", "params").rstrip("M"))
    theirs = others("paper1", "vipnas_mobilenetv3", "macs", "MMPose model zoo")
    return [
        f"{cell.published.text} is quoted",
        f"costs {mmcv / 1e9:.4f} G by this column's rules, {theirs} in MMPose's model zoo",
        f"with G = 2^30 happen to give {hrnet / 2**30:.4f} for it",
        f"the parameters are off by a factor of {params / 1e6 / quoted:.1f}.",
    ]


def hourglass(cell: Cell) -> list[str]:
    count = int(record_of(count_run("hourglass_8stage", (256, 256))).value("macs", "hrnet") or 0)
    assert f"{count / 2**30:.1f}G" == cell.published.text
    return [
        distance(cell),
        "The row prints 256×192",
        f"At 256x256 with 17 keypoints ours is {count:,} MACs, which prints as 26.2G",
    ]


def cpn(cell: Cell) -> list[str]:
    record = record_of(count_run("cpn_resnet50_noproj", (256, 192)))
    port = counter.run(count_run("cpn_resnet50", (256, 192)), ("hrnet",)).macs["hrnet"]
    params = f"{float(record.value('params') or 0) / 1e6:.1f}M"
    assert params == printed("paper2", "table1", "CPN", "params")
    assert f"{cell.published.text}".rstrip("G") == "6.2"
    return [
        "the first 1×1 convolution",
        f"exactly the printed {params} parameters",
        f"costs {float(record.value('macs', 'hrnet') or 0) / 2**30:.2f} by this column's rules",
        f"the PyTorch port {port / 2**30:.2f};",
        "no public code gives 6.2.",
    ]


def simple_baseline(cell: Cell) -> list[str]:
    table = cell.wanted.table.name
    small = printed("paper2", table, "SimpleBaseline-152 256x192", "flops").rstrip("G")
    area = 384 * 288 / (256 * 192)
    listed = f"{float(small) * area:.1f}"
    assert listed == others("paper2", "simplebaseline_resnet152", "macs", "HRNet repository, 384")
    wrong = cell.published.text.rstrip("G")
    return [
        distance(cell),
        f"lists {listed} for it ({small} × {area:.2f})",
        f"is not {wrong} either",
    ]


WRITTEN: Mapping[str, Callable[[Cell], list[str]]] = {
    "paper1 table1 ViPNAS 256x192 params": vipnas_params,
    "paper1 table1 ViPNAS 256x192 gflops": vipnas_macs,
    "paper1 table5 ViPNAS gflops": vipnas_macs,
    "paper2 table1 8-stage Hourglass flops": hourglass,
    "paper2 table1 CPN flops": cpn,
    "paper2 table1 SimpleBaseline-152 384x288 flops": simple_baseline,
    "paper2 table2 SimpleBaseline-152 384x288 flops": simple_baseline,
}
"""place of a cell -> the parts of its reason that hold a number, made from tables and networks"""


def speeds(cell: Cell) -> list[str]:
    """The parts of a reason that holds printed speeds against a timing of all the networks."""
    table, row, column = cell.wanted.table, cell.wanted.row, cell.wanted.column
    record = STORE.find(selection.speed(table, row, column))
    assert record is not None
    names = {
        label: f"{run.model} {run.input[0]}x{run.input[1]}"
        for label, run in selection.timed_networks(table, column).items()
    }
    own, rivals = names.pop(row.label), names
    parts = []
    for label, name in rivals.items():
        ratio = record.measurement("ratio", of=f"{own} / {name}")
        mine, theirs = (record.measurement("latency", of=one) for one in (own, name))
        assert ratio and mine and theirs and ratio.low is not None and ratio.high is not None
        value = float(ratio.value)
        assert ratio.low <= value <= ratio.high
        assert float(mine.value) / float(theirs.value) == pytest.approx(value, rel=0.02)
        fps = float(printed(table.study, table.name, label, column.key))
        times = fps / float(row.cells[column.key])
        if (times - 1) * (value - 1) < 0 and not ratio.low <= 1 <= ratio.high:
            interval = f"[{ratio.low:.2f}, {ratio.high:.2f}]"
            parts.append(f"{label}: {times:.2f}x printed, {value:.2f}x {interval} here")
    return [f"reversed against {len(parts)} of {len(rivals)} rivals", *parts[:3]]


def unexplained(cell: Cell, parts: list[str]) -> str:
    """What is left of a reason without the parts, each of which it must hold."""
    rest = cell.verdict.reason
    for part in parts:
        assert part in rest
        rest = rest.replace(part, "")
    return rest


@pytest.mark.parametrize("place", WRITTEN)
def test_a_cost_differs_for_a_reason_whose_numbers_follow_from_tables_and_networks(
    place: str,
) -> None:
    cell = cells()[place]
    assert not re.search(r"\d", unexplained(cell, WRITTEN[place](cell)))


def test_every_other_cell_with_a_reason_is_a_speed_against_its_rivals() -> None:
    others_than_costs = {place: cell for place, cell in cells().items() if place not in WRITTEN}
    for place, cell in others_than_costs.items():
        assert place.endswith("fps_cpu")
        assert not re.search(r"\d", unexplained(cell, speeds(cell)))


def test_a_speed_that_differs_has_the_cause_that_its_row_tells() -> None:
    cell = next(one for place, one in cells().items() if place.endswith("fps_cpu"))
    row = replace(cell.wanted.row, cause={cell.wanted.column.key: "Its threads are unknown."})
    told = judge(replace(cell.wanted, row=row), STORE.find).verdict
    assert told.reason == f"{cell.verdict.reason} Its threads are unknown."
