"""The timing engine: what it keeps of processes that end well, badly, or early."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from repro.errors import ReproError, RunError
from repro.speed.measure import conditions, engine, procedures
from repro.speed.measure.child import Child, environment
from repro.speed.measure.engine import machine_lock, measure, own_lock
from repro.speed.measure.procedures import TWIN, TimingSettings, job
from repro.speed.measure.subjects import Subject, TimedRun, read
from support.timing_fakes import BUILDER, fake

HERE = Path(__file__).parents[2]
Tell = Callable[[str, float], None]


def quiet(what: str, share: float) -> None:
    """Nobody listens."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TimingSettings:
    """Short runs of fake subjects, with a lock of their own."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setattr(engine, "snapshot", lambda: conditions.snapshot(0.01))
    return TimingSettings(
        budget=60,
        rounds=6,
        processes=2,
        block=0.002,
        cache=tmp_path,
        builder=BUILDER,
        lock=tmp_path / "lock",
    )


def test_every_call_of_every_process_is_kept(settings: TimingSettings) -> None:
    told: list[tuple[str, float]] = []
    subjects = [fake("spin", us=300), fake("spin", us=900)]
    run = measure(subjects, settings, lambda what, share: told.append((what, share)))
    assert run.subjects == (*subjects, replace(subjects[0], alias=TWIN))
    assert {block.process for block in run.blocks} == {0, 1}
    assert run.timed == (0, 1, 2)
    for block in run.blocks:
        assert len(block.wall) == len(block.cpu) > block.settling
        assert all(taken >= (300e-6, 900e-6, 300e-6)[block.subject] for taken in block.wall)
    assert len({(one.process, one.round, one.subject) for one in run.blocks}) == len(run.blocks)
    assert run.settings["finished"] == 2
    assert not run.failures
    assert not run.interrupted
    assert any("preparing spin" in what for what, _ in told)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] <= 1


def test_each_subject_tells_its_energy_or_why_it_cannot(settings: TimingSettings) -> None:
    own, twin = measure([fake("spin")], settings, quiet).preparations
    assert (own.joules is None) == bool(own.no_energy)
    assert twin.joules is None and twin.no_energy == "", "what is timed twice costs once"


def test_the_order_of_the_subjects_changes_from_round_to_round(settings: TimingSettings) -> None:
    run = measure([fake("spin"), fake("spin", us=100)], settings, quiet)
    first = Counter(
        next(one.subject for one in run.blocks if (one.process, one.round) == whole)
        for whole in {(one.process, one.round) for one in run.blocks}
    )
    assert set(first) == {0, 1, 2}


def test_a_run_is_the_same_after_it_was_written_and_read(settings: TimingSettings) -> None:
    run = measure([fake("spin")], settings, quiet)
    assert read(json.loads(json.dumps(run.described())), "a file") == run


def test_what_cannot_be_made_has_a_reason_and_takes_nothing_else_along(
    settings: TimingSettings,
) -> None:
    run = measure([fake("refused"), fake("broken"), fake("spin")], settings, quiet)
    assert [one.refused for one in run.preparations[:2]] == [
        "no operator for it",
        "fails: RuntimeError: shapes differ",
    ]
    assert run.timed == (2,)
    assert run.preparations[2].compile_seconds == 0.25
    assert run.preparations[2].warmup >= 2


def test_a_subject_that_kills_its_process_is_left_out_of_the_next(settings: TimingSettings) -> None:
    run = measure([fake("spin"), fake("deadly")], replace(settings, processes=3), quiet)
    assert run.timed == (0, 2)
    assert {block.process for block in run.blocks} == {1, 2}
    assert run.failures == (
        "process 1, preparing deadly 1x1 eager, was killed by signal 9, as when memory runs out: "
        "a library says hello",
    )
    assert run.preparations[1].refused.startswith("its process was killed")


def test_a_process_that_dies_on_the_way_is_reported_and_the_others_kept(
    settings: TimingSettings,
) -> None:
    run = measure([fake("mortal")], replace(settings, processes=3, rounds=50), quiet)
    assert [failure.split(",")[0] for failure in run.failures] == [
        "process 1 was killed by signal 9"
    ]
    assert {block.process for block in run.blocks} == {1, 2}


def test_where_every_process_dies_the_error_says_how(settings: TimingSettings) -> None:
    with pytest.raises(RunError, match="preparing deadly 1x1 eager, was killed by signal 9"):
        measure([fake("deadly")], replace(settings, twin=False), quiet)


def test_a_worker_that_cannot_start_leaves_its_last_words(settings: TimingSettings) -> None:
    with pytest.raises(RunError, match="No module named 'nowhere'"):
        measure([fake("spin")], replace(settings, builder="nowhere:ready"), quiet)


def interrupting(times: int, when: str) -> Tell:
    """Ctrl-C, so often, when that is told."""
    left = [times]

    def tell(what: str, share: float) -> None:
        while what == when and left[0]:
            left[0] -= 1
            signal.raise_signal(signal.SIGINT)  # in this thread; `kill` may take any, and merge two

    return tell


def test_ctrl_c_lets_the_process_finish_its_round(settings: TimingSettings) -> None:
    wanted = replace(settings, processes=3, rounds=10_000)
    run = measure([fake("spin")], wanted, interrupting(1, "process 1 of 3: round 4"))
    assert run.interrupted
    assert {block.process for block in run.blocks} == {0}
    assert len({block.round for block in run.blocks}) >= 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_twice_leaves_what_was_finished_before(
    settings: TimingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Child, "ask_to_stop", lambda child: None)  # or it may end before the second
    lasting = replace(settings, rounds=300)  # so that it is not at its end before it is told
    run = measure([fake("spin")], lasting, interrupting(2, "process 2 of 2: round 2"))
    assert run.interrupted
    assert {block.process for block in run.blocks} == {0}


def test_ctrl_c_before_anything_is_finished_is_an_interrupt(settings: TimingSettings) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(
            [fake("spin")], settings, interrupting(1, "process 1 of 2: preparing spin 1x1 eager")
        )


def test_two_runs_do_not_overlap(settings: TimingSettings) -> None:
    assert settings.lock is not None
    with (
        machine_lock(settings.lock),
        pytest.raises(ReproError, match=f"process {os.getpid()}"),
    ):
        measure([fake("spin")], settings, quiet)
    with machine_lock(settings.lock):
        pass


def test_a_budget_has_time_for_fewer_processes(
    settings: TimingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(procedures, "START", 0.0)
    wanted = replace(settings, budget=1.5, processes=9, twin=False, rounds=None)
    run = measure([fake("spin", making=600)], wanted, quiet)
    assert 1 <= int(str(run.settings["finished"])) <= 2


def test_making_something_anew_does_not_count_as_the_cost_of_a_process() -> None:
    made = engine._Process([0], began=10.0, made=60.0, ready=71.0, last=74.0, rounds=6)
    assert made.least == 1 + 3 * 0.5


def paper(name: str, subjects: Sequence[Subject], settings: TimingSettings) -> TimedRun:
    """A run by a paper's procedure."""
    return measure(subjects, replace(settings, protocol=name, processes=2), quiet)


def test_paper1_is_timed_as_it_says(settings: TimingSettings) -> None:
    run = paper("paper1", [replace(fake("spin"), batch=4), fake("spin", us=100)], settings)
    assert [subject.batch for subject in run.subjects] == [1, 1]
    assert [(one.process, one.subject, len(one.wall)) for one in run.blocks] == [
        (process, subject, 50) for process in (0, 1) for subject in (0, 1)
    ]
    assert {one.warmup for one in run.preparations} == {5}
    assert run.settings["statistic"] == "mean"
    assert run.conditions["processes"][0]["memory"] == "as the system does"  # type: ignore[index]


def test_paper2_has_six_threads_and_the_flip_test(settings: TimingSettings) -> None:
    run = paper("paper2", [fake("spin")], settings)
    assert run.settings["threads"] == 6
    assert [subject.flip for subject in run.subjects] == [True]


def test_threads_are_fixed_before_libraries_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    found = environment(3, passive=False)
    assert {found[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {"3"}
    assert "OMP_WAIT_POLICY" not in found
    assert environment(3, passive=True)["OMP_WAIT_POLICY"] == "PASSIVE"


def gone(process: psutil.Process) -> bool:
    """Whether it ends within ten seconds; one that nobody asks for its end counts as ended."""
    for _ in range(200):
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


PARENT = """
import sys
import tempfile
from pathlib import Path
from support.timing_fakes import BUILDER, fake
from repro.speed.measure.child import Child
from repro.speed.measure.procedures import TimingSettings
from repro.speed.measure.procedures import job
import time
settings = TimingSettings(cache=Path(sys.argv[1]), builder=BUILDER)
with Child(job(0, [fake("parent")], settings, time.time() + 60), False) as child:
    for event in child.events():
        if event["event"] == "round":
            print(child.process.pid, flush=True)
"""


def test_a_worker_and_what_it_started_do_not_outlive_its_parent(tmp_path: Path) -> None:
    paths = os.pathsep.join((str(HERE), str(HERE.parent)))
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": paths}, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        (grandchild,) = worker.children()
        parent.kill()
    assert gone(worker)
    assert gone(grandchild)


def test_a_child_is_ended_when_its_block_ends(settings: TimingSettings) -> None:
    task = job(0, [fake("parent")], settings, time.time() + 60)
    with Child(task, passive=False) as child:
        next(event for event in child.events() if event["event"] == "block")
        (grandchild,) = psutil.Process(child.process.pid).children()
    assert child.process.returncode == -signal.SIGKILL
    assert gone(grandchild)


def test_the_lock_of_timings_is_this_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = own_lock()
    assert path.parent == tmp_path and path.stat().st_mode & 0o777 == 0o600
    with machine_lock(), pytest.raises(ReproError, match=f"process {os.getpid()}"), machine_lock():
        pass
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReproError, match="cannot be locked"):
        own_lock()
    assert not (tmp_path / "elsewhere").exists()
    other = os.getuid() + 1
    (tmp_path / f"repro-timing-{other}.lock").touch()
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(ReproError, match="is another user's") as caught:
        own_lock()
    assert "TMPDIR" in caught.value.hint
