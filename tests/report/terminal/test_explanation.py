"""What `repro explain` shows of a measured value: its digits, its unit, how sure, and where."""

from dataclasses import replace

import pytest
from rich.console import Console

from repro.plans import selection
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.requirements import SpeedRequirement, Wanted
from repro.report.terminal import explanation
from repro.verdicts.judge import judge


def wanted(paper: str, table: str, row: str, column: str) -> Wanted:
    """A printed cell."""
    (found,) = selection.tables(paper, table)
    one = next(each for each in found.rows if each.label == row)
    return selection.cell(found, one, found.column(column))


def explained(cell: Wanted, record: Record) -> tuple[list[str], dict[str, object]]:
    """The lines of the chain, and its data."""
    judged = judge(cell, lambda spec: record)
    console = Console(width=300)
    with console.capture() as capture:
        console.print(explanation.chain(judged, record))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return lines, explanation.described(judged, record)


def timing(cell: Wanted, **interval: float) -> Record:
    """A timing that has the networks of a column alike."""
    assert isinstance(cell.spec, SpeedRequirement)
    figures = [
        Measurement("latency", 24.657642, "ms", None, **interval, of=name)  # type: ignore[arg-type]
        for name in {cell.spec.network, *cell.spec.rivals.values()}
    ]
    spec = {"kind": "speed", "machine": "a box", "threads": 2, "batch": 1}
    floor = Measurement("noise_floor", 1.9, "%")
    return Record("f" * 64, spec, (*figures, floor), env={"python": "3.11"})


def test_a_speed_is_shown_as_measured_with_its_interval_and_its_machine() -> None:
    cell = wanted("paper1", "table5", "Ours", "fps_cpu")
    lines, data = explained(cell, timing(cell, low=23.5, high=26.0))
    assert "ours      40.56 FPS, 95 % interval 38.46 to 42.55" in lines
    where = "a box · 2 threads · batch 1 · eager · equal networks 1.9 % apart (A/A)"
    assert f"on        {where}" in lines
    assert data["interval"] == pytest.approx([1000 / 26, 1000 / 23.5])
    lines, data = explained(cell, timing(cell))
    assert "ours      40.56 FPS" in lines and "interval" not in data


def test_a_latency_keeps_its_milliseconds() -> None:
    cell = wanted("paper4", "table1", "LitePose-S 448x448", "latency")
    lines, data = explained(cell, timing(cell, low=23.5, high=26.0))
    assert "ours      24.66 ms, 95 % interval 23.50 to 26.00" in lines
    assert data["interval"] == [23.5, 26.0]


def evaluated(**interval: float) -> Record:
    """An evaluation of paper1's network."""
    spec = {
        "kind": "evaluate",
        "execution": {"device": "cpu", "batch": 32, "precision": "fp32"},
        "data": {"name": "COCO val2017", "images": 5000},
        "evaluator": "pycocotools 2.0.11",
    }
    figure = Measurement("AP", 65.9, "%", **interval)  # type: ignore[arg-type]
    return Record("e" * 64, spec, (figure,), env={"processor": "a processor"})


def test_an_accuracy_is_shown_in_per_cent_with_its_interval_and_its_data() -> None:
    cell = wanted("paper1", "table1", "Ours 256x192", "ap")
    lines, data = explained(cell, evaluated(low=65.1234, high=66.7))
    assert "ours      65.90 %, 95 % interval 65.12 to 66.70" in lines
    where = "cpu, batch 32, precision fp32 · COCO val2017, 5,000 images · pycocotools 2.0.11"
    assert f"on        a processor · {where}" in lines
    assert data["interval"] == [65.1234, 66.7]
    lines, data = explained(cell, replace(evaluated(), spec={"kind": "evaluate"}))
    assert "ours      65.90 %" in lines and "interval" not in data
    assert "on        a processor" in lines


def test_a_cost_stays_a_whole_number_with_its_modules() -> None:
    cell = wanted("paper2", "table1", "LPN-50", "params")
    record = Record("c" * 64, {}, (Measurement("params", 2_911_153, "parameters"),), {})
    lines, data = explained(cell, record)
    assert "ours      2,911,153 parameters = 2.91115 M" in lines and "interval" not in data


def test_what_is_copied_and_what_may_be_noise_is_said() -> None:
    empty = Record("f" * 64, {}, (), {})
    lines, data = explained(wanted("paper4", "table1", "LitePose-S 448x448", "latency"), empty)
    told = "It looks copied from LitePose repository, README (its column `Mobile`)."
    assert f"copied    {told}" in lines and data["copied"] == told and data["noise"] is None
    lines, data = explained(wanted("paper1", "table4", "F(x)=2x", "ap"), empty)
    assert str(data["noise"]).startswith("+0.03 after `None`: within noise. On COCO val2017")
    assert any(line.startswith("noise     +0.03") for line in lines) and data["copied"] is None
    lines, data = explained(wanted("paper4", "table1", "LitePose-S 448x448", "params"), empty)
    assert (data["copied"], data["noise"]) == (None, None)
