"""Printed speeds beside planted times."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from repro.comparing import speed_columns
from repro.comparing.speed_columns import ColumnBeside
from repro.papers import study
from repro.plans import printed_speeds, selection
from repro.records.store import Store
from repro.speed import sweep
from repro.speed.measure.procedures import TWIN
from repro.speed.measure.subjects import Subject, TimedRun, Way
from repro.speed.results import recording
from repro.speed.results.analysis import Analysis
from repro.speed.roofline import placement
from support.planted_times import MACHINE, planted

PRINTED = {
    "simplebaseline_mobilenetv2": 1 / 19.3,
    "simplebaseline_shufflenetv2": 1 / 20.2,
    "vipnas_mobilenetv3": 1 / 4.6,
    "litehrnet_18": 1 / 10.3,
    "litehrnet_30": 1 / 6.2,
    "hwl_mobilenetv3": 1 / 18.3,
}
"""seconds of an image in paper1 Table V, FPS(CPU)"""
SETTINGS = {"protocol": "repro", "finished": 6, "threads": 1}


def timed(seconds: Mapping[str, float], **change: object) -> TimedRun:
    """A run whose networks take so long, with the A/A twin of the first."""
    subjects = [
        replace(one, **change)
        for one in sweep.sweep(sweep.networks(None, None, "paper1"))
        if one.model in seconds
    ]
    subjects.append(replace(subjects[0], alias=TWIN))
    factors = [1000 * seconds[one.model] for one in subjects]
    return planted(factors, processes=6, within=0.01, subjects=subjects, settings=SETTINGS)


def beside(run: TimedRun, paper: str = "paper1") -> list[ColumnBeside]:
    """A paper's columns beside a run."""
    found = Analysis(run)
    return speed_columns.beside(found, recording.record(run, found), paper)


def test_times_as_printed_have_the_printed_ratios_and_rank() -> None:
    gpu, cpu = beside(timed(PRINTED))
    assert (cpu.title, cpu.way, cpu.reference) == (
        "paper1 Table V FPS(CPU)",
        Way("eager", "fp32", 1),
        "ShuffleNetV2",
    )
    assert {one.verdict for one in cpu.held} == {"rank"}
    assert cpu.tau is not None and cpu.tau.value == 1
    slowest = next(one for one in cpu.held if one.row == "ViPNAS")
    assert slowest.printed == "4.6" and slowest.ratio == pytest.approx(20.2 / 4.6)
    assert slowest.low < slowest.ratio < slowest.high
    fastest = next(one for one in cpu.held if one.row == "ShuffleNetV2")
    assert (fastest.ratio, fastest.value) == (1, 1)
    assert gpu.reference == "MobileNetV2"
    assert {one.verdict for one in gpu.held} == {""}
    assert "is of a gpu" in gpu.held[0].reason


def test_a_network_that_is_slow_only_in_print_is_off() -> None:
    _, cpu = beside(timed(PRINTED | {"vipnas_mobilenetv3": 1 / 40}))
    verdicts = {one.row: one.verdict for one in cpu.held}
    assert verdicts["ViPNAS"] == "off"
    assert cpu.tau is not None and cpu.tau.value < 1


def test_two_processes_are_too_few_for_a_verdict() -> None:
    run = timed(PRINTED)
    few = replace(run, blocks=tuple(one for one in run.blocks if one.process < 2))
    assert {one.verdict for one in beside(few)[1].held} == {"unstable"}


def test_a_run_on_a_gpu_is_judged_by_the_column_of_a_gpu() -> None:
    conditions = {"device": {"name": "H200", "cuda": "13.0"}}
    run = replace(timed(PRINTED), conditions=conditions)
    gpu, cpu = beside(run)
    assert {one.verdict for one in cpu.held} == {""}
    assert "" not in {one.verdict for one in gpu.held}
    spec = recording.described(run)
    assert spec["device"] == "cuda" and str(spec["machine"]).startswith("H200, CUDA 13.0, ")


def test_figures_and_phones_are_held_too_and_strangers_are_not() -> None:
    networks = sweep.sweep(sweep.networks(None, None, "paper2"))
    run = planted((30, 43, 130, 312), processes=6, subjects=networks, settings=SETTINGS)
    (figure,) = beside(run, "paper2")
    assert (figure.title, figure.reference) == ("paper2 Figure 4 FPS", "LPN-50")
    assert {one.verdict for one in figure.held} == {"rank"}
    assert beside(run) == []
    assert [one.title for one in printed_speeds.printed("paper4")] == [
        f"paper4 Table {number} Latency (ms)" for number in ("I", "II", "III")
    ]


def test_names_tell_the_subjects_of_a_sweep_apart() -> None:
    networks = sweep.networks(["lpn_50"], "64x64", None)
    every = sweep.sweep(networks, (1, 8), ("fp32", "bf16"), ("eager", "openvino"))
    run = TimedRun((*every, replace(every[0], alias=TWIN)), (), (), {}, {})
    names = recording.names(run)
    assert len(set(names.values())) == len(names) == 8
    assert names[7] == "lpn_50 64x64 [openvino, bf16, batch 8]"
    spec = recording.described(run)
    assert (spec["batch"], spec["precision"]) == ([1, 8], ["fp32", "bf16"])
    plain = TimedRun((every[0],), (), (), {}, {}, interrupted=True)
    assert recording.names(plain) == {0: "lpn_50 64x64"}
    assert recording.described(plain)["interrupted"] is True


def test_subjects_lie_on_the_roofline_by_their_own_time_and_batch() -> None:
    networks = sweep.networks(["hwl_mobilenetv3", "lpn_50"], "64x64", None)
    every = sweep.sweep(networks, (1, 2), ("fp32", "bf16"), ("eager", "ahead"))
    flipped = [replace(one, flip=True) for one in every if one.model == "lpn_50"]
    subjects: list[Subject] = [*every[:8], flipped[0]]
    factors = [10.0 * one.batch / (1 + (one.backend == "ahead")) for one in subjects]
    run = planted(factors, subjects=subjects, settings=SETTINGS, between=0, within=0.001)
    rows = {(one.row.model, one.way): one.row for one in placement.placed(Analysis(run), MACHINE)}
    assert {way.precision for _, way in rows} == {"fp32"}
    one, two, quick = (
        rows["hwl_mobilenetv3 64x64", Way(backend, "fp32", batch)]
        for backend, batch in (("eager", 1), ("eager", 2), ("ahead", 1))
    )
    assert two.macs == 2 * one.macs and quick.moved < one.moved
    assert one.seconds == pytest.approx(0.010, rel=0.05)
    assert rows["lpn_50 64x64", Way("eager", "fp32", 1)].seconds == pytest.approx(0.005, rel=0.05)
    said = placement.explained(placement.placed(Analysis(run), MACHINE))
    assert [words.split()[0] for words in said] == ["hwl_mobilenetv3", "lpn_50"]
    assert "ms are not needed with ahead" in said[0]
    assert "(lpn_50 64x64: 121 of" in said[0]


def test_only_a_whole_run_on_the_processor_judges_a_printed_cell(tmp_path: Path) -> None:
    (wanted,) = selection.speeds(
        selection.select([study.load_table("paper1", "table5")], metrics=["fps"])
    )
    store, run = Store(tmp_path), timed(PRINTED)
    gpu = replace(run, conditions={"device": {"name": "H200", "cuda": "13.0"}})
    few = replace(run, blocks=tuple(one for one in run.blocks if one.process < 2))
    for one, found in (
        (gpu, None),
        (replace(run, interrupted=True), None),
        (few, "unstable"),
        (run, "stable"),
        (replace(few, blocks=few.blocks[:-7]), "stable"),
    ):
        store.add(recording.record(one, Analysis(one)), again=True)
        kept = store.find(wanted)
        state = None if kept is None else "unstable" if "unstable" in kept.notes else "stable"
        assert state == found
