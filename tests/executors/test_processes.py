"""Processes of this machine: each run in one of them, each death noticed, none left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from repro.executors.processes import LocalProcesses
from repro.plans.planned import Plan
from repro.records.store import Store
from repro.run import LOG, carry_out
from support import quick_runs
from support.command_line import ROOT
from support.quick_runs import planned
from support.thoroughness import daily

DRIVER = """
import sys
from pathlib import Path
from repro.executors.choice import chosen
from repro.records.store import Store
from repro.run import carry_out
from support import quick_runs

if __name__ == "__main__":
    runs = [quick_runs.planned("sleep", alone=False)] + [quick_runs.planned("quick")]
    plan = quick_runs.plan(runs)
    carry_out(plan, Store(Path(sys.argv[1])), executor=chosen(sys.argv[2], 2))
"""


def made(store: Path, runs: Plan) -> dict[str, dict[str, object]]:
    """What a plan gave by name, made by two processes."""
    outcome = carry_out(runs, Store(store), executor=LocalProcesses(2))
    found = {str(one.spec["name"]): one.spec | dict(one.env) for one in outcome.records.values()}
    return found | {"failed": {str(error): error.hint for error in outcome.failures}}


def test_runs_are_made_elsewhere_and_a_process_that_dies_takes_no_other_along(
    tmp_path: Path,
) -> None:
    names = ("one", "two", "die once", "die", "fail", "three")
    runs = [*map(planned, names), planned("timing", alone=True)]
    found = made(tmp_path / "S", quick_runs.plan(runs))
    assert set(found) == {"one", "two", "die once", "three", "timing", "failed"}
    assert found["timing"]["process"] == os.getpid()
    assert {found[name]["parent"] for name in ("one", "two", "die once", "three")} == {os.getpid()}
    key = next(one.run.key for one in runs if one.name == "die" and one.run)
    log = tmp_path / "S" / key[:2] / key / LOG
    assert found["failed"]["die failed: its process died twice (out of memory?)."] == (
        f"`{log}` ends: this is die"
    )
    assert "this is fail" in str(found["failed"]["fail failed: it cannot be done."])
    assert quick_runs.tries(tmp_path / "S") == 9  # die and die once twice
    assert len(list((tmp_path / "S").glob("??/*.json"))) == 5
    assert len(list((tmp_path / "S").rglob(LOG))) == 2  # of what failed
    again = made(tmp_path / "S", quick_runs.plan(runs))
    workers = {one["process"] for one in again.values() if "process" in one} - {os.getpid()}
    assert len(again) == 6 and not [one for one in workers if psutil.pid_exists(one)]


@pytest.mark.parametrize(
    ("executor", "how"),
    daily(
        [("local", signal.SIGINT), ("local", signal.SIGKILL), ("ray", signal.SIGINT)],
        ("local", signal.SIGKILL).__eq__,
    ),
)
def test_no_process_is_left_where_the_one_with_the_plan_ends(
    executor: str, how: signal.Signals, tmp_path: Path
) -> None:
    script, store = tmp_path / "driver.py", tmp_path / "S"
    script.write_text(DRIVER)
    process = subprocess.Popen(
        [sys.executable, str(script), str(store), executor],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 180
    while not list(store.glob("??/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -how and len(started) >= 2, said
    while alive(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(started)
    assert len(list(store.glob("??/*.json"))) == 1


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a dead one that nobody has asked for is dead."""
    return [
        one
        for one in processes
        if one.is_running() and one.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    ]
