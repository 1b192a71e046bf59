"""One rule says which record counts, and every command follows it."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from repro.evaluation import probe
from repro.plans import selection
from repro.records.record import BY_BEHAVIOUR, CURRENT, STALE, file_of
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted
from repro.records.runs import CountRun
from repro.records.store import Store
from repro.report.files import publish
from repro.verdicts import judge
from support import record_scenes
from support.command_line import Run
from support.record_scenes import PROBE, cells_of, parsed

LPN = ("paper2", "table1", "LPN-50")
AP = (*LPN, "ap")
FPS = ("paper1", "table5", "Ours", "fps_cpu")
OLD, NEW = "2001-01-01T00:00:00.000000", "2002-01-01T00:00:00.000000"
FIRST, LAST = "0" * 64, "f" * 64
"""keys whose files come before and after all others"""


def cell(paper: str, table: str, row: str, column: str) -> Wanted:
    """A printed cell."""
    (found,) = selection.tables(paper, table)
    one = next(each for each in found.rows if each.label == row)
    return selection.cell(found, one, found.column(column))


def accuracy() -> AccuracyRequirement:
    spec = cell(*AP).spec
    assert isinstance(spec, AccuracyRequirement)
    return spec


def speed() -> SpeedRequirement:
    spec = cell(*FPS).spec
    assert isinstance(spec, SpeedRequirement)
    return spec


@pytest.fixture
def as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the code of every evaluation did what it did when `PROBE` was taken."""
    monkeypatch.setattr(probe, "of", lambda spec: PROBE)


ACCURACIES = ("run", "paper2", "table1", "--row", "LPN-50*", "--metric", "AP", "--no-write")


def test_a_stale_evaluation_is_shown_and_never_judged(repro: Run, tmp_path: Path) -> None:
    older = record_scenes.evaluated(
        record_scenes.evaluation(accuracy()), 12.3, "other", {}, commit="0ldc0de"
    )
    Store(tmp_path / "records").add(replace(older, key=FIRST))
    (found,) = parsed(repro(*ACCURACIES, "--json"))["cells"]
    assert found["measured"] is None and found["delta"] is None
    assert found["stale"]["value"] == 12.3 and found["record"] == FIRST
    assert found["standing"] == STALE and found["verdict"]["kind"] == "missing"
    assert "12.30 % was measured by older code, of commit 0ldc0de" in found["verdict"]["reason"]
    shown = repro(*ACCURACIES)
    assert "12.30 stale" in shown.out and "0ldc0de" in shown.out
    assert repro(*ACCURACIES, "--fail-on", "missing").code == 3
    assert repro(*ACCURACIES, "--fail-on", "off").code == 4
    assert repro(*ACCURACIES, "--strict").code == 4
    told = repro("explain", *AP).out
    assert "ours      12.30 %, 95 % interval 11.30 to 13.30" in told
    assert "stale, not judged: made by other code than the present, of commit 0ldc0de" in told
    (listed,) = parsed(repro("records", "ls", "--json"))["records"]
    assert listed["state"] == STALE and "paper2 table1 LPN-50 ap" in listed["cells"]
    assert f"{STALE}  " in repro("records", "ls").out and "shown in" in repro("records", "ls").out
    compared = parsed(repro("compare", "published", "records", "--json"), 4)
    calls = {one["cell"]: one["call"] for one in compared["changes"]}
    assert calls["paper2 table1 LPN-50 ap"] == "missing"


@pytest.mark.parametrize("key", [FIRST, LAST])
def test_a_newer_timing_counts_wherever_its_file_is(repro: Run, tmp_path: Path, key: str) -> None:
    store = Store(tmp_path / "records")
    store.add(record_scenes.timed(speed(), 10, "5" * 64, at=OLD))
    store.add(record_scenes.timed(speed(), 30, key, at=NEW))
    found = parsed(repro("explain", *FPS, "--json"))
    assert found["record"] == key and found["verdict"]["kind"] in ("rank", "off")


@pytest.mark.parametrize("newest", [1, 32])
def test_a_newer_evaluation_counts_wherever_its_file_is(
    repro: Run, tmp_path: Path, newest: int
) -> None:
    """Batches of 1 and of 32 have different keys, and which sorts last is chance."""
    store = Store(tmp_path / "records")
    for batch in (1, 32):
        one = record_scenes.evaluation(accuracy(), batch)
        store.add(record_scenes.evaluated(one, float(batch), at=NEW if batch == newest else OLD))
    found = parsed(repro("explain", *AP, "--json"))
    assert found["measured"]["value"] == newest and "standing" not in found


def test_the_newer_of_one_key_counts_by_its_time_and_not_by_its_number(tmp_path: Path) -> None:
    wanted, store = cell(*LPN, "params"), Store(tmp_path)
    assert isinstance(wanted.spec, CountRun)
    store.add(record_scenes.counted(wanted.spec, 1, at=NEW))
    store.add(record_scenes.counted(wanted.spec, 2, at=OLD), again=True)
    found = store.find(wanted.spec)
    assert found is not None and found.made is not None and found.made.at == NEW


def test_a_fresh_count_is_judged_before_the_kept_one(repro: Run, tmp_path: Path) -> None:
    wanted = cell(*LPN, "params")
    assert isinstance(wanted.spec, CountRun)
    Store(tmp_path / "records").add(record_scenes.counted(wanted.spec, 1, at=OLD))
    words = ("run", *LPN[:2], "--row", LPN[2], "--metric", "params", "--no-write", "--json")
    kept = cells_of(parsed(repro(*words)))[wanted.place]
    assert kept["measured"]["value"] == 1_010_000 and kept["verdict"]["kind"] == "off"
    fresh = cells_of(parsed(repro(*words, "--fresh")))[wanted.place]
    assert fresh["verdict"]["kind"] == "match"
    assert cells_of(parsed(repro(*words)))[wanted.place] == fresh
    listed = parsed(repro("records", "ls", "--json"))["records"]
    fills = {Path(one["path"]).suffixes[0]: one["cells"] for one in listed}
    assert wanted.place in fills[".2"] and fills[".json"] == []
    links = publish.render(Store(tmp_path / "records")).whole.splitlines()
    assert f"[{wanted.spec.key[:7]}]: ../records/{file_of(wanted.spec.key, 2)}" in links


def test_a_record_of_another_run_under_a_runs_name_makes_room(tmp_path: Path) -> None:
    wanted, store = cell(*LPN, "params"), Store(tmp_path)
    assert isinstance(wanted.spec, CountRun)
    path = store.add(record_scenes.counted(replace(wanted.spec, keypoints=3), 1, wanted.spec.key))
    assert store.find(wanted.spec) is None and "another run" in store.warnings[0]
    assert store.add(record_scenes.counted(wanted.spec, 2)) == path
    found = store.find(wanted.spec)
    assert found is not None and found.value("params") == 1_020_000
    assert path.with_suffix(".1.broken").exists()


def test_an_impossible_count_of_other_code_is_named(tmp_path: Path) -> None:
    wanted, store = cell(*LPN, "params"), Store(tmp_path)
    assert isinstance(wanted.spec, CountRun)
    path = store.add(record_scenes.counted(wanted.spec, 1, "a" * 64))
    path.write_text(path.read_text().replace('"parameters"', '"bananas"'))
    assert store.find(wanted.spec) is None
    assert path.name in store.warnings[0] and "`bananas`" in store.warnings[0]


def test_a_torn_count_is_named_though_accuracies_were_looked_for_first(tmp_path: Path) -> None:
    wanted, store = cell(*LPN, "params"), Store(tmp_path)
    assert isinstance(wanted.spec, CountRun)
    path = store.add(record_scenes.counted(wanted.spec, 1))
    path.write_text(path.read_text()[:200])
    assert store.find(accuracy()) is None and not store.warnings
    assert store.find(wanted.spec) is None and path.name in store.warnings[0]


def by_other_code(folder: Path, probe: Mapping[str, str]) -> str:
    """Keep an evaluation by code of another digest; return its key."""
    record = record_scenes.evaluated(
        record_scenes.evaluation(accuracy()), 66.0, "other", probe, commit="0ther"
    )
    Store(folder).add(record)
    return record.key


def test_other_code_that_gives_the_same_bits_is_current_by_behaviour(
    repro: Run, tmp_path: Path, as_ever: None
) -> None:
    key = by_other_code(tmp_path / "records", PROBE)
    (found,) = parsed(repro(*ACCURACIES, "--json"))["cells"]
    assert found["measured"]["value"] == 66 and "stale" not in found
    assert found["standing"] == BY_BEHAVIOUR and found["record"] == key
    assert repro(*ACCURACIES, "--strict").code == 0
    assert parsed(repro("explain", *AP, "--json"))["standing"] == BY_BEHAVIOUR
    told = repro("explain", *AP).out
    assert (
        "by behaviour, made by other code, of commit 0ther, whose probe gives the present" in told
    )
    assert f"{BY_BEHAVIOUR}  " in repro("records", "ls").out
    (listed,) = parsed(repro("records", "ls", "--json"))["records"]
    assert listed["state"] == BY_BEHAVIOUR and "paper2 table1 LPN-50 ap" in listed["cells"]
    assert key[:7] in publish.render(Store(tmp_path / "records")).whole
    (planned,) = parsed(repro("plan", *ACCURACIES[1:-1], "--json"))["runs"]
    assert planned["state"] == "cached"


@pytest.mark.parametrize("probe", [{}, {"pipeline": "as ever"}, {**PROBE, "network": "changed"}])
def test_other_code_that_gives_other_bits_is_stale(
    tmp_path: Path, as_ever: None, probe: Mapping[str, str]
) -> None:
    by_other_code(tmp_path, probe)
    found = judge.judge(cell(*AP), Store(tmp_path).find)
    assert found.measured is None and found.stale is not None
    assert judge.described(found)["standing"] == STALE


def test_a_record_under_a_name_that_its_code_does_not_give_is_stale(
    tmp_path: Path, as_ever: None
) -> None:
    record = record_scenes.evaluated(record_scenes.evaluation(accuracy()), 66.0, "other")
    Store(tmp_path).add(replace(record, code="another"))
    found = Store(tmp_path).find(accuracy())
    assert found is not None and found.stale


def test_what_is_current_by_behaviour_is_worth_as_much_and_the_newer_counts(
    tmp_path: Path, as_ever: None
) -> None:
    run = record_scenes.evaluation(accuracy())
    for at, standing in ((OLD, CURRENT), (NEW, BY_BEHAVIOUR)):
        folder = tmp_path / standing
        Store(folder).add(record_scenes.evaluated(run, 60.0, at=OLD if at == NEW else NEW))
        Store(folder).add(record_scenes.evaluated(run, 61.0, "other", at=at))
        found = Store(folder).find(accuracy())
        assert found is not None and found.standing == standing


def test_the_real_probe_tells_the_same_behaviour_and_a_changed_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = probe.of(record_scenes.evaluation(accuracy()).described())
    assert set(real) == {"pipeline", "network"}
    by_other_code(tmp_path, real)
    found = Store(tmp_path).find(accuracy())
    assert found is not None and found.standing == BY_BEHAVIOUR
    import torch

    monkeypatch.setattr(torch.nn.ReLU, "forward", lambda self, x: torch.relu(x) * 1.01)
    found = Store(tmp_path).find(accuracy())
    assert found is not None and found.standing == STALE


def test_an_unstable_timing_is_shown_as_such_and_is_in_no_results(
    repro: Run, tmp_path: Path
) -> None:
    store = Store(tmp_path / "records")
    store.add(record_scenes.timed(speed(), 10, FIRST, "Noise of 40 %.", at=NEW))
    words = ("run", *FPS[:2], "--row", FPS[2], "--no-write")
    found = cells_of(parsed(repro(*words, "--json")))[" ".join(FPS)]
    assert found["verdict"]["kind"] == "unstable" and found["measured"]["value"] > 0
    assert found["verdict"]["reason"] == "Noise of 40 %. No verdict."
    explained = parsed(repro("explain", *FPS, "--json"))
    assert explained["verdict"] == found["verdict"] and "unstable" in repro("explain", *FPS).out
    text = publish.render(Store(tmp_path / "records")).whole
    assert FIRST[:7] not in text and "unstable" not in text
    store.add(record_scenes.timed(speed(), 30, LAST, at=OLD))
    stable = cells_of(parsed(repro(*words, "--json")))[" ".join(FPS)]
    assert stable["record"] == LAST and stable["verdict"]["kind"] in ("rank", "off")
    text = publish.render(Store(tmp_path / "records")).whole
    assert LAST[:7] in text and FIRST[:7] not in text


@pytest.mark.thorough
def test_results_of_one_folder_are_not_written_anew_from_another(
    repro: Run, tmp_path: Path
) -> None:
    words = ("run", "paper2", "table1", "--row", "LPN-50", "--metric", "params")
    assert repro(*words).code == 0
    before = (tmp_path / "RESULTS.md").read_bytes()
    refused = repro(*words, "--store", "elsewhere", "--fresh")
    assert refused.code == 2 and refused.out == ""
    assert "would be written anew from `elsewhere` alone" in refused.err
    assert "--no-write" in refused.err and "--results RESULTS.md" in refused.err
    assert not (tmp_path / "elsewhere").exists()
    assert repro(*words, "--store", "elsewhere", "--no-write").code == 0
    assert repro(*words, "--store", "./records").code == 0
    assert (tmp_path / "RESULTS.md").read_bytes() == before
    assert repro(*words, "--store", "elsewhere", "--results", "own.md").code == 0
    assert repro(*words, "--store", "elsewhere", "--results", "RESULTS.md").code == 0
    shutil.rmtree(tmp_path / "records")
    assert repro(*words, "--store", "elsewhere").code == 0
    assert repro(*words, "--store", "elsewhere").code == 0
