"""A run is made by one of the processes that share a store; a dead one's claim is free."""

import errno
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import filelock
import pytest

from repro.errors import RunError, StoreError
from repro.executors.processes import LocalProcesses
from repro.plans.watch import Silent
from repro.records.claims import Claims
from repro.records.store import Store
from repro.run import Executor, carry_out
from support import quick_runs
from support.command_line import ROOT

KEY = "ab" * 32
HOLDER = """
import sys
from dataclasses import replace
from pathlib import Path
from repro.records.claims import Claims

claims = Claims(Path(sys.argv[1]))
claims.begin()
print(all(claims.take(key) for key in sys.argv[2:]), flush=True)
sys.stdin.read()
"""


class Holder:
    """Another process that holds claims until it is killed."""

    def __init__(self, store: Path, *keys: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(store), *keys],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"True\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Told(Silent):
    """Keeps what a user is told, and does something at each word."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.became_so: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)
        self.then()

    def became(self, name: str, state: str) -> None:
        self.became_so.append(f"{name} {state}")

    def then(self) -> None:
        """Nothing."""


def begun(folder: Path) -> Claims:
    """The claims of a process on a store."""
    claims = Claims(folder)
    claims.begin()
    return claims


def test_one_of_two_has_a_run_until_it_is_freed(tmp_path: Path) -> None:
    mine, other = begun(tmp_path), begun(tmp_path)
    assert mine.take(KEY) and mine.take(KEY) and not other.take(KEY)
    assert other.take("cd" * 32)
    mine.free(KEY)
    assert other.take(KEY) and not mine.take(KEY)
    other.free_all()
    assert not list((tmp_path / ".locks").iterdir()), "a lock goes with its run"


def test_a_claim_within_a_claim_ends_with_the_outer_one(tmp_path: Path) -> None:
    mine, other = begun(tmp_path), begun(tmp_path)
    with mine.claimed(KEY) as outer:
        with mine.claimed(KEY) as inner:
            assert outer and inner
        assert not other.take(KEY)
    assert other.take(KEY)


def test_the_claim_of_a_killed_process_is_free(tmp_path: Path) -> None:
    holder = Holder(tmp_path, KEY)
    mine = begun(tmp_path)
    assert not mine.take(KEY) and mine.left() == []
    holder.kill()
    (left,) = mine.left()
    assert mine.take(KEY) and mine.left() == []
    mine.free(KEY)
    assert not left.exists()


def test_another_process_holds_none_of_them(tmp_path: Path) -> None:
    mine = begun(tmp_path)
    assert mine.take(KEY)
    assert not pickle.loads(pickle.dumps(mine)).take(KEY)


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EACCES, errno.EROFS])
def test_where_nothing_can_be_locked_all_are_free_to_work(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(lock: object, timeout: float) -> None:
        raise OSError(code, "no locks")

    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    mine, other = begun(tmp_path), begun(tmp_path)
    assert mine.take(KEY) and other.take(KEY)
    mine.free_all()


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(lock: object, timeout: float) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    with pytest.raises(StoreError, match="No space left"):
        begun(tmp_path).take(KEY)


def test_a_store_that_is_gone_is_told(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    claims = begun(store)
    shutil.rmtree(store)
    with pytest.raises(StoreError, match="was removed or replaced"):
        claims.take(KEY)
    store.write_text("")
    with pytest.raises(StoreError, match="was removed or replaced"):
        claims.take(KEY)


@pytest.mark.parametrize("executor", [None, LocalProcesses(2)], ids=["one", "several"])
def test_what_another_makes_comes_last_and_its_record_is_taken(
    executor: Executor | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.executors.spreading.WAIT", 0.05)
    first, second = quick_runs.planned("first"), quick_runs.planned("second")
    plan = quick_runs.plan([first, second])
    Store(tmp_path).check()
    holder = Holder(tmp_path, first.key)
    other = carry_out(quick_runs.plan([first]), Store(tmp_path / "other")).only

    class Finished(Told):
        def then(self) -> None:
            assert Store(tmp_path).of_key(second.key), "the rest is made meanwhile"
            Store(tmp_path).add(other)
            holder.kill()

    told = Finished()
    outcome = carry_out(plan, Store(tmp_path), told, executor)
    assert not outcome.failures and outcome.records[first.key].env == other.env
    assert told.said == ["waits for first: another process is at it"]
    assert sorted(told.became_so) == ["first cached", "second done"]
    assert quick_runs.tries(tmp_path) == 1, "of the second alone"
    assert not list((tmp_path / ".locks").iterdir())


def test_what_another_failed_at_is_tried_here(tmp_path: Path) -> None:
    run = quick_runs.planned("fail")
    Store(tmp_path).check()
    holder = Holder(tmp_path, run.key)

    class Failed(Told):
        def then(self) -> None:
            holder.kill()

    outcome = carry_out(quick_runs.plan([run]), Store(tmp_path), Failed())
    assert quick_runs.tries(tmp_path) == 1
    with pytest.raises(RunError, match="cannot be done"):
        outcome.check()


def test_what_is_to_be_made_again_is_made_again(tmp_path: Path) -> None:
    run = quick_runs.planned("again")
    for _ in range(2):
        carry_out(quick_runs.plan([replace(run, again=True)]), Store(tmp_path))
    assert quick_runs.tries(tmp_path) == 2 and len(list(Store(tmp_path).files())) == 2
    carry_out(quick_runs.plan([run]), Store(tmp_path))  # planned before they were there
    assert quick_runs.tries(tmp_path) == 2
