"""A store that cannot be listed or written is told in one sentence; what is finished stays."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repro import run
from repro.errors import StoreError
from repro.plans.planned import PlannedRun
from repro.records.record import Record
from repro.records.store import Store
from repro.run import Course, carry_out
from support import quick_runs
from support.command_line import Run
from support.small_record import SPEC, record


@contextmanager
def unlistable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder that this user may not list; root may, so that it is the call that refuses."""
    scandir = os.scandir

    def refused(path: "str | os.PathLike[str]" = ".") -> "os._ScandirIterator[str]":
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refused)
        yield


@pytest.mark.parametrize("look", [lambda store: store.find(SPEC), lambda store: store.stored()])
def test_a_folder_that_cannot_be_listed_is_told_once(
    look: Callable[[Store], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Store(tmp_path).add(record()).parent
    store = Store(tmp_path)
    with unlistable(folder, monkeypatch):
        assert not look(store)
        look(store)
        assert store.warnings == [
            f"`{folder}` cannot be listed, and its records are left out: Permission denied."
        ]


def test_a_store_that_cannot_be_listed_is_told_and_one_that_is_not_there_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path).add(record())
    store = Store(tmp_path)
    with unlistable(tmp_path, monkeypatch):
        assert store.stored() == [] and store.index.total() == 0
    assert len(store.warnings) == 1 and f"`{tmp_path}` cannot be listed" in store.warnings[0]
    absent = Store(tmp_path / "absent")
    assert absent.stored() == [] and not absent.index.total() and not absent.warnings


def test_a_file_that_is_called_as_a_folder_is_no_warning(tmp_path: Path) -> None:
    (tmp_path / "ab").touch()
    store = Store(tmp_path)
    assert store.stored() == [] and not store.warnings


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_no_permission_is_told(tmp_path: Path, repro: Run) -> None:
    folder = Store(tmp_path).add(record()).parent
    folder.chmod(0)
    try:
        assert "cannot be listed" in repro("records", "ls", "--store", str(tmp_path)).err
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize("words", [("ls",), ("gc", "--dry-run"), ("verify",)])
def test_the_commands_that_look_after_records_tell_it(
    words: tuple[str, ...], tmp_path: Path, repro: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Store(tmp_path).add(record()).parent
    with unlistable(folder, monkeypatch):
        told = repro("records", *words, "--store", str(tmp_path)).err
    assert told.count(f"`{folder}` cannot be listed") == 1


def removed(store: Path) -> None:
    shutil.rmtree(store)


def replaced(store: Path) -> None:
    shutil.rmtree(store)
    store.write_text("")


def begun_anew(store: Path) -> None:
    shutil.rmtree(store)
    store.mkdir()


@pytest.mark.parametrize("lose", [removed, replaced, begun_anew])
def test_a_store_that_goes_while_runs_are_made_ends_them(
    lose: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = tmp_path / "store", []

    def then_lost(planned: PlannedRun, course: Course) -> Record:
        found = quick_runs.make(planned, course)
        made.append(planned.name)
        lose(folder)
        return found

    monkeypatch.setitem(run.EXECUTORS, quick_runs.QuickRun, then_lost)
    plan = quick_runs.plan([quick_runs.planned("first"), quick_runs.planned("second")])
    with pytest.raises(StoreError, match="was removed or replaced while records were made") as told:
        carry_out(plan, Store(folder))
    assert made == ["first"] and told.value.exit_code == 2


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_a_disk_that_refuses_ends_the_runs_and_what_is_finished_stays(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 2:
            raise OSError(code, os.strerror(code))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    plan = quick_runs.plan([quick_runs.planned(name) for name in "abcde"])
    with pytest.raises(StoreError, match=f"cannot be written: {os.strerror(code)}") as told:
        carry_out(plan, Store(tmp_path))
    assert told.value.exit_code == 2 and quick_runs.tries(tmp_path) == 3
    assert len(Store(tmp_path).stored()) == 2 and not list(tmp_path.rglob(".repro-*"))
    assert not list((tmp_path / ".locks").iterdir())
