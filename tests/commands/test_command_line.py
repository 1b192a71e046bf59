"""The commands as a user types them: results, JSON, exit codes, bad input."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.papers import study
from support.command_line import ROOT, Run

COST = ("--metric", "params,macs")


def parsed(text: str) -> dict[str, object]:
    """The one JSON object on stdout."""
    data = json.loads(text)
    assert isinstance(data, dict)
    assert data["schema"] == 1
    return data


def test_a_bare_command_shows_the_way(repro: Run) -> None:
    outcome = repro()
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) <= 7
    assert "repro run paper1 table1" in outcome.out


def test_list(repro: Run) -> None:
    assert len(repro("list").out.splitlines()) == 4
    data = parsed(repro("list", "--json").out)
    assert [one["name"] for one in data["studies"]] == study.study_names()
    assert "table10" in repro("list", "wlitepose").out
    assert "lpn_50" in parsed(repro("list", "--models", "--json").out)["models"]
    assert len(parsed(repro("list", "paper1", "--json").out)["tables"]) == 6


def test_show_prints_what_the_paper_prints(repro: Run) -> None:
    outcome = repro("show", "paper2", "3")
    assert "1.0079G" in outcome.out and "LPN-152" in outcome.out
    data = parsed(repro("show", "paper2", "3", "--json").out)
    assert [column["label"] for column in data["columns"]][:3] == ["Method", "GC Block", "#Params"]
    row = data["rows"][1]
    assert (row["model"], row["input"]) == ("lpn_50", [256, 192])
    assert row["cells"]["flops"] == "1.0079G"
    absent = parsed(repro("show", "paper2", "1", "--json").out)["rows"][0]["cells"]
    assert absent["ar"] is None


@pytest.mark.parametrize("paper", study.study_names())
def test_every_table_can_be_shown_and_listed(repro: Run, paper: str) -> None:
    for table in study.table_names(paper):
        for words in (("show", paper, table), ("show", paper, table, "--json")):
            assert repro(*words).code == 0
    assert repro("list", paper).code == 0


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A copy of the committed records."""
    return Path(shutil.copytree(ROOT / "records", tmp_path / "records"))


def test_plan_tells_what_is_cached_possible_and_lacking(repro: Run, kept: Path) -> None:
    data = parsed(repro("plan", "paper1", "table1", "--json").out)
    assert data["cells"] == 112
    counts = [run for run in data["runs"] if run["kind"] == "count"]
    assert all(run["cached"] for run in counts) and len(counts) == 14
    assert {run["state"] for run in data["runs"] if run not in counts} == {"impossible"}
    assert sum(reason["cells"] for reason in data["lacking"]) == 84
    shutil.rmtree(kept)
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


def test_every_selected_cell_gets_a_verdict(repro: Run, kept: Path) -> None:
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
    repro: Run, kept: Path, paper: str, table: str
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


def test_known_deviations_say_why(repro: Run, kept: Path) -> None:
    def reason(*words: str) -> str:
        return str(parsed(repro("explain", *words, "--json").out)["verdict"]["reason"])

    assert "prints as 26.2G" in reason("paper2", "1", "8-stage Hourglass", "flops")
    assert "coincidence" in reason("paper1", "1", "ViPNAS 256x192", "gflops")
    assert "torchstat" in reason("paper1", "1", "Small HRNet 256x192", "gflops")
    assert reason("paper2", "3", "LPN-50 GC", "flops").endswith("cut.")


CONDITIONS = {
    ("paper4 table1", "EfficientHRNet-H2 448x448", "macs"): "as 7.85 G, which rounds to 7.9G",
    ("paper4 table2", "EfficientHRNet-H2 448x448", "macs"): "as 7.85 G, which rounds to 7.9G",
    ("paper4 table3", "DEKR HRNet-W48 640x640", "params"): "with 17 keypoints ours is",
    ("paper4 table3", "DEKR HRNet-W48 640x640", "macs"): "with 17 keypoints ours is",
    ("paper4 table3", "SWAHR HrHRNet-W48 640x640", "macs"): "with 17 keypoints ours is",
    ("paper4 table3", "EfficientHRNet-H3 416x416", "macs"): "with 17 keypoints ours is",
}


def test_the_costs_that_a_named_condition_gives_are_these(repro: Run, kept: Path) -> None:
    cells = parsed(repro("run", "all", *COST, "--json", "--no-write").out)["cells"]
    found = {
        (f"{cell['study']} {cell['table']}", cell["row"], cell["column"]): cell["verdict"]["reason"]
        for cell in cells
        if cell["verdict"]["kind"] == "convention"
    }
    assert set(found) == set(CONDITIONS)
    assert all(words in found[place] for place, words in CONDITIONS.items())


def test_gates_have_their_exit_codes(repro: Run, kept: Path) -> None:
    assert repro("run", "paper2", "1", *COST, "--no-write").code == 0
    assert repro("run", "paper2", "1", *COST, "--no-write", "--fail-on", "off").code == 3
    assert repro("run", "paper4", "1", *COST, "--no-write", "--fail-on", "convention").code == 3
    assert repro("run", "paper2", "3", *COST, "--no-write", "--fail-on", "off,near").code == 0
    assert repro("run", "paper1", "4", "--no-write", "--fail-on", "off").code == 4
    assert repro("run", "paper1", "1", "--no-write", "--strict").code == 4
    assert repro("run", "paper2", "3", *COST, "--no-write", "--strict").code == 0


def test_count(repro: Run) -> None:
    data = parsed(repro("count", "lpn_50", "--input", "256x256", "--keypoints", "16", "--json").out)
    assert (data["model"], data["input"], data["params"]) == ("lpn_50", [256, 256], 2_910_896)
    assert data["macs"] == {"fvcore": 1_446_944_240}
    assert data["uncounted"] == []
    every = parsed(repro("count", "lpn_50", "--convention", "all", "--json").out)
    assert every["macs"]["hrnet"] == 1_082_300_416
    assert len(every["macs"]) == 6
    several = parsed(repro("count", "lpn_50*", "--convention", "conv", "--json").out)
    assert [one["model"] for one in several["results"]] == ["lpn_50", "lpn_50_nogc"]
    tree = repro("count", "lpn_50", "--convention", "hrnet", "--depth", "2").out
    assert "layer3" in tree and "1,082,300,416" in tree and "operators without a rule: none" in tree


def test_parity(repro: Run) -> None:
    golden = ("--golden", str(ROOT / "tests" / "golden"))
    data = parsed(repro("parity", "small_hrnet_w16", *golden, "--json").out)
    assert [(one["model"], one["ok"]) for one in data["results"]] == [("small_hrnet_w16", True)]
    assert repro("parity", "small_hrnet_w16", *golden).out.endswith("to 1e-09\n")


def test_parity_with_a_changed_golden_differs(repro: Run, tmp_path: Path) -> None:
    text = (ROOT / "tests" / "golden" / "small_hrnet_w16.json").read_text(encoding="utf-8")
    (tmp_path / "g.json").write_text(text.replace('"seed":0', '"seed":5'), encoding="utf-8")
    outcome = repro("parity", "--golden", str(tmp_path))
    assert outcome.code == 3
    assert "g.json: outputs differ" in outcome.err


def test_parity_that_compared_nothing_says_so(repro: Run) -> None:
    golden = str(ROOT / "tests" / "golden")
    outcome = repro("parity", "cbam_litehrnet_30", "--golden", golden)
    assert outcome.code == 4 and "nothing compared" in outcome.err


def test_explain_shows_the_chain(repro: Run, kept: Path) -> None:
    out = repro("explain", "paper2", "table1", "LPN-50", "flops").out
    for part in ("1.0G: 0.95 up to 1.10", "hrnet", "layer4", "1,082,300,416", "match", "record"):
        assert part in out
    data = parsed(repro("explain", "paper2", "table1", "LPN-50", "FLOPs", "--json").out)
    assert data["conventions"]["conv"] == 1_069_717_504
    assert sum(part["macs"]["hrnet"] for part in data["parts"]) == 1_082_300_416


def test_doctor(repro: Run) -> None:
    outcome = repro("doctor")
    assert outcome.code == 0 and "torch" in outcome.out
    names = [check["name"] for check in parsed(repro("doctor", "--json").out)["checks"]]
    assert {"python", "torch", "memory", "store"} <= set(names)


def test_records(repro: Run, kept: Path) -> None:
    listed = parsed(repro("records", "ls", "--json").out)["records"]
    assert all(record["state"] == "current" for record in listed)
    assert parsed(repro("records", "gc", "--json").out)["removed"] == []
    assert repro("records", "rm", listed[0]["key"][:10]).code == 0
    assert len(parsed(repro("records", "ls", "--json").out)["records"]) == len(listed) - 1
    assert repro("records", "rm", "zzzzzz").code == 2
    assert repro("records", "rm", "a").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("show paper5 table1", "no study `paper5`"),
        ("show paper1 tabel1", "`table1`"),
        ("show paper1 table7", "`table7`"),
        ("run paper1 0", "`0`"),
        ("show paper1", "Missing argument"),
        ("run paper9", "`paper9`"),
        ("run all table1", "`all` takes no table"),
        ("run paper1 table1 --row Nobody*", "There are: SimpleBaseline MobileNetV2"),
        ("run paper1 table1 --metric speed", "no metric `speed`"),
        ("run paper1 table1 --metric fps", "No column of paper1 table1"),
        ("run paper1 table1 --fail-on of", "no verdict `of`"),
        ("run paper1 table1 --results nowhere/R.md", "no folder `nowhere`"),
        ("run paper1 table1 --results .", "is no plain file"),
        ("run paper1 table1 --store " + "a" * 300, "File name too long"),
        ("count lpn_50 --depth -1", "depth"),
        ("count lpn50", "`lpn_50`"),
        ("count lpn_50 --input 250x190", "multiples of 16"),
        ("count lpn_50 --input big", "`big` is no size"),
        ("count lpn_50 --convention mmvc", "`mmcv`"),
        ("count lpn_50 --keypoints 0", "0 keypoints"),
        ("count lpn_50 --keypoints many", "many"),
        ("parity lpn50", "`lpn_50`"),
        ("parity --golden nowhere", "`nowhere` is no folder"),
        ("explain paper2 table1 LPN-51 flops", "`LPN-50`"),
        ("explain paper2 table1 LPN-50 flop", "`flops`"),
        ("list paper1 paper2", "paper2"),
        ("explain paper2 table1 LPN-50 method", "holds no number"),
        ("explain paper2 table1 CPN ar", "is blank"),
        ("explain paper1 table1 Small gflops", "means 2 rows"),
        ("lst", "lst"),
        ("list --nonsense", "--nonsense"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(repro: Run, words: str, said: str) -> None:
    outcome = repro(*words.split())
    assert outcome.code == 2
    assert outcome.out == ""
    assert said.lower() in outcome.err.lower()
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err and len(outcome.err.splitlines()) <= 3


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


ENDS = (
    ("show paper2 table3 | head -1", "", 0),
    ("run paper2 table3 | head -1", "", 0),
    ("show paper2 table3 > /dev/full", "the output cannot be used: No space left", 2),
    ("run paper2 table3 > /dev/full", "the output cannot be used: No space left", 2),
    ("show paper2 table3 >&-", "", 0),
    ("run paper2 table3 >&-", "", 0),
)


@pytest.mark.parametrize(("words", "said", "code"), ENDS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_closed_or_full_output_loses_nothing(
    tmp_path: Path, kept: Path, words: str, said: str, code: int
) -> None:
    script = f"set -o pipefail; {sys.executable} {ROOT / 'cli.py'} {words}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "RESULTS.md").exists() == words.startswith("run")


@pytest.mark.parametrize("words", ["list", "show paper2 table3", "doctor", "list paper2 --json"])
def test_an_output_without_unicode_is_served(tmp_path: Path, words: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "words"),
    [("fvcore.nn", "count lpn_50 --input 64x64"), ("orjson", "data synth made --train 1 --val 1")],
)
def test_a_package_that_is_not_installed_is_named(
    repro: Run, monkeypatch: pytest.MonkeyPatch, package: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    outcome = repro(*words.split())
    assert outcome.code == 2 and "Traceback" not in outcome.err
    assert f"This needs `{package.partition('.')[0]}`, which is not installed" in outcome.err


def test_a_bug_is_not_hidden(repro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from repro import doctor

    def broken(store: object) -> object:
        raise KeyError("bug")

    monkeypatch.setattr(doctor, "checks", broken)
    with pytest.raises(KeyError):
        repro("doctor")
