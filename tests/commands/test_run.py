"""What printed tables need, planned and made: plan, run."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.command_line import COST, ROOT, Run, parsed


def test_plan_tells_what_is_cached_possible_and_lacking(repro: Run, committed: Path) -> None:
    data = parsed(repro("plan", "paper1", "table1", "--json").out)
    assert data["cells"] == 112
    counts = [run for run in data["runs"] if run["kind"] == "count"]
    assert all(run["cached"] for run in counts) and len(counts) == 14
    assert {run["state"] for run in data["runs"] if run not in counts} == {"impossible"}
    assert sum(reason["cells"] for reason in data["lacking"]) == 84
    shutil.rmtree(committed)
    outcome = repro("plan", "paper1", "table1")
    assert outcome.out.count("to run") == 14
    assert "COCO val2017" in outcome.out


def test_run_measures_judges_and_writes(repro: Run, tmp_path: Path) -> None:
    words = ("run", "paper1", "table1", "--row", "Ours*", *COST)
    first = repro(*words)
    assert first.code == 0, first.err
    assert "2 counts: 2 done" in first.err
    assert "0.580" in first.out and "4 match" in first.out
    document = (tmp_path / "RESULTS.md").read_bytes()
    assert repro(*words).err.startswith("2 counts: 2 cached")
    assert (tmp_path / "RESULTS.md").read_bytes() == document
    data = parsed(repro(*words, "--json", "--no-write").out)
    assert data["summary"] == {"match": 4}
    cell = data["cells"][1]
    assert (cell["column"], cell["published"]["text"]) == ("gflops", "0.58")
    assert cell["measured"] == {"value": 580_004_852, "unit": "MACs", "convention": "mmcv"}
    assert cell["published"]["low"] <= cell["measured"]["value"] < cell["published"]["high"]
    assert cell["verdict"]["kind"] == "match"


def test_a_fresh_run_keeps_both_records(repro: Run, tmp_path: Path) -> None:
    words = ("run", "paper1", "table6", "--no-write", "--row", "SE*")
    assert repro(*words).code == 0
    words = ("run", "paper1", "table1", *COST, "--row", "Ours 256*", "--no-write")
    repro(*words)
    assert "1 done" in repro(*words, "--fresh").err
    assert len(list(tmp_path.glob("records/??/*.json"))) == 2
    assert len(list(tmp_path.glob("records/??/*.2.json"))) == 1


def test_every_selected_cell_gets_a_verdict(repro: Run, committed: Path) -> None:
    data = parsed(repro("run", "all", "--json", "--no-write").out)
    assert len(data["cells"]) == 974
    assert all(cell["verdict"]["reason"] for cell in data["cells"])
    assert {cell["verdict"]["kind"] for cell in data["cells"]} <= {
        "match", "convention", "near", "off", "cited", "unreproducible", "missing",
        "rank", "unstable",
    }  # fmt: skip
    assert sum(data["summary"].values()) == 974


EXACT = {
    ("paper1", "table1"): (26, {"unreproducible": 2}),
    ("paper1", "table2"): (22, {}),
    ("paper1", "table3"): (10, {}),
    ("paper1", "table5"): (5, {"unreproducible": 1}),
    ("paper2", "table1"): (23, {"near": 1, "off": 1, "unreproducible": 1}),
    ("paper2", "table2"): (15, {"near": 1, "cited": 6}),
    ("paper2", "table3"): (12, {}),
}


@pytest.mark.parametrize(("paper", "table"), EXACT)
def test_a_cost_matches_exactly_where_a_public_definition_gives_it(
    repro: Run, committed: Path, paper: str, table: str
) -> None:
    matches, others = EXACT[paper, table]
    data = parsed(repro("run", paper, table, *COST, "--json", "--no-write").out)
    assert data["summary"] == {"match": matches, **others}
    for cell in data["cells"]:
        kind, reason = cell["verdict"]["kind"], cell["verdict"]["reason"]
        assert kind != "near" or "35.3" in reason
        if kind == "match":
            low, high = cell["published"]["low"], cell["published"]["high"]
            assert low <= cell["measured"]["value"] < high


CONDITIONS = {
    ("paper4 table1", "EfficientHRNet-H2 448x448", "macs"): "as 7.85 G, which rounds to 7.9G",
    ("paper4 table2", "EfficientHRNet-H2 448x448", "macs"): "as 7.85 G, which rounds to 7.9G",
    ("paper4 table3", "DEKR HRNet-W48 640x640", "params"): "with 17 keypoints ours is",
    ("paper4 table3", "DEKR HRNet-W48 640x640", "macs"): "with 17 keypoints ours is",
    ("paper4 table3", "SWAHR HrHRNet-W48 640x640", "macs"): "with 17 keypoints ours is",
    ("paper4 table3", "EfficientHRNet-H3 416x416", "macs"): "with 17 keypoints ours is",
}


def test_the_costs_that_a_named_condition_gives_are_these(repro: Run, committed: Path) -> None:
    cells = parsed(repro("run", "all", *COST, "--json", "--no-write").out)["cells"]
    reasons = {
        (f"{cell['study']} {cell['table']}", cell["row"], cell["column"]): cell["verdict"]["reason"]
        for cell in cells
        if cell["verdict"]["kind"] == "convention"
    }
    assert set(reasons) == set(CONDITIONS)
    assert all(words in reasons[place] for place, words in CONDITIONS.items())


def test_gates_have_their_exit_codes(repro: Run, committed: Path) -> None:
    assert repro("run", "paper2", "1", *COST, "--no-write").code == 0
    assert repro("run", "paper2", "1", *COST, "--no-write", "--fail-on", "off").code == 3
    assert repro("run", "paper4", "1", *COST, "--no-write", "--fail-on", "convention").code == 3
    assert repro("run", "paper2", "3", *COST, "--no-write", "--fail-on", "off,near").code == 0
    assert repro("run", "paper1", "4", "--no-write", "--fail-on", "off").code == 4
    assert repro("run", "paper1", "1", "--no-write", "--strict").code == 4
    assert repro("run", "paper2", "3", *COST, "--no-write", "--strict").code == 0


def test_somebody_elses_results_are_left_alone(repro: Run, tmp_path: Path) -> None:
    (tmp_path / "RESULTS.md").write_text("# my own\n")
    outcome = repro("run", "paper1", "table1", *COST)
    assert outcome.code == 2 and "not written by repro" in outcome.err
    assert (tmp_path / "RESULTS.md").read_text() == "# my own\n"
    assert not (tmp_path / "records").exists()


def test_a_torn_record_is_named_and_measured_again(repro: Run, tmp_path: Path) -> None:
    words = ("run", "paper1", "table1", "--row", "Ours 256*", *COST, "--no-write")
    repro(*words)
    (path,) = tmp_path.glob("records/??/*.json")
    path.write_text(path.read_text()[:100])
    outcome = repro(*words)
    assert outcome.code == 0
    assert path.name in outcome.err and "1 done" in outcome.err
    assert "2 match" in outcome.out


def test_a_store_that_cannot_be_written_is_named(repro: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = repro("run", "paper1", "1", "--row", "Ours 256*", *COST, "--store", "file")
    assert outcome.code == 2 and "is no folder" in outcome.err and "--store" in outcome.err
    outcome = repro("run", "paper1", "1", "--row", "Ours 256*", *COST, "--store", "file/below")
    assert outcome.code == 2 and "cannot be written" in outcome.err


@pytest.mark.thorough
def test_ctrl_c_keeps_finished_records(tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "cli.py"), "run", "paper2", "table1", *COST]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("records/??/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "run the same command again" in errors and "Traceback" not in errors
    records = list(tmp_path.glob("records/??/*.json"))
    assert records
    assert all(json.loads(path.read_text())["digest"] for path in records)
    assert not list(tmp_path.rglob("*.tmp"))


def test_an_edited_table_is_named(repro: Run, own_tables: Path) -> None:
    path = own_tables / "paper1" / "table1.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("metric =", "metrik =", 1))
    outcome = repro("run", "paper1", "table1")
    assert outcome.code == 2 and str(path) in outcome.err


def test_a_failing_run_keeps_the_others(repro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from repro.counting import counter

    honest = counter.run

    def failing(spec: object, *rest: object) -> object:
        if "384x288" in str(spec):
            raise RuntimeError("not enough memory")
        return honest(spec, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(counter, "run", failing)
    outcome = repro("run", "paper1", "table1", "--row", "Ours*", *COST, "--no-write")
    assert outcome.code == 6
    assert "1 done, 1 failed" in outcome.err and "not enough memory" in outcome.err
    assert "2 match" in outcome.out
