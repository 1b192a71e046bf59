"""Records are written once, whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.errors import StoreError
from repro.records import plain_form
from repro.records.cleanup import collect, entries, remove
from repro.records.record import Record
from repro.records.store import Store
from support.command_line import ROOT
from support.small_record import SPEC, record


def test_what_was_written_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find(SPEC) is None
    path = store.add(record())
    assert path == tmp_path / SPEC.key[:2] / f"{SPEC.key}.json"
    found = store.find(SPEC)
    assert found is not None
    assert found.value("macs", "hrnet") == 7
    assert found.value("macs", "conv") is None
    assert found.parts[0].macs == {"hrnet": 7}
    assert not store.warnings


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.add(record(7))
    before = first.read_bytes()
    assert store.add(record(8)) == first
    assert first.read_bytes() == before


def test_a_fresh_run_is_kept_beside_the_first_and_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = store.add(record(7)), store.add(record(8), again=True)
    assert second.name == f"{SPEC.key}.2.json"
    found = store.find(SPEC)
    assert first.exists() and found is not None
    assert found.value("macs", "hrnet") == 8


def test_gaps_between_the_records_of_a_key_hide_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second, third = (store.add(record(value), again=True) for value in (7, 8, 9))
    second.unlink()
    assert store.find(SPEC).value("macs", "hrnet") == 9
    first.unlink()
    assert store.find(SPEC).value("macs", "hrnet") == 9
    assert store.add(record(10), again=True).name == f"{SPEC.key}.4.json"
    assert store.find(SPEC).value("macs", "hrnet") == 10
    third.write_text("{")
    assert store.find(SPEC).value("macs", "hrnet") == 10


def test_a_record_of_another_schema_is_left_alone_by_readers(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.add(record())
    data = json.loads(path.read_text())
    data["schema"] = 2
    data["digest"] = plain_form.content_digest(data)
    path.write_text(json.dumps(data))
    assert store.find(SPEC) is None
    assert "schema 2" in store.warnings[0]


def test_a_record_can_be_read_by_others(tmp_path: Path) -> None:
    assert Store(tmp_path).add(record()).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"value": 7', '"value": 8'),
        lambda text: text.replace('"schema": 1', '"schema": 99'),
        lambda text: text.replace('"macs"', '"smac"'),
        lambda text: "[]",
        lambda text: "\x00" * 100,
        lambda text: "[" * 100_000,
        lambda text: text.replace("hrnet", "\udcff"),
    ],
)
def test_a_torn_or_edited_record_is_named_and_measured_again(tmp_path: Path, spoil) -> None:
    store = Store(tmp_path)
    path = store.add(record())
    path.write_text(spoil(path.read_text()), encoding="utf-8", errors="surrogateescape")
    assert store.find(SPEC) is None
    assert path.name in store.warnings[0]
    assert store.add(record()) == path
    assert Store(tmp_path).find(SPEC) is not None
    assert path.with_suffix(".1.broken").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**300, -(10**19)])
def test_an_impossible_value_is_no_record_even_with_a_right_digest(
    tmp_path: Path, value: float
) -> None:
    store = Store(tmp_path)
    path = store.add(record())
    data = json.loads(path.read_text())
    data["measurements"][0]["value"] = value
    data["digest"] = plain_form.content_digest(data)
    path.write_text(json.dumps(data))
    assert store.find(SPEC) is None and store.warnings


def test_a_record_of_another_run_is_not_served(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.add(record())
    data = json.loads(path.read_text())
    data["spec"]["model"] = "lpn_101"
    data["digest"] = plain_form.content_digest(data)
    path.write_text(json.dumps(data))
    assert store.find(SPEC) is None
    assert "another run" in store.warnings[0]


def test_only_records_are_touched_by_housekeeping(tmp_path: Path) -> None:
    for name in ("en/messages.json", "de/a.broken", "fr/x.tmp", "ab/cd.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert entries(Store(tmp_path)) == []
    assert collect(Store(tmp_path), dry_run=False) == []


def test_a_store_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is no folder"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "file" / "below").check()


def test_a_record_under_a_wrong_name_is_not_served(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.add(record(key="ab" + SPEC.key[2:]))
    target = tmp_path / SPEC.key[:2] / f"{SPEC.key}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(path.read_bytes())
    assert store.current(SPEC) is None
    assert store.warnings


def test_a_record_that_is_removed_while_it_is_read_is_none_and_not_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.add(record())
    read = Store.read

    def removed(self: Store, path: Path) -> Record:
        path.unlink()
        return read(self, path)

    monkeypatch.setattr(Store, "read", removed)
    reader = Store(tmp_path)
    assert reader.find(SPEC) is None and not reader.warnings


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        Store(tmp_path).add(record())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "file" / "below").add(record())


def test_processes_that_write_at_once_do_not_corrupt(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path\n"
        "from support.small_record import record\n"
        "from repro.records.store import Store\n"
        "store = Store(Path(sys.argv[3]))\n"
        "for turn in range(30):\n"
        "    store.add(record(int(sys.argv[4])), again=turn % 3 == 0)\n"
    )
    words = [sys.executable, "-c", code, str(ROOT), str(ROOT / "tests"), str(tmp_path)]
    writers = [subprocess.Popen([*words, str(number)]) for number in range(4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    found = list(Store(tmp_path).all())
    assert len(found) >= 40
    assert all(one is not None for _, one in found)
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_record_says_nothing_of_host_user_or_folder(tmp_path: Path) -> None:
    from repro import env

    text = json.dumps(env.fingerprint())
    assert str(ROOT) not in text
    assert os.uname().nodename not in text.replace("Linux", "")
    assert set(env.fingerprint()) >= {"python", "cores", "memory_gib", "libraries"}


def test_housekeeping_finds_stale_and_broken_records(tmp_path: Path) -> None:
    store = Store(tmp_path)
    current = store.add(record())
    stale = store.add(record(key="0" * 64))
    broken = store.add(record(key="1" * 64))
    broken.write_text("{")
    assert {entry.path: entry.state for entry in entries(store)} == {
        current: "current",
        stale: "stale",
        broken: "broken",
    }
    assert collect(store, dry_run=True) == [stale, broken] and stale.exists()
    assert collect(store, dry_run=False) == [stale, broken]
    assert not stale.exists() and not broken.exists() and current.exists()
    assert remove(store, SPEC.key[:8]) == [current]


def test_the_digest_covers_every_field() -> None:
    data = plain_form.written(record())
    for key in data:
        if key != "digest":
            assert plain_form.content_digest({**data, key: "altered"}) != data["digest"]


def test_what_killed_writings_left_is_cleared_an_hour_later(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    old, new = (tmp_path / "ab" / f".repro-{age}.tmp" for age in ("old", "new"))
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (0, 0))
    Store(tmp_path).check()
    assert not old.exists() and new.exists()  # another process may be writing it
