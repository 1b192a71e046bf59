"""What the index says is what the files say, whatever became of its own file."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from repro.records import index
from repro.records.cleanup import newest
from repro.records.glance import Glance
from repro.records.index import FILE
from repro.records.record import MadeBy, Record
from repro.records.store import Store, _dump
from support.command_line import ROOT
from support.small_record import SPEC, record


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every store were large, and every change so old that its time tells."""
    monkeypatch.setattr(index, "SMALL", 1)
    monkeypatch.setattr(index, "MANY", 1)
    monkeypatch.setattr(index, "_clock", lambda folder: time.time_ns() + 10**10)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The record files that the index reads."""
    names: list[str] = []
    rows = index.glance

    def row(file: Path, path: str, stamp: str) -> Glance:
        names.append(file.name)
        return rows(file, path, stamp)

    monkeypatch.setattr(index, "glance", row)
    return names


def older(number: int, at: str = "") -> Record:
    """A count of other code, in a folder by its number's last digit."""
    made = MadeBy(at, 1.0) if at else None
    return replace(record(number, key=f"0{number % 10}{number:062x}"), made=made)


def filled(folder: Path, many: int = 4) -> list[Path]:
    """A store of stale counts of one network, the newest last, and its index."""
    paths = [Store(folder).add(older(one, f"2001-01-{one:02}")) for one in range(1, many + 1)]
    assert Store(folder).index.total() == many and (folder / FILE).is_file()
    later()
    return paths


def later() -> None:
    """Longer than the system's clock of files stands still."""
    time.sleep(0.02)


def counting(folder: Path) -> Path | None:
    stored = Store(folder).chosen(SPEC)
    return stored and stored.path


def test_a_second_process_reads_nothing_but_what_counts(tmp_path: Path, read: list[str]) -> None:
    paths = filled(tmp_path)
    read.clear()
    assert counting(tmp_path) == paths[-1] and not read
    added = Store(tmp_path).add(older(9, "2001-02-01"))
    assert counting(tmp_path) == added and read == [added.name]


def test_a_small_store_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SMALL", 2)
    path = Store(tmp_path).add(older(1))
    assert counting(tmp_path) == path and not (tmp_path / FILE).exists()
    Store(tmp_path).add(older(2))
    assert counting(tmp_path) is not None and (tmp_path / FILE).exists()
    assert FILE not in {path.name for path in Store(tmp_path).files()}


def _another_version(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[60:64] = (index.VERSION + 1).to_bytes(4)  # where SQLite keeps the user's version
    file.write_bytes(data)


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _damaged(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"no database" * 1000),
        lambda file: file.write_bytes(file.read_bytes()[:5000]),
        lambda file: file.write_bytes(file.read_bytes().replace(b'"lpn_50"', b'"lpn_5\x00"')),
        _another_version,
        _a_folder,
        _damaged,
    ],
)
def test_an_index_that_is_not_whole_is_made_anew(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    paths = filled(tmp_path)
    spoil(tmp_path / FILE)
    store = Store(tmp_path)
    assert store.chosen(SPEC).path == paths[-1] and not store.warnings
    assert store.index.total() == 4
    assert sorted(store.index.newest(-1)) == paths


def test_where_it_cannot_be_written_it_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> bool:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(index, "write_whole", full)
    path = Store(tmp_path).add(older(1))
    assert counting(tmp_path) == path and not (tmp_path / FILE).exists()


def test_a_record_that_was_changed_where_it_lies_is_noticed(tmp_path: Path) -> None:
    *_, before, last = filled(tmp_path)
    whole = last.read_text()
    last.write_text(whole[:100])
    assert counting(tmp_path) == before
    last.write_text(whole.replace('"value": 4', '"value": 8'))
    assert counting(tmp_path) == before
    later()
    last.write_text(whole)
    assert counting(tmp_path) == last


def test_what_is_written_where_another_lies_counts_by_what_it_says(tmp_path: Path) -> None:
    first, *_, last = filled(tmp_path)
    assert counting(tmp_path) == last
    with first.open("w") as file:  # whole, and in place: no time of a folder tells of it
        file.write(_dump(older(1, "2009-01-01")))
    assert counting(tmp_path) == first


def test_what_was_broken_when_it_was_listed_may_be_whole_again(tmp_path: Path) -> None:
    *_, before, last = filled(tmp_path)
    whole = last.read_text()
    last.write_text("{")
    os.utime(last.parent)
    assert counting(tmp_path) == before
    later()
    last.write_text(whole)
    assert counting(tmp_path) == last


def test_what_was_removed_counts_no_more(tmp_path: Path) -> None:
    first, *rest = filled(tmp_path)
    rest[-1].unlink()
    assert counting(tmp_path) == rest[-2]
    store = Store(tmp_path)
    for path in rest[:-1]:
        assert store.chosen(SPEC) is not None
        store.remove(path)
    assert store.chosen(SPEC).path == first
    later()
    first.unlink()
    first.parent.rmdir()
    assert counting(tmp_path) is None and Store(tmp_path).index.total() == 0


def test_changes_within_one_time_of_the_file_system_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    monkeypatch.setattr(index, "_clock", lambda folder: time.time_ns())
    paths = [Store(tmp_path).add(older(one, f"2001-01-{one:02}")) for one in (1, 2)]
    assert counting(tmp_path) == paths[-1]
    read.clear()
    assert counting(tmp_path) == paths[-1] and len(read) >= 2  # too young to be trusted


def test_a_reading_that_was_killed_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    monkeypatch.setattr(index, "BATCH", 1)
    paths = [Store(tmp_path).add(older(one, f"2001-01-{one:02}")) for one in range(1, 7)]
    rows = index.glance

    def killed(*words: object) -> Glance:
        if len(read) == 4:
            raise KeyboardInterrupt
        return rows(*words)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(index, "glance", killed)
        counting(tmp_path)
    assert len(read) == 4
    assert counting(tmp_path) == paths[-1] and len(read) == 6


def test_processes_that_write_and_look_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from support.small_record import SPEC, record\n"
        "from repro.records import index\n"
        "from repro.records.store import Store\n"
        "index.SMALL = index.MANY = 1\n"
        "store, own = Store(Path(sys.argv[3])), int(sys.argv[4])\n"
        "for turn in range(12):\n"
        "    store.add(record(key=f'{100 * own + turn:064x}'))\n"
        "    assert store.chosen(SPEC) is not None\n"
    )
    words = [sys.executable, "-c", code, str(ROOT), str(ROOT / "tests"), str(tmp_path)]
    writers = [subprocess.Popen([*words, str(number)]) for number in range(1, 4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    found = Store(tmp_path).index
    assert sorted(found.newest(-1)) == list(Store(tmp_path).files()) and found.total() == 36
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_store_that_was_asked_goes_to_another_process(tmp_path: Path) -> None:
    *_, last = filled(tmp_path)
    store = Store(tmp_path)
    assert store.chosen(SPEC).path == last
    assert pickle.loads(pickle.dumps(store)).chosen(SPEC).path == last


def test_the_past_of_a_kind_is_told_without_a_file(tmp_path: Path, read: list[str]) -> None:
    paths = filled(tmp_path)
    read.clear()
    past = Store(tmp_path).outlines("count", 2)
    assert [one.path for one in past] == paths[:1:-1] and not read
    assert [one.record.made.at for one in past] == ["2001-01-04", "2001-01-03"]
    assert past[0].record.spec == SPEC.plain
    assert Store(tmp_path).outlines("train", 2) == []


def test_the_newest_are_listed_after_what_is_no_record(tmp_path: Path) -> None:
    first, _, third, fourth = filled(tmp_path)
    first.write_text("{")
    later()
    os.utime(first.parent)
    store = Store(tmp_path)
    entries, total = newest(store, {}, 3)
    assert [one.path for one in entries] == [first, fourth, third] and total == 4
    assert [one.state for one in entries] == ["broken", "stale", "stale"]


@pytest.mark.parametrize("word", ['"count"', '"lpn_50"', '"2001-01-04"', '"env": {', "17"])
@pytest.mark.parametrize("hostile", ['"\\ud800"', '"a\\u0000b"', "7", "null", "[]", '{"a": 1}'])
def test_no_content_of_a_record_breaks_it(tmp_path: Path, word: str, hostile: str) -> None:
    *_, last = filled(tmp_path)
    text = last.read_text()
    assert word in text
    other = tmp_path / "ff" / f"{'f' * 64}.json"
    other.parent.mkdir()
    other.write_text(text.replace(word, hostile))
    assert counting(tmp_path) == last
    assert len(Store(tmp_path).index.newest(-1)) == Store(tmp_path).index.total() == 5
