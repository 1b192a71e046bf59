"""Runs on a small Ray cluster of this machine, started once for all of these tests."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from repro.data import synth
from repro.data.layout import find
from repro.evaluation import choice, evaluator, preparing
from repro.executors import cluster
from repro.executors.cluster import RayCluster
from repro.executors.node import Home
from repro.plan import single
from repro.plans.planned import Plan
from repro.records.runs import count_run
from repro.records.store import Store
from repro.run import LOG, carry_out
from support import quick_runs
from support.command_line import ROOT
from support.quick_runs import planned


@pytest.fixture(scope="module", autouse=True)
def here() -> Iterator[None]:
    """A cluster with two CPUs, in which this process is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "0")  # that records are the same to the byte
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
        with RayCluster(2)._connected():
            yield


def real_runs(folder: Path, store: Store) -> Plan:
    """A count, and an evaluation of what decoding alone loses."""
    if not (folder / "data").exists():
        synth.write(folder / "data", 1, 2, size=(96, 96))
    rules = {"boxes": "ground truth", "flip": False}
    _, request = choice.requested("truth", None, "synth", None, rules=rules)
    files = find(folder / "data", "synth", "val")
    run = evaluator.run_of(preparing.prepare(request, files))
    count = single(count_run("hwl_mobilenetv3", (64, 64)), store, None)
    return Plan((), (*count.runs, *single(run, store, (request, files)).runs))


def tree(folder: Path) -> Mapping[str, bytes]:
    """Every file of a store with its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that one process makes of real runs, and their data beside it."""
    folder = tmp_path_factory.mktemp("alone")
    assert not carry_out(real_runs(folder, Store(folder / "S")), Store(folder / "S")).failures
    return folder


@pytest.mark.parametrize("shared", [True, pytest.param(False, marks=pytest.mark.thorough)])
@pytest.mark.thorough
def test_the_records_are_those_of_one_process_wherever_the_store_is(
    alone: Path, shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "S")
    if not shared:
        home = Home(store.folder, tmp_path / "no mark")
        monkeypatch.setattr(cluster, "_home", lambda course, marked: contextlib.nullcontext(home))
    outcome = carry_out(real_runs(alone, store), store, executor=RayCluster())
    assert not outcome.failures and len(outcome.records) == 2
    whole = tree(alone / "S")
    assert tree(store.folder) == whole and len(whole) == 3  # two records, and poses


@pytest.mark.thorough
def test_a_lost_worker_is_replaced_and_a_run_that_loses_two_has_failed(tmp_path: Path) -> None:
    names = ("one", "die once", "die", "fail")
    runs = [*map(planned, names), planned("timing", alone=True)]
    outcome = carry_out(quick_runs.plan(runs), Store(tmp_path), executor=RayCluster())
    made = {str(one.spec["name"]) for one in outcome.records.values()}
    assert made == {"one", "die once", "timing"}
    reasons = {str(error): error.hint for error in outcome.failures}
    assert "this is die" in reasons["die failed: its process died twice (out of memory?)."]
    assert "this is fail" in reasons["fail failed: it cannot be done."]
    assert quick_runs.tries(tmp_path) == 7 and len(list(tmp_path.rglob(LOG))) == 2
    assert len(list(tmp_path.glob("??/*.json"))) == 3
    assert not list(tmp_path.glob(".repro*"))  # the mark


def test_a_bug_is_raised_with_the_trace_of_the_worker(tmp_path: Path) -> None:
    runs = quick_runs.plan([planned("bug"), planned("one")])
    with pytest.raises(ZeroDivisionError, match="quick_runs"):
        carry_out(runs, Store(tmp_path), executor=RayCluster())
