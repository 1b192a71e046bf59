"""Commands killed while they train and evaluate: repeated, they leave what an undisturbed one does.

`benchmarks/kills.py` does the same at random moments, and at every file that is written.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from repro import run
from repro.data import synth
from repro.records.cleanup import collect
from repro.records.record import Record
from repro.records.store import BEGUN, Store
from support.command_line import ROOT, Run
from support.tiny_trainings import make_tiny

SMOKE = ("run", "paper1", "table4", "--row", "F(x)=x", "--train", "smoke", "--no-write")
DRIVER = """
import os, signal
from pathlib import Path
import cli
from repro import run
from repro.training import choice, table_rows
from repro.training.request import TrainingMachine

choice.SMALL, choice.SMOKE_STEPS = (64, 64), 2
table_rows.TrainingMachine = lambda *words, **named: TrainingMachine("cpu", workers=0)
when, part = os.environ["KILLED"].split()

def die(*words):
    os.kill(os.getpid(), signal.SIGKILL)

if part == "clearing":
    run.clear_unnamed = die

def dying(name):
    real = getattr(Path, name)
    def other(path, *words):
        ours = ".repro-" in f"{path} {words}" and part in f"{path} {words}"
        if ours and when == "before":
            die()
        found = real(path, *words)
        if ours and when == "after":
            die()
        return found
    setattr(Path, name, other)

dying("replace")
dying("hardlink_to")
cli.main()
"""
"""kills itself just before or just after it gives a file its name, or before it clears up"""
MOMENTS = {
    "half a file of weights": "before best.safetensors",
    "a record whose checkpoints are not cleared": "before clearing",
    "poses without a record": "after predictions.json.gz",
}


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        make_tiny(patch, 2)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth.write(folder, 4, 2, size=(96, 96))
    return folder


def tree(store: Path) -> Mapping[str, bytes]:
    """Every file of a store with its bytes."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file()
    }


@pytest.mark.thorough
def test_a_killed_command_that_is_repeated_ends_with_the_same_files(
    repro: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    words = (*SMOKE, "--data", str(data), "--store")
    killed = [
        subprocess.Popen(
            [sys.executable, "-c", DRIVER, *words, f"killed{number}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "KILLED": moment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for number, moment in enumerate(MOMENTS.values())
    ]
    assert repro(*words, "whole").code == 0
    whole = tree(tmp_path / "whole")
    assert len(whole) == 5  # two records, weights, history, poses
    for number, (what, process) in enumerate(zip(MOMENTS, killed, strict=True)):
        _, error = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, error
        store = tmp_path / f"killed{number}"
        assert tree(store) != whole, what
        assert bool(list(store.rglob(".repro-*.tmp"))) == what.startswith("half")
        assert repro(*words, store.name).code == 0
        assert tree(store) == whole, what


def test_what_runs_of_older_code_left_unfinished_is_cleared_by_gc(
    repro: Run, data: Path, tmp_path: Path
) -> None:
    assert repro(*SMOKE, "--data", str(data), "--store", "S").code == 0
    store = Store(tmp_path / "S")
    ((path, record),) = [
        (path, record) for path, record in store.all() if record and record.spec["kind"] == "train"
    ]
    assert record is not None
    kept = path.read_text()
    path.unlink()
    own = path.with_suffix("")
    (own / BEGUN).write_text(json.dumps(record.spec))
    older = own.parent / ("0" * 64)
    shutil.copytree(own, older)
    assert collect(Store(tmp_path / "S"), dry_run=False) == []  # somebody may be at it
    for one in (own, older):
        for file in (*one.iterdir(), one):
            os.utime(file, (0, 0))
    assert collect(Store(tmp_path / "S"), dry_run=True) == [older]
    assert collect(Store(tmp_path / "S"), dry_run=False) == [older]
    assert own.is_dir() and not older.exists()
    path.write_text(kept)  # as if it had been trained again, and killed
    assert collect(Store(tmp_path / "S"), dry_run=False) == [own / BEGUN]
    assert {one.name for one in own.iterdir()} == set(record.artifacts)


def test_a_clearing_that_was_killed_half_way_is_ended_by_the_next_command(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for name in ("step-1.pt", "step-2.pt"):
        (state / name).write_bytes(b"checkpoint")
    (tmp_path / "best.safetensors").write_bytes(b"weights")
    written = time.time()
    for path in state.iterdir():
        os.utime(path, (written - 5, written - 5))
    (state / "step-1.pt").unlink()  # as a removal does, this makes the folder younger than all
    os.utime(state, (written + 5, written + 5))
    record = Record("0" * 64, {"kind": "train"}, (), {}, artifacts={"best.safetensors": ""})
    run.clear_unnamed(record, tmp_path, written)
    assert [path.name for path in tmp_path.iterdir()] == ["best.safetensors"]
    state.mkdir()
    (state / "step-1.pt").write_bytes(b"of a process that makes the run again")
    os.utime(state / "step-1.pt", (written + 5, written + 5))
    run.clear_unnamed(record, tmp_path, written)
    assert (state / "step-1.pt").exists()
