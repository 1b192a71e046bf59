"""Several processes on one store, `records gc` beside writers, and a disk that takes no more."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.records.store import Store
from support.command_line import ROOT

pytestmark = pytest.mark.faults
CHEAP = ("paper1", "table1", "--metric", "params,macs", "--no-write", "--quiet")


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts in benchmarks/ can be imported."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks/ is not part of this copy")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    yield


def test_processes_that_share_a_plan_measure_each_run_once(tmp_path: Path) -> None:
    import shared_plan

    shared = shared_plan.together(tmp_path, processes=8)
    assert shared.measurements == shared.runs == 14
    assert (shared.ended_badly, shared.differ, shared.left) == (0, 0, 0)


def test_no_writer_fails_beside_gc(tmp_path: Path) -> None:
    import shared_plan

    rounds = shared_plan.beside(tmp_path / "store", rounds=1000)
    assert rounds.failures == () and rounds.written > 500


def test_a_limit_of_the_size_of_files_ends_a_run_in_one_sentence(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    process = subprocess.run(
        (sys.executable, "-m", "cli", "run", *CHEAP, "--store", str(tmp_path / "store")),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "REPRO_CACHE": str(tmp_path / "cache")},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2, process.stderr
    errors = [line for line in process.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "cannot be written: File too large." in errors[0]
    assert "Traceback" not in process.stderr
    store = Store(tmp_path / "store")
    assert all(record is not None for _, record in store.all())
    assert not list(store.folder.rglob(".repro-*")) and not list(store.folder.rglob("*.lock"))
